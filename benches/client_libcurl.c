/* A loop with libcurl, for comparison. It repeats one request with one handle, and collects the body.
 *   cc -O2 -o libcurl client_libcurl.c -lcurl && ./libcurl URL COUNT
 * Prints the CPU time of a request in microseconds. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct body {
    size_t length;
    char bytes[1 << 16];
};

static size_t collect(char *data, size_t size, size_t count, void *user) {
    struct body *body = user;
    size_t length = size * count, room = sizeof body->bytes - body->length;
    memcpy(body->bytes + body->length, data, length < room ? length : room);
    body->length += length < room ? length : room;
    return length;
}

int main(int argc, char **argv) {
    static struct body body;
    if (argc < 3) return 2;
    CURL *curl = curl_easy_init();
    int count = atoi(argv[2]);
    curl_easy_setopt(curl, CURLOPT_URL, argv[1]);
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    clock_t start = clock();
    for (int i = 0; i < count; i++) {
        body.length = 0;
        CURLcode code = curl_easy_perform(curl);
        if (code != CURLE_OK) return fprintf(stderr, "%s\n", curl_easy_strerror(code)), 1;
    }
    printf("%.2f\n", (double)(clock() - start) / CLOCKS_PER_SEC / count * 1e6);
    curl_easy_cleanup(curl);
    return 0;
}
