/* Gives every reader a PIN pad, as PC/SC part 10 has it (FEATURE_VERIFY_PIN_DIRECT), in the program that it is loaded into.
   What is typed stands in the file that PIN_PAD names: it is waited for, and taken away; a file that says "cancel" cancels. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <winscard.h>
#include <reader.h>

#define VERIFY SCARD_CTL_CODE(2042)
#define LONGEST_WAIT 1200

static size_t typed(char *into, size_t most) {
    const char *path = getenv("PIN_PAD");
    for (int tries = 0; path && tries < LONGEST_WAIT; tries++, usleep(50000)) {
        FILE *file = fopen(path, "r");
        if (!file) continue;
        size_t length = fread(into, 1, most, file);
        fclose(file);
        unlink(path);
        return length;
    }
    return 0;
}

LONG SCardControl(SCARDHANDLE card, DWORD code, LPCVOID given, DWORD length, LPVOID answer, DWORD room, LPDWORD returned) {
    unsigned char *out = answer;
    if (code == CM_IOCTL_GET_FEATURE_REQUEST && room >= 6) {
        DWORD verify = VERIFY;
        unsigned char feature[6] = {FEATURE_VERIFY_PIN_DIRECT, 4, verify >> 24, verify >> 16, verify >> 8, verify};
        memcpy(out, feature, sizeof feature);
        *returned = sizeof feature;
        return SCARD_S_SUCCESS;
    }
    if (code != VERIFY) return SCARD_E_UNSUPPORTED_FEATURE;
    const PIN_VERIFY_STRUCTURE *order = given;
    char digits[16];
    size_t count = typed(digits, sizeof digits);
    if (count == 0 || memcmp(digits, "cancel", count) == 0) {
        memcpy(out, count ? "\x64\x01" : "\x64\x00", 2);
        *returned = 2;
        return SCARD_S_SUCCESS;
    }
    unsigned char command[64];
    memcpy(command, order->abData, order->ulDataLength);
    memcpy(command + 5, digits, count);
    LONG (*transmit)(SCARDHANDLE, const SCARD_IO_REQUEST *, LPCBYTE, DWORD, SCARD_IO_REQUEST *, LPBYTE, LPDWORD) =
        dlsym(RTLD_NEXT, "SCardTransmit");
    const SCARD_IO_REQUEST *protocol = dlsym(RTLD_NEXT, "g_rgSCardT1Pci");
    *returned = room;
    return transmit(card, protocol, command, order->ulDataLength, NULL, out, returned);
}
