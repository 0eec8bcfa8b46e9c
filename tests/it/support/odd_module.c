/* A PKCS#11 module in front of another one (ODD_BEHIND) that fails where a variable says so:
 *   ODD_TOKEN=LABEL       C_GetTokenInfo of the token with this label
 *   ODD_MECHANISMS=1      C_GetMechanismList
 *   ODD_SIZES=1           C_GetMechanismInfo
 *   ODD_OBJECT=LABEL      C_GetAttributeValue of objects with this label
 *   ODD_KEY=LABEL         likewise, when their modulus or point is asked for
 *   ODD_NO_VALUE=LABEL    CKA_VALUE of objects with this label is told to be absent
 *   ODD_GARBAGE=LABEL     CKA_VALUE of objects with this label is something else
 *   ODD_NO_IMPORT=1       C_CreateObject of private keys is not supported
 *   ODD_FREE=BYTES        C_GetTokenInfo tells a public memory of 64 KiB of which so much is free
 *   ODD_HARM=refuse       the login or change of number ODD_AT, from 0, fails and is not carried out
 *   ODD_HARM=lose         it is carried out, and fails all the same
 *   ODD_HARM=kill-before  the program is killed there, before it is carried out
 *   ODD_HARM=kill-after   the program is killed there, when it was carried out
 * The list of functions has its order from PKCS#11 v2.40.
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long ulong;
typedef struct { ulong type; void *value; ulong length; } attribute;
typedef struct { unsigned char version[2]; void *function[68]; } list;

enum { TOKEN_INFO = 6, MECHANISM_LIST = 7, MECHANISM_INFO = 8, CREATE_OBJECT = 20, GET_ATTRIBUTES = 24 };
enum { INIT_TOKEN = 9, INIT_PIN = 10, SET_PIN = 11, LOGIN = 18, DESTROY_OBJECT = 22, SET_ATTRIBUTES = 25, SIGN = 43, GENERATE_PAIR = 59 };
enum { PUBLIC_MEMORY = 152 };
enum { CLASS = 0, LABEL = 3, VALUE = 0x11, MODULUS = 0x120, EC_POINT = 0x181 };
#define DEVICE_ERROR 0x30UL
#define TYPE_INVALID 0x12UL
#define NOT_SUPPORTED 0x54UL
#define PRIVATE_KEY 3UL
#define UNAVAILABLE (~0UL)

static list odd;
static list *behind;

static int named(const char *variable, const void *text, size_t length) {
    const char *wanted = getenv(variable);
    return wanted && strlen(wanted) == length && memcmp(wanted, text, length) == 0;
}

static ulong token_info(ulong slot, char *info) {
    ulong (*next)(ulong, char *) = behind->function[TOKEN_INFO];
    ulong answer = next(slot, info);
    size_t length = 32;
    while (length && info[length - 1] == ' ') length--;
    if (answer == 0 && getenv("ODD_FREE")) {
        ulong memory[2] = { 65536, strtoul(getenv("ODD_FREE"), 0, 10) };
        memcpy(info + PUBLIC_MEMORY, memory, sizeof memory);
    }
    return answer == 0 && named("ODD_TOKEN", info, length) ? DEVICE_ERROR : answer;
}

static ulong mechanism_list(ulong slot, ulong *mechanisms, ulong *count) {
    ulong (*next)(ulong, ulong *, ulong *) = behind->function[MECHANISM_LIST];
    return getenv("ODD_MECHANISMS") ? DEVICE_ERROR : next(slot, mechanisms, count);
}

static ulong mechanism_info(ulong slot, ulong mechanism, void *info) {
    ulong (*next)(ulong, ulong, void *) = behind->function[MECHANISM_INFO];
    return getenv("ODD_SIZES") ? DEVICE_ERROR : next(slot, mechanism, info);
}

/* Whether this login or change is harmed in this way. */
static int harmed(const char *way, ulong number) {
    const char *harm = getenv("ODD_HARM");
    return harm && strcmp(harm, way) == 0 && number == strtoul(getenv("ODD_AT"), 0, 10);
}

/* Calls what is behind, for which arguments too many do no harm. */
static ulong play(int function, ulong a, ulong b, ulong c, ulong d, ulong e, ulong f, ulong g, ulong h) {
    static ulong played;
    ulong number = played++;
    ulong (*next)(ulong, ulong, ulong, ulong, ulong, ulong, ulong, ulong) = behind->function[function];
    if (harmed("refuse", number)) return DEVICE_ERROR;
    if (harmed("kill-before", number)) raise(SIGKILL);
    ulong answer = next(a, b, c, d, e, f, g, h);
    if (harmed("kill-after", number)) raise(SIGKILL);
    return harmed("lose", number) ? DEVICE_ERROR : answer;
}

