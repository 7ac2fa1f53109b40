#define _GNU_SOURCE
/* A bare loop, for comparison with clients. It repeats one request on one connection, and reads each response by its
 * Content-Length.  cc -O2 -o floor client_floor.c && ./floor HOST PORT PATH COUNT
 * Prints the CPU time of a request in microseconds. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
    static char request[1024], answer[1 << 20];
    if (argc < 5) return 2;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[2]))};
    inet_pton(AF_INET, argv[1], &address.sin_addr);
    int descriptor = socket(AF_INET, SOCK_STREAM, 0), one = 1, count = atoi(argv[4]);
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address)) return perror("connect"), 1;
    int length = snprintf(request, sizeof request,
                          "GET %s HTTP/1.1\r\nHost: %s:%s\r\nUser-Agent: floor\r\nAccept: */*\r\n"
                          "Accept-Encoding: gzip, deflate, br, zstd\r\n\r\n",
                          argv[3], argv[1], argv[2]);
    clock_t start = clock();
    for (int i = 0; i < count; i++) {
        if (send(descriptor, request, (size_t)length, MSG_NOSIGNAL) != length) return perror("send"), 1;
        size_t have = 0, whole = 0;
        do {
            ssize_t got = recv(descriptor, answer + have, sizeof answer - have - 1, 0);
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
