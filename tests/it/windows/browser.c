/* Stands for a browser of Windows: opens the link that is its last argument, and notes the answer's status and the link in the file
 * that BROWSER_NOTE names. The first one ends at once, as one does that crashes; later ones stay until they are ended. */
#include <winsock2.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char *what) {
    fprintf(stderr, "browser: %s\n", what);
    exit(1);
}

/* Asks for a page of loopback; the answer's first line is left in `status`. */
static void get(unsigned short port, const char *path, char *status, int room) {
    char question[512];
    struct sockaddr_in kiosk = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    WSADATA data;
    SOCKET connection;
    int length, got = 0, more;

    if (WSAStartup(MAKEWORD(2, 2), &data) != 0) fail("no sockets");
    connection = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(connection, (struct sockaddr *)&kiosk, sizeof kiosk) != 0) fail("the kiosk does not listen");
    length = snprintf(question, sizeof question, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\n\r\n", path, port);
    if (send(connection, question, length, 0) != length) fail("nothing was sent");
    while (got < room - 1 && (more = recv(connection, status + got, room - 1 - got, 0)) > 0) got += more;
    status[got] = 0;
    status[strcspn(status, "\r")] = 0;
    closesocket(connection);
}

int main(int count, char **arguments) {
    const char *link = arguments[count - 1], *note = getenv("BROWSER_NOTE");
    char path[256], status[256];
    unsigned short port;
    FILE *noted;
    int is_first;

    if (note == NULL || sscanf(link, "http://127.0.0.1:%hu%255s", &port, path) != 2) fail("no link, or no place to note it");
    get(port, path, status, sizeof status);
    is_first = GetFileAttributesA(note) == INVALID_FILE_ATTRIBUTES;
    noted = fopen(note, "a");
    if (noted == NULL) fail("nothing can be noted");
    fprintf(noted, "%s %s\n", status, link);
    fclose(noted);
    if (!is_first) Sleep(INFINITE);
    return 0;
}
