-- fork, wait and _exit for a test, as C functions without arguments.
local interposed = require("interposed")

local library = interposed.compile([[
#include <sys/wait.h>
#include <unistd.h>
extern void lua_pushnumber(void *state, double number);
int fork_now(void *state) { lua_pushnumber(state, fork()); return 1; }
int wait_now(void *state) { int status = 0; wait(&status); lua_pushnumber(state, status); return 1; }
int exit_now(void *state) { (void)state; _exit(0); }
]], "forks")
local function symbol(name) return assert(package.loadlib(library, name)) end

---`fork()` returns 0 in the child, `wait()` the status of a child that has ended. `exit()` ends the process at once.
return { fork = symbol("fork_now"), wait = symbol("wait_now"), exit = symbol("exit_now") }
