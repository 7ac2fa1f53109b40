/* A program that embeds Lua: host LIBRARY SCRIPT COUNT runs the script in COUNT states, one after
 * the other, closes each, and lets the threads that they started run to their ends.
 * The Lua library is loaded at run time, so no Lua headers are needed. */
#include <dirent.h>
#include <dlfcn.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct lua_State lua_State;

static void *library;

static void *find(const char *name)
{
    return dlsym(library, name);
}

static void *need(const char *name)
{
    void *found = find(name);
    if (!found) {
        fprintf(stderr, "no %s in the Lua library\n", name);
        exit(2);
    }
    return found;
}

static void open_libraries(lua_State *state)
{
    void (*old)(lua_State *) = find("luaL_openlibs");
    if (old)
        old(state);
    else /* Lua 5.5 */
        ((void (*)(lua_State *, int, int))need("luaL_openselectedlibs"))(state, ~0, 0);
}

static int run(lua_State *state, const char *script)
{
    int (*old_load)(lua_State *, const char *) = find("luaL_loadfile");
    int (*old_call)(lua_State *, int, int, int) = find("lua_pcall");
    int status;
    if (old_load) /* Lua 5.1 */
        status = old_load(state, script);
    else
        status = ((int (*)(lua_State *, const char *, const char *))need("luaL_loadfilex"))(state, script, NULL);
    if (status)
        return status;
    if (old_call)
        return old_call(state, 0, 0, 0);
    return ((int (*)(lua_State *, int, int, int, ptrdiff_t, void *))need("lua_pcallk"))(state, 0, 0, 0, 0, NULL);
}

static int threads(void)
{
    int found = 0;
    struct dirent *entry;
    DIR *tasks = opendir("/proc/self/task");
    while (tasks && (entry = readdir(tasks)))
        found += entry->d_name[0] != '.';
    if (tasks)
        closedir(tasks);
    return found;
}

int main(int count, char **words)
{
    int i, started = 0;
    if (count != 4)
        return 2;
    library = dlopen(words[1], RTLD_NOW | RTLD_GLOBAL);
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        return 2;
    }
    for (i = 0; i < atoi(words[3]); i++) {
        lua_State *state = ((lua_State *(*)(void))need("luaL_newstate"))();
        open_libraries(state);
        if (run(state, words[2])) {
            const char *(*text)(lua_State *, int, size_t *) = need("lua_tolstring");
            fprintf(stderr, "state %d: %s\n", i, text(state, -1, NULL));
            return 1;
        }
        if (threads() > 1)
            started = 1;
        ((void (*)(lua_State *))need("lua_close"))(state);
    }
    while (threads() > 1)
        poll(NULL, 0, 10);
    printf("closed %d states%s\n", i, started ? ", threads at work" : "");
    return 0;
}
