/* The least cost of a line: a method that only returns a string of 64 bytes and two nils. The declarations are the
   same in every Lua, so no headers are needed. */
#include <stddef.h>

typedef struct lua_State lua_State;
const char *lua_pushlstring(lua_State *, const char *, size_t);
void lua_pushnil(lua_State *);
void lua_pushcclosure(lua_State *, int (*)(lua_State *), int);

enum { LINE = 64, STEP = 61, PIECE = 262139 };

static char bytes[PIECE + LINE];

static int receive(lua_State *state) {
    static size_t start;
    start = (start + STEP) % PIECE;
    lua_pushlstring(state, bytes + start, LINE);
    lua_pushnil(state);
    lua_pushnil(state);
    return 3;
}

int luaopen_floor(lua_State *state) {
    unsigned long value = 1;
    for (size_t i = 0; i < sizeof bytes; i++) {
        value = value * 16807 % 2147483647;
        bytes[i] = (char)('a' + value % 26);
    }
    lua_pushcclosure(state, receive, 0);
    return 1;
}
