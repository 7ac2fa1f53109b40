/* The bare loop that many downloads to a Lua sink are compared with: floor COUNT URL PIECE. It downloads a URL many times
 * at once on epoll, and does nothing for HTTP but send a request and skip a head. It calls a Lua function with each
 * PIECE bytes, as a Lua string. Prints its peak memory in KB. See `downloads`. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LARGEST = 65536 };

static char memory[LARGEST];

struct download {
    int fd, begun, in_body;
    size_t held; /* bytes that are not a whole piece yet */
    char *rest;
};

static void deliver(lua_State *L, const char *bytes, size_t length)
{
    lua_pushvalue(L, -1);
    lua_pushlstring(L, bytes, length);
    lua_pushnil(L);
    lua_call(L, 2, 1);
    lua_pop(L, 1);
}

/* Takes what has come. Returns 0 at the end of the stream, 1 if more is to come. */
static int advance(lua_State *L, struct download *one, size_t piece)
{
    for (;;) {
        ssize_t count;
        char *at = memory;
        memcpy(memory, one->rest, one->held);
        count = recv(one->fd, memory + one->held, LARGEST - one->held, MSG_DONTWAIT);
        if (count < 0 && (errno == EAGAIN || errno == EINTR))
            return 1;
        if (count <= 0) {
            if (one->held)
                deliver(L, one->rest, one->held);
            return 0;
        }
        size_t have = one->held + (size_t)count;
        if (!one->in_body) {
            char *end = memmem(memory, have, "\r\n\r\n", 4);
            if (end) {
                one->in_body = 1;
                at = end + 4;
                have -= (size_t)(at - memory);
            }
        }
        for (; one->in_body && have >= piece; have -= piece, at += piece)
            deliver(L, at, piece);
        if (have > piece)
            exit(3); /* a head as large as a piece */
        memcpy(one->rest, at, have);
        one->held = have;
    }
}

int main(int argc, char **argv)
{
    int count = argc > 3 ? atoi(argv[1]) : 0, port = 80, running = count, length;
    size_t piece = argc > 3 ? (size_t)atoi(argv[3]) : 0;
    char host[256], path[1024], request[2048], line[256];
    struct epoll_event events[256];
    if (count < 1 || piece < 1 || piece > LARGEST / 2 || sscanf(argv[2], "http://%255[^:/]:%d%1023s", host, &port, path) != 3)
        return 2;
    length = snprintf(request, sizeof request,
        "GET %s HTTP/1.1\r\nhost: %s:%d\r\nuser-agent: floor\r\nconnection: close\r\n\r\n", path, host, port);
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    if (luaL_loadstring(L, "return function(chunk) return 1 end") || lua_pcall(L, 0, 1, 0))
        return 1;
    int list = epoll_create1(0);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port) };
    struct download *all = calloc((size_t)count, sizeof *all);
    inet_pton(AF_INET, host, &address.sin_addr);
    for (int i = 0; i < count; i++) {
        struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = &all[i] };
        all[i].fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        all[i].rest = malloc(piece);
        if (connect(all[i].fd, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS)
            return perror("connect"), 1;
        if (epoll_ctl(list, EPOLL_CTL_ADD, all[i].fd, &event))
            return perror("epoll_ctl"), 1;
    }
    while (running > 0) {
        int ready = epoll_wait(list, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            struct download *one = events[i].data.ptr;
            if (!one->begun && (events[i].events & EPOLLOUT)) {
                one->begun = 1;
                if (send(one->fd, request, (size_t)length, MSG_NOSIGNAL) != length)
                    return perror("send"), 1;
            }
            if (one->begun && (events[i].events & (EPOLLIN | EPOLLRDHUP)) && !advance(L, one, piece)) {
                close(one->fd);
                free(one->rest);
                running--;
            }
        }
    }
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status)) {
        long peak;
        if (sscanf(line, "VmHWM: %ld", &peak) == 1)
            printf("%ld\n", peak);
    }
    lua_close(L);
    return 0;
}
