#define _GNU_SOURCE
/* A bare loop, for comparison with clients. It repeats one request on one connection, and reads each response by its
 * Content-Length.  cc -O2 -o floor client_floor.c -lssl -lcrypto && ./floor HOST PORT PATH COUNT [tls]
 * Prints the CPU time of a request in microseconds. With `tls`, the connection is one of OpenSSL. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static SSL *handshake(int descriptor, const char *host) {
    SSL *tls = SSL_new(SSL_CTX_new(TLS_client_method()));
    SSL_set_tlsext_host_name(tls, host);
    return SSL_set_fd(tls, descriptor) && SSL_connect(tls) == 1 ? tls : NULL;
}

int main(int argc, char **argv) {
    static char request[1024], answer[1 << 20];
    if (argc < 5) return 2;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[2]))};
    inet_pton(AF_INET, argv[1], &address.sin_addr);
    int descriptor = socket(AF_INET, SOCK_STREAM, 0), one = 1, count = atoi(argv[4]);
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address)) return perror("connect"), 1;
    SSL *tls = argc > 5 ? handshake(descriptor, "localhost") : NULL;
    if (argc > 5 && !tls) return fputs("no handshake\n", stderr), 1;
    int length = snprintf(request, sizeof request,
                          "GET %s HTTP/1.1\r\nHost: %s:%s\r\nUser-Agent: floor\r\nAccept: */*\r\n"
                          "Accept-Encoding: gzip, deflate, br, zstd\r\n\r\n",
                          argv[3], argv[1], argv[2]);
    clock_t start = clock();
    for (int i = 0; i < count; i++) {
        ssize_t sent = tls ? SSL_write(tls, request, length) : send(descriptor, request, (size_t)length, MSG_NOSIGNAL);
        if (sent != length) return perror("send"), 1;
        size_t have = 0, whole = 0;
        do {
            size_t room = sizeof answer - have - 1;
            ssize_t got = tls ? SSL_read(tls, answer + have, (int)room) : recv(descriptor, answer + have, room, 0);
            if (got <= 0) return perror("recv"), 1;
            have += (size_t)got;
            answer[have] = 0;
            char *end = whole ? NULL : strstr(answer, "\r\n\r\n");
            char *field = end ? strcasestr(answer, "\ncontent-length:") : NULL;
            if (end) whole = (size_t)(end - answer) + 4 + (field ? strtoul(field + 16, NULL, 10) : 0);
        } while (!whole || have < whole);
    }
    printf("%.2f\n", (double)(clock() - start) / CLOCKS_PER_SEC / count * 1e6);
    return 0;
}
