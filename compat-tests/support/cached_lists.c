/* Fetches revocation lists into Windows' cache: cached_lists URL... SChannel's clients look for them there alone. */
#include <stdio.h>
#include <windows.h>
#include <wincrypt.h>

int main(int count, char **urls) {
    int failed = 0;
    for (int i = 1; i < count; i++) {
        void *list = NULL;
        if (!CryptRetrieveObjectByUrlA(urls[i], CONTEXT_OID_CRL, 0, 20000, &list, NULL, NULL, NULL, NULL)) {
            printf("%s: error %08lx\n", urls[i], GetLastError());
            failed = 1;
        }
    }
    return failed;
}
