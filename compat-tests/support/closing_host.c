/* A host that opens and closes Lua states, each after a name lookup that a thread has done, and lives on. */
#include <stdio.h>
#include <windows.h>
#include "lua.h"
#include "lauxlib.h"
#include "lualib.h"

int main(int count, char **arguments) {
    for (int round = 0; round < 5; round++) {
        lua_State *L = luaL_newstate();
        luaL_openlibs(L);
        if (count < 2 || luaL_loadfile(L, arguments[1]) || lua_pcall(L, 0, 0, 0)) {
            printf("round %d: %s\n", round, count < 2 ? "no script" : lua_tostring(L, -1));
            return 1;
        }
        lua_close(L);
    }
    /* longer than the thread waits for the next name */
    Sleep(3000);
    puts("alive");
    return 0;
}
