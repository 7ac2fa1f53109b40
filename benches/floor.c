/* Bare loops in the measured interpreter: the least cost of a line, and of a body whose pieces become strings. The
   declarations are the same in every Lua, so no headers are needed. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct lua_State lua_State;
typedef int (*lua_CFunction)(lua_State *);
const char *lua_pushlstring(lua_State *, const char *, size_t);
const char *lua_tolstring(lua_State *, int, size_t *);
void lua_pushnil(lua_State *);
void lua_pushcclosure(lua_State *, lua_CFunction, int);
void lua_createtable(lua_State *, int, int);
void lua_setfield(lua_State *, int, const char *);

enum { LINE = 64, STEP = 61, PIECE = 262139, ROOM = 1 << 16 };

static char bytes[PIECE + LINE];

/* receive(): a string of 64 bytes and two nils. */
static int receive(lua_State *state) {
    static size_t start;
    start = (start + STEP) % PIECE;
    lua_pushlstring(state, bytes + start, LINE);
    lua_pushnil(state);
    lua_pushnil(state);
    return 3;
}

/* The one body that is received, through a buffer as large as a client's may become. */
static struct {
    int fd;
    char buffer[ROOM];
    size_t start, end;
} body;

static int fill(void) {
    if (body.start > 0) {
        memmove(body.buffer, body.buffer + body.start, body.end - body.start);
        body.end -= body.start;
        body.start = 0;
    }
    ssize_t count = recv(body.fd, body.buffer + body.end, ROOM - body.end, 0);
    if (count <= 0) return 0;
    body.end += (size_t)count;
    return 1;
}

/* The length of the text up to a mark and with it, or zero at the end of the stream. */
static size_t until(const char *mark) {
    size_t length = strlen(mark);
    do {
        for (size_t i = body.start; i + length <= body.end; i++)
            if (memcmp(body.buffer + i, mark, length) == 0) return i + length - body.start;
    } while (fill());
    return 0;
}

/* open(port, path): sends the request, and skips the head of the response. */
static int open_body(lua_State *state) {
    char request[256];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    address.sin_port = htons((unsigned short)atoi(lua_tolstring(state, 1, NULL)));
    int length = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                          lua_tolstring(state, 2, NULL));
    body.fd = socket(AF_INET, SOCK_STREAM, 0);
    body.start = body.end = 0;
    if (connect(body.fd, (struct sockaddr *)&address, sizeof address) != 0) abort();
    if (send(body.fd, request, (size_t)length, 0) != length) abort();
    size_t head = until("\r\n\r\n");
    if (head == 0) abort();
    body.start += head;
    return 0;
}

static int ended(lua_State *state) {
    close(body.fd);
    lua_pushnil(state);
    return 1;
}

static int deliver(lua_State *state, size_t length) {
    lua_pushlstring(state, body.buffer + body.start, length);
    body.start += length;
    return 1;
}

/* piece(): 2,048 bytes, or the last ones; nil at the end. */
static int piece(lua_State *state) {
    while (body.end - body.start < 2048 && fill()) {}
    size_t length = body.end - body.start;
    return length == 0 ? ended(state) : deliver(state, length < 2048 ? length : 2048);
}

/* chunk(): one chunk of a chunked body; nil at the end. */
static int chunk(lua_State *state) {
    size_t line = until("\r\n");
    size_t size = line ? strtoul(body.buffer + body.start, NULL, 16) : 0;
    if (size == 0 || size + 2 > ROOM) return ended(state);
    body.start += line;
    while (body.end - body.start < size + 2 && fill()) {}
    int results = deliver(state, size);
    body.start += 2;
    return results;
}

int luaopen_floor(lua_State *state) {
    unsigned long value = 1;
    for (size_t i = 0; i < sizeof bytes; i++) {
        value = value * 16807 % 2147483647;
        bytes[i] = (char)('a' + value % 26);
    }
    static const struct { const char *name; lua_CFunction function; } functions[] = {
        {"receive", receive}, {"open", open_body}, {"piece", piece}, {"chunk", chunk}};
    lua_createtable(state, 0, 4);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        lua_pushcclosure(state, functions[i].function, 0);
        lua_setfield(state, -2, functions[i].name);
    }
    return 1;
}
