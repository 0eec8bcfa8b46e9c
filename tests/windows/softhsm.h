// What SoftHSM's own configuration makes on Windows, for a build by hand (scripts/windows-softhsm): Botan, tokens in files.
#include <winsock2.h>
#include <windows.h>

#define VERSION "2.6.1"
#define VERSION_MAJOR 2
#define VERSION_MINOR 6
#define PACKAGE "softhsm"
#define DEFAULT_PKCS11_LIB "softhsm2.dll"
#define DEFAULT_SOFTHSM2_CONF "softhsm2.conf"
#define DEFAULT_TOKENDIR "tokens"
#define DEFAULT_OBJECTSTORE_BACKEND "file"
#define DEFAULT_UMASK 0077
#define DEFAULT_LOG_LEVEL "ERROR"
#define MIN_PIN_LEN 4
#define MAX_PIN_LEN 255
#define WITH_BOTAN 1
#define WITH_ECC 1
#define HAVE_CXX11 1
