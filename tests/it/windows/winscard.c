/* winscard.dll as Windows' own service can be to a program, where Wine's is not: it stands before Wine's, forwards, and counts.

   A card that rests in a transaction for more than five seconds is reset, as Windows does. WINSCARD_FAULT asks for more:
   reset@N   the Nth command finds the card reset by somebody else
   stop@N    the Nth command finds the service stopped: contexts and cards of before are of no use any more
   share@N   the first N connections find the card held by another program
   WINSCARD_NOTE names a file: a line for each transaction, with its commands and the longest rest in it, in milliseconds. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

typedef ULONG_PTR HANDLE_T;
typedef struct {
    DWORD protocol, length;
} PCI;

#define STOPPED ((LONG)0x8010001E)
#define SHARING_VIOLATION ((LONG)0x8010000B)
#define RESET_CARD ((LONG)0x80100068)
#define INVALID_HANDLE ((LONG)0x80100003)
#define CARDS 64
#define RESTS_AT_MOST_MS 5000

const PCI g_rgSCardT0Pci = {1, sizeof(PCI)}, g_rgSCardT1Pci = {2, sizeof(PCI)}, g_rgSCardRawPci = {4, sizeof(PCI)};

/* What is known of a card that is connected. */
typedef struct {
    HANDLE_T handle, context;
    DWORD protocol;
    BOOL is_used, is_stopped, is_reset, is_held;
    ULONGLONG last, longest;
    int commands;
} CARD;

static CRITICAL_SECTION lock;
static CARD cards[CARDS];
static HANDLE_T stopped[CARDS];
static int transmitted, connected, stops;
static HMODULE real;

BOOL WINAPI DllMain(HINSTANCE own, DWORD reason, LPVOID reserved) {
    (void)own, (void)reserved;
    if (reason == DLL_PROCESS_ATTACH) InitializeCriticalSection(&lock);
    return TRUE;
}

static FARPROC found(const char *name) {
    EnterCriticalSection(&lock);
    if (!real) real = LoadLibraryA("C:\\windows\\system32\\winscard.dll");
    LeaveCriticalSection(&lock);
    FARPROC function = real ? GetProcAddress(real, name) : NULL;
    if (!function) {
        fprintf(stderr, "winscard.dll: Wine's has no %s\n", name);
        exit(99);
    }
    return function;
}
#define REAL(name, ...) ((LONG(WINAPI *)(__VA_ARGS__))found(#name))

static BOOL is_asked(const char *fault, int count) {
    const char *asked = getenv("WINSCARD_FAULT");
    size_t length = strlen(fault);
    return asked && !strncmp(asked, fault, length) && asked[length] == '@' && atoi(asked + length + 1) == count;
}

static CARD *card_of(HANDLE_T handle) {
    for (int i = 0; i < CARDS; i++)
        if (cards[i].is_used && cards[i].handle == handle) return &cards[i];
    return NULL;
}

static BOOL is_stopped(HANDLE_T context) {
    for (int i = 0; i < stops; i++)
        if (stopped[i] == context) return TRUE;
    return FALSE;
}

/* Resets the card at the reader; this program finds out by each call until it connects anew. */
static LONG reset(CARD *card) {
    DWORD protocol;
    REAL(SCardReconnect, HANDLE_T, DWORD, DWORD, DWORD, DWORD *)(card->handle, 2, 3, 1, &protocol);
    card->is_reset = TRUE;
    return RESET_CARD;
}

static LONG stop(CARD *card) {
    if (stops < CARDS) stopped[stops++] = card->context;
    for (int i = 0; i < CARDS; i++)
        if (cards[i].is_used && cards[i].context == card->context) cards[i].is_stopped = TRUE;
    REAL(SCardReleaseContext, HANDLE_T)(card->context);
    return STOPPED;
}

/* Says what a call on a card meets before it comes to the card: 0 if nothing. */
static LONG met(CARD *card) {
    if (!card) return INVALID_HANDLE;
    if (card->is_stopped) return STOPPED;
    if (card->is_reset) return RESET_CARD;
    if (!card->is_held) return 0;
    ULONGLONG rested = GetTickCount64() - card->last;
    if (rested > card->longest) card->longest = rested;
    return rested > RESTS_AT_MOST_MS ? reset(card) : 0;
}

LONG WINAPI SCardEstablishContext(DWORD scope, const void *one, const void *two, HANDLE_T *context) {
    return REAL(SCardEstablishContext, DWORD, const void *, const void *, HANDLE_T *)(scope, one, two, context);
}

LONG WINAPI SCardReleaseContext(HANDLE_T context) {
    return is_stopped(context) ? INVALID_HANDLE : REAL(SCardReleaseContext, HANDLE_T)(context);
}

LONG WINAPI SCardIsValidContext(HANDLE_T context) {
    return is_stopped(context) ? INVALID_HANDLE : REAL(SCardIsValidContext, HANDLE_T)(context);
}

LONG WINAPI SCardCancel(HANDLE_T context) {
    return is_stopped(context) ? STOPPED : REAL(SCardCancel, HANDLE_T)(context);
}

LONG WINAPI SCardListReadersA(HANDLE_T context, const char *groups, char *readers, DWORD *length) {
    if (is_stopped(context)) return STOPPED;
    return REAL(SCardListReadersA, HANDLE_T, const char *, char *, DWORD *)(context, groups, readers, length);
}

LONG WINAPI SCardGetStatusChangeA(HANDLE_T context, DWORD timeout, void *states, DWORD count) {
    if (is_stopped(context)) return STOPPED;
    return REAL(SCardGetStatusChangeA, HANDLE_T, DWORD, void *, DWORD)(context, timeout, states, count);
}

