-- ^C ends a lookup without a time limit at once, with a traceback, in the main program and in tasks.
-- needs: network-namespace, root
-- not on: stock
local check = require("check")
local socket = require("socket")

local silent = assert(socket.udp4())
assert(silent:setsockname("127.0.0.1", 53))
silent:settimeout(20)
require("names")("timeout:30 attempts:5")

-- Waits until the main thread of a process waits.
local function waits(pid)
    for _ = 1, 2000 do
        local file = io.open("/proc/" .. pid .. "/stat")
        local state = file and file:read("*a"):match("%) (%a)")
        if file then file:close() end
        if state == "S" then return true end
        if not state or state == "Z" then return false end
        socket.sleep(0.001)
    end
end

local LOOKUPS = {
    ["dns.toip"] = 'socket.dns.toip("%s")',
    ["dns.getaddrinfo"] = 'socket.dns.getaddrinfo("%s")',
    ["dns.tohostname"] = 'socket.dns.tohostname("192.0.2.1")',
    ["dns.getnameinfo"] = 'socket.dns.getnameinfo("192.0.2.1")',
    connect = 'socket.tcp():connect("%s", 80)',
    ["socket.connect"] = 'socket.connect("%s", 80)',
    ["udp:setpeername"] = 'socket.udp():setpeername("%s", 80)',
    ["tcp:bind"] = 'socket.tcp():bind("%s", 80)',
}
local FRAMES = {
    ["in the main program"] = "%s",
    ["in a task"] = "tasks.run(function() %s end)",
    ["in a task beside others"] = "tasks.start(function() while true do socket.sleep(0.01) end end) tasks.run(function() %s end)",
}

for what, lookup in pairs(LOOKUPS) do
    for where, frame in pairs(FRAMES) do
        local label = ("%s, %s"):format(what, where)
        local name = "n" .. label:gsub("%W", "") .. ".test."
        local code = 'local socket, tasks = require("socket"), require("socket.tasks") ' .. frame:format(lookup:format(name))
        local child = assert(io.popen(("echo $$; exec %s -e '%s' 2>&1"):format(os.getenv("COMPAT_LUA"), code)))
        local pid = child:read("*l")
        -- the lookup is under way: the name server has its query
        local query = silent:receive()
        check.ok(label .. ": asks, and waits", query and waits(pid))
        os.execute("kill -INT " .. pid)
        local started = socket.gettime()
        local output = child:read("*a")
        child:close()
        check.ok(label .. ": ends with a traceback", output:find("interrupted!\nstack traceback:\n", 1, true), output)
        check.ok(label .. ": at once", socket.gettime() - started < 15, socket.gettime() - started)
        -- its other queries
        silent:settimeout(0)
        repeat until not silent:receive()
        silent:settimeout(20)
    end
end
check.done()
