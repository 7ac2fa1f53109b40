-- Small C functions, compiled at run time, that a test applies to its own process.
local interposed = {}

---Compiles C to a library in the working directory; returns its path.
function interposed.compile(source, library, flags)
    local file = assert(io.open(library .. ".c", "w"))
    file:write(source)
    file:close()
    local status = os.execute(("cc -shared -fPIC -O1 %s -o %s.so %s.c"):format(flags or "", library, library))
    assert(status == 0 or status == true, "cc failed")
    return "./" .. library .. ".so"
end

-- Lua calls these as C functions; they use neither arguments nor state.
local STORM = [[
#include <signal.h>
#include <string.h>
#include <sys/time.h>

static volatile sig_atomic_t count;
static void interrupted(int signal) { (void)signal; count++; }

static void every(long microseconds) {
    struct itimerval interval;
    memset(&interval, 0, sizeof interval);
    interval.it_interval.tv_usec = interval.it_value.tv_usec = microseconds;
    setitimer(ITIMER_REAL, &interval, 0);
}

int storm_start(void *state) {
    (void)state;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = interrupted; /* without SA_RESTART: every wait is cut short */
    sigaction(SIGALRM, &action, 0);
    every(1000);
    return 0;
}

int storm_stop(void *state) { (void)state; every(0); return 0; }

extern void lua_pushnumber(void *state, double number);
int storm_count(void *state) { lua_pushnumber(state, count); return 1; }
]]

---Calls f(...) while a signal arrives every millisecond and interrupts every wait. Returns the number of signals, then
---f's results.
function interposed.storm(f, ...)
    if not interposed.library then interposed.library = interposed.compile(STORM, "storm") end
    local function symbol(name) return assert(package.loadlib(interposed.library, name)) end
    local start, stop, count = symbol("storm_start"), symbol("storm_stop"), symbol("storm_count")
    local before = count()
    local function calm(ok, ...)
        stop()
        if not ok then error((...), 0) end
        return count() - before, ...
    end
    start()
    return calm(pcall(f, ...))
end

-- The wall clock jumps one hour forward or back at each read; the other clocks are the system's.
local LEAPS = [[
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>

static long leap(void) { static int turn; return (++turn & 1) ? 3600 : -3600; }

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int status = real(clock, now);
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) now->tv_sec += leap();
    return status;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec precise;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *store) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (store) *store = now.tv_sec;
    return now.tv_sec;
}
]]

-- The number of allocated bytes is read as an environment variable, which every interpreter can do. Another variable
-- loses some bytes.
local HEAP = [[
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *volatile lost;

char *getenv(const char *name) {
    static char *(*real)(const char *);
    static char text[32];
    if (strcmp(name, "HEAP_IN_USE") == 0) {
        struct mallinfo2 heap = mallinfo2();
        snprintf(text, sizeof text, "%zu", heap.uordblks + heap.hblkhd);
        return text;
    }
    if (strcmp(name, "HEAP_LOSS") == 0) {
        lost = malloc(100);
        return 0;
    }
    if (!real) real = (char *(*)(const char *))dlsym(RTLD_NEXT, "getenv");
    return real(name);
}
]]

local LIBRARIES = { leaps = LEAPS, heap = HEAP }

---Runs the script once more, under a limit or a library that `prefix`, a piece of shell, sets. In the new process it
---returns. `library` names a library to load first: "leaps", "heap".
function interposed.within(prefix, library)
    if os.getenv("LUASOCKET_TEST_WITHIN") then return end
    if library then
        prefix = prefix .. (" export LD_PRELOAD=\"$PWD/%s\";"):format(interposed.compile(LIBRARIES[library], library, "-ldl"))
    end
    local i = 0
    while arg[i - 1] do i = i - 1 end
    local interpreter = os.getenv("COMPAT_LUA") or arg[i]
    local status, _, code = os.execute(("export LUASOCKET_TEST_WITHIN=1; %s exec %s '%s'"):format(prefix, interpreter, arg[0]))
    os.exit((status == true or status == 0) and 0 or code or 1)
end

return interposed