static ulong init_token(ulong slot, void *pin, ulong length, void *label) {
    return play(INIT_TOKEN, slot, (ulong)pin, length, (ulong)label, 0, 0, 0, 0);
}

static ulong init_pin(ulong session, void *pin, ulong length) {
    return play(INIT_PIN, session, (ulong)pin, length, 0, 0, 0, 0, 0);
}

static ulong set_pin(ulong session, void *old, ulong old_length, void *new, ulong new_length) {
    return play(SET_PIN, session, (ulong)old, old_length, (ulong)new, new_length, 0, 0, 0);
}

static ulong login(ulong session, ulong user, void *pin, ulong length) {
    return play(LOGIN, session, user, (ulong)pin, length, 0, 0, 0, 0);
}

static ulong destroy_object(ulong session, ulong object) {
    return play(DESTROY_OBJECT, session, object, 0, 0, 0, 0, 0, 0);
}

static ulong set_attributes(ulong session, ulong object, attribute *values, ulong count) {
    return play(SET_ATTRIBUTES, session, object, (ulong)values, count, 0, 0, 0, 0);
}

static ulong sign(ulong session, void *data, ulong length, void *signature, ulong *signature_length) {
    return play(SIGN, session, (ulong)data, length, (ulong)signature, (ulong)signature_length, 0, 0, 0);
}

static ulong generate_pair(ulong session, void *mechanism, attribute *public, ulong public_count, attribute *private,
                           ulong private_count, ulong *public_key, ulong *private_key) {
    return play(GENERATE_PAIR, session, (ulong)mechanism, (ulong)public, public_count, (ulong)private, private_count,
                (ulong)public_key, (ulong)private_key);
}

static ulong create_object(ulong session, attribute *wanted, ulong count, ulong *object) {
    for (ulong at = 0; at < count; at++)
        if (getenv("ODD_NO_IMPORT") && wanted[at].type == CLASS && *(ulong *)wanted[at].value == PRIVATE_KEY)
            return NOT_SUPPORTED;
    return play(CREATE_OBJECT, session, (ulong)wanted, count, (ulong)object, 0, 0, 0, 0);
}

static ulong get_attributes(ulong session, ulong object, attribute *wanted, ulong count) {
    ulong (*next)(ulong, ulong, attribute *, ulong) = behind->function[GET_ATTRIBUTES];
    char text[256];
    attribute label = { LABEL, text, sizeof text };
    if (next(session, object, &label, 1) != 0) label.length = 0;
    if (named("ODD_OBJECT", text, label.length)) return DEVICE_ERROR;
    for (ulong at = 0; at < count; at++) {
        if ((wanted[at].type == MODULUS || wanted[at].type == EC_POINT) && named("ODD_KEY", text, label.length))
            return DEVICE_ERROR;
        if (wanted[at].type == VALUE && named("ODD_NO_VALUE", text, label.length)) {
            wanted[at].length = UNAVAILABLE;
            return TYPE_INVALID;
        }
    }
    ulong answer = next(session, object, wanted, count);
    for (ulong at = 0; answer == 0 && at < count; at++)
        if (wanted[at].type == VALUE && wanted[at].value && named("ODD_GARBAGE", text, label.length))
            memset(wanted[at].value, 0xAA, wanted[at].length);
    return answer;
}

ulong C_GetFunctionList(list **answer) {
    void *module = dlopen(getenv("ODD_BEHIND"), RTLD_NOW);
    ulong (*next)(list **) = module ? dlsym(module, "C_GetFunctionList") : 0;
    if (!next || next(&behind) != 0) return DEVICE_ERROR;
    odd = *behind;
    odd.function[3] = C_GetFunctionList;
    odd.function[TOKEN_INFO] = token_info;
    odd.function[MECHANISM_LIST] = mechanism_list;
    odd.function[MECHANISM_INFO] = mechanism_info;
    odd.function[INIT_TOKEN] = init_token;
    odd.function[INIT_PIN] = init_pin;
    odd.function[SET_PIN] = set_pin;
    odd.function[LOGIN] = login;
    odd.function[CREATE_OBJECT] = create_object;
    odd.function[DESTROY_OBJECT] = destroy_object;
    odd.function[SET_ATTRIBUTES] = set_attributes;
    odd.function[SIGN] = sign;
    odd.function[GENERATE_PAIR] = generate_pair;
    odd.function[GET_ATTRIBUTES] = get_attributes;
    *answer = &odd;
    return 0;
}