LONG WINAPI SCardConnectA(HANDLE_T context, const char *reader, DWORD share, DWORD protocols, HANDLE_T *handle, DWORD *protocol) {
    if (is_stopped(context)) return STOPPED;
    int count = ++connected;
    const char *asked = getenv("WINSCARD_FAULT");
    if (asked && !strncmp(asked, "share@", 6) && count <= atoi(asked + 6)) return SHARING_VIOLATION;
    LONG code = REAL(SCardConnectA, HANDLE_T, const char *, DWORD, DWORD, HANDLE_T *, DWORD *)(
        context, reader, share, protocols, handle, protocol);
    if (code) return code;
    EnterCriticalSection(&lock);
    for (int i = 0; i < CARDS; i++)
        if (!cards[i].is_used) {
            cards[i] = (CARD){.handle = *handle, .context = context, .protocol = *protocol, .is_used = TRUE};
            break;
        }
    LeaveCriticalSection(&lock);
    return 0;
}

LONG WINAPI SCardReconnect(HANDLE_T handle, DWORD share, DWORD protocols, DWORD first, DWORD *protocol) {
    CARD *card = card_of(handle);
    if (!card) return INVALID_HANDLE;
    if (card->is_stopped) return STOPPED;
    card->is_reset = card->is_held = FALSE;
    return REAL(SCardReconnect, HANDLE_T, DWORD, DWORD, DWORD, DWORD *)(handle, share, protocols, first, protocol);
}

LONG WINAPI SCardDisconnect(HANDLE_T handle, DWORD then) {
    CARD *card = card_of(handle);
    if (!card) return INVALID_HANDLE;
    card->is_used = FALSE;
    return card->is_stopped ? STOPPED : REAL(SCardDisconnect, HANDLE_T, DWORD)(handle, then);
}

LONG WINAPI SCardBeginTransaction(HANDLE_T handle) {
    CARD *card = card_of(handle);
    LONG code = met(card);
    if (!code) code = REAL(SCardBeginTransaction, HANDLE_T)(handle);
    if (!code) card->is_held = TRUE, card->commands = 0, card->longest = 0, card->last = GetTickCount64();
    return code;
}

LONG WINAPI SCardEndTransaction(HANDLE_T handle, DWORD then) {
    CARD *card = card_of(handle);
    LONG code = met(card);
    const char *path = getenv("WINSCARD_NOTE");
    FILE *note = card && card->is_held && path ? fopen(path, "a") : NULL;
    if (note) {
        fprintf(note, "commands=%d rested=%llu\n", card->commands, card->longest);
        fclose(note);
    }
    if (card) card->is_held = FALSE;
    if (code == STOPPED || code == INVALID_HANDLE) return code;
    LONG ended = REAL(SCardEndTransaction, HANDLE_T, DWORD)(handle, then);
    return code ? code : ended;
}

LONG WINAPI SCardStatusA(HANDLE_T handle, char *names, DWORD *names_length, DWORD *state, DWORD *protocol, BYTE *atr, DWORD *atr_length) {
    LONG code = met(card_of(handle));
    if (code) return code;
    return REAL(SCardStatusA, HANDLE_T, char *, DWORD *, DWORD *, DWORD *, BYTE *, DWORD *)(
        handle, names, names_length, state, protocol, atr, atr_length);
}

LONG WINAPI SCardTransmit(HANDLE_T handle, const PCI *send, const BYTE *command, DWORD length, PCI *receive, BYTE *answer, DWORD *answer_length) {
    CARD *card = card_of(handle);
    LONG code = met(card);
    if (code) return code;
    int count = ++transmitted;
    if (is_asked("reset", count)) return reset(card);
    if (is_asked("stop", count)) return stop(card);
    /* Wine's knows its own of these by their addresses. */
    const void *own = found(card->protocol == 1 ? "g_rgSCardT0Pci" : "g_rgSCardT1Pci");
    (void)send;
    code = REAL(SCardTransmit, HANDLE_T, const void *, const BYTE *, DWORD, PCI *, BYTE *, DWORD *)(
        handle, own, command, length, receive, answer, answer_length);
    card->commands++, card->last = GetTickCount64();
    return code;
}

LONG WINAPI SCardControl(HANDLE_T handle, DWORD control, const void *in, DWORD in_length, void *out, DWORD out_length, DWORD *returned) {
    CARD *card = card_of(handle);
    LONG code = met(card);
    if (code) return code;
    code = REAL(SCardControl, HANDLE_T, DWORD, const void *, DWORD, void *, DWORD, DWORD *)(
        handle, control, in, in_length, out, out_length, returned);
    card->last = GetTickCount64();
    return code;
}

LONG WINAPI SCardGetAttrib(HANDLE_T handle, DWORD attribute, BYTE *value, DWORD *length) {
    LONG code = met(card_of(handle));
    return code ? code : REAL(SCardGetAttrib, HANDLE_T, DWORD, BYTE *, DWORD *)(handle, attribute, value, length);
}

LONG WINAPI SCardSetAttrib(HANDLE_T handle, DWORD attribute, const BYTE *value, DWORD length) {
    LONG code = met(card_of(handle));
    return code ? code : REAL(SCardSetAttrib, HANDLE_T, DWORD, const BYTE *, DWORD)(handle, attribute, value, length);
}

LONG WINAPI SCardFreeMemory(HANDLE_T context, const void *memory) {
    return REAL(SCardFreeMemory, HANDLE_T, const void *)(context, memory);
}
