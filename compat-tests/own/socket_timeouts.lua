-- Time limits: T1-T8 of the contract, time.1-time.8.
local check = require("check")
local peer = require("peer")
local socket = require("socket")

-- A sender that waits `interval` seconds before each of `count` bytes, then closes.
local function sender(interval, count)
    local p = peer.lua(([[
        local socket = require("socket")
        local server = assert(socket.bind("127.0.0.1", 0))
        print((select(2, server:getsockname())))
        local client = server:accept()
        client:setoption("tcp-nodelay", true)
        client:receive()
        for i = 1, %d do
            socket.sleep(%f)
            if not client:send("x") then break end
        end
        client:close()
    ]]):format(count, interval))
    local client = assert(socket.connect("127.0.0.1", p.port))
    return client, p
end

-- With a wrong rule another error is returned, or the limit passes too early.
local function timed(label, client, expected, least)
    client:send("go\n")
    local started = socket.gettime()
    local data, problem, partial = client:receive("*a")
    local took = socket.gettime() - started
    check.ok(label .. ": time", took >= least - 0.01, took)
    check.equal(label .. ": error", problem, expected)
    client:close()
    return data or partial
end

local c = sender(0.2, 20)
c:settimeout(1.2)
local got = timed("T1 a lone block limit counts from the start", c, "timeout", 1.2)
check.ok("T1 bytes", #got >= 1 and #got < 20, #got)
c = sender(0.25, 8)
c:settimeout(1.5)
c:settimeout(60, "t")
got = timed("T2 with a total limit each wait has the block limit", c, nil, 1.9)
check.equal("T2 bytes", #got, 8)
c = sender(0.2, 20)
c:settimeout(0.9)
c:settimeout(1.2, "t")
got = timed("T3 both limits", c, "timeout", 0.8)
check.ok("T3 bytes", #got < 20, #got)
c = sender(0.2, 20)
c:settimeout(1.2, "t")
got = timed("T4 a total limit alone", c, "timeout", 1.2)
check.ok("T4 bytes", #got >= 1 and #got < 20, #got)
c = sender(2.5, 1)
c:settimeout(0.15)
c:settimeout(10, "t")
got = timed("T5 a gap longer than the block limit", c, "timeout", 0.15)
check.equal("T5 bytes", #got, 0)

local server = assert(socket.bind("127.0.0.1", 0))
local _, port = server:getsockname()
local a = assert(socket.connect("127.0.0.1", port))
local b = assert(server:accept())
b:send("abc")
socket.select({ a }, nil, 5)
a:settimeout(0)
check.equal("T6 zero still takes what is there", { a:receive(5) }, { nil, "timeout", "abc" })
a:settimeout(0.1)
for i = 1, 2 do
    local started = socket.gettime()
    a:receive()
    local took = socket.gettime() - started
    check.ok("S90 a fresh budget each call " .. i, took >= 0.09 and took < 10, took)
end
a:settimeout(0 / 0)
check.equal("time.5 not-a-number looks once", { a:receive() }, { nil, "timeout", "" })
a:settimeout(1e300)
b:send("far\n")
check.equal("time.5 a huge limit", a:receive(), "far")
server:settimeout(0.2)
local started = socket.gettime()
check.equal("accept", { server:accept() }, { nil, "timeout" })
check.ok("accept: time", socket.gettime() - started >= 0.19)

-- T8: a process that was stopped and continued waits for the rest of its time.
local p = peer.lua([[
    local socket = require("socket")
    local server = assert(socket.bind("127.0.0.1", 0))
    print((select(2, server:getsockname())))
    local control = server:accept()
    local pid = io.open("/proc/self/stat") and io.open("/proc/self/stat"):read("*n") or 0
    control:send(pid .. "\n")
    local started = socket.gettime()
    server:settimeout(1)
    local ok, problem = server:accept()
    control:send(tostring(problem) .. " " .. (socket.gettime() - started) .. "\n")
]])
local control = assert(socket.connect("127.0.0.1", p.port))
local pid = tonumber((control:receive()))
if pid and pid > 0 then
    os.execute("kill -STOP " .. pid .. "; kill -CONT " .. pid .. "; kill -STOP " .. pid .. "; kill -CONT " .. pid)
    local problem, took = control:receive():match("(%S+) (%S+)")
    check.equal("T8 time.7: no word of the signal", problem, "timeout")
    check.ok("T8: the whole time", tonumber(took) >= 0.99 and tonumber(took) < 10, took)
end
check.done()
