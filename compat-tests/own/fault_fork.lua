-- A process forks during name lookups. In the child, counts, locks and the resolver are reset: add.59.
-- not on: lua5.2, lua5.3, runner, runner-lua5.5
-- needs: network-namespace, root, python3
local check = require("check")
local interposed = require("interposed")
local peer = require("peer")
local socket = require("socket")

local library = interposed.compile([[
#include <sys/wait.h>
#include <unistd.h>
extern void lua_pushnumber(void *state, double number);
int fork_now(void *state) { lua_pushnumber(state, fork()); return 1; }
int wait_now(void *state) { int status = 0; wait(&status); lua_pushnumber(state, status); return 1; }
int exit_now(void *state) { (void)state; _exit(0); }
]], "forks")
local function symbol(name) return assert(package.loadlib(library, name)) end
local fork, wait, exit = symbol("fork_now"), symbol("wait_now"), symbol("exit_now")

require("names")("timeout:30 attempts:1")
local names = peer.python(os.getenv("COMPAT_SERVERS") .. "/name_server.py")
local listener = assert(socket.bind("127.0.0.1", 0, 1000))
local port = (select(2, listener:getsockname()))

local function connect(name, limit)
    local client = socket.tcp4()
    client:settimeout(limit)
    local connected, problem = client:connect(name, port)
    client:close()
    return connected and "connected" or problem
end

-- Each child writes its results to a file.
local function in_child(label, f)
    local pid = fork()
    if pid == 0 then
        local file = assert(io.open("found", "w"))
        local ok, problem = pcall(f, file)
        if not ok then file:write(problem) end
        file:close()
        exit()
    end
    wait()
    local file = assert(io.open("found"))
    check.equal(label, file:read("*a"), "")
    file:close()
end

-- Names that get no reply: their lookups are still running when the process forks.
local left = 0
for i = 1, 4 do
    if connect(("silent%d.test."):format(i), 0.05) == "timeout" then left = left + 1 end
end
check.equal("lookups are under way", left, 4)
for round = 1, 5 do
    in_child("a child looks names up, round " .. round, function(file)
        for i = 1, 3 do
            local outcome = connect("dual6.test.", 20)
            if outcome ~= "connected" then file:write(("%d: %s\n"):format(i, outcome)) end
        end
    end)
end

-- The maximum number of lookups. In the child, all permits are free.
for i = 5, 128 do connect(("silent%d.test."):format(i), 0.01) end
check.equal("there is no place left", (connect("dual6.test.", 0.1)), "timeout")
in_child("all places are free in the child", function(file)
    for i = 1, 20 do
        local outcome = connect("dual6.test.", 20)
        if outcome ~= "connected" then file:write(i, ": ", outcome, "\n") end
    end
    local client = socket.tcp4()
    client:settimeout(20)
    if client:bind("localhost", 0) ~= 1 then file:write("the hosts file\n") end
end)

-- A child of a child, while the parent's lookups are still running.
in_child("a grandchild", function(file)
    connect("silent200.test.", 0.05)
    local pid = fork()
    if pid == 0 then
        local outcome = connect("dual6.test.", 20)
        if outcome ~= "connected" then file:write(outcome) end
        file:close()
        exit()
    end
    wait()
    local outcome = connect("dual6.test.", 20)
    if outcome ~= "connected" then file:write(outcome) end
end)

local last = socket.udp()
last:sendto("end", "127.0.0.1", 53)
names:close()
check.done()
