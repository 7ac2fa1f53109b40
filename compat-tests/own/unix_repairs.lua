-- Improvements of Unix objects on LuaSocket 3.1.0 (FIX items). Only socket.unix is loaded until the end.
local check = require("check")
local unix = require("socket.unix")
local peer = require("peer")

local function results(...) return { n = select("#", ...), ... } end

-- FIX-13: loading the module did not make this process ignore SIGPIPE.
local function ignored_signals()
    local status = io.open("/proc/self/status")
    if not status then return nil end
    local mask = status:read("*a"):match("SigIgn:%s*(%x+)")
    status:close()
    return mask
end
local before = ignored_signals()

local server = unix.stream()
server:bind("server")
server:listen()
local client = unix.stream()
client:connect("server")
server:accept():close()
check.equal("D15: stream", results(client:send("x")), { n = 3, nil, "closed", 0 })
check.equal("D15: stream, shut down", results(client:shutdown("send"), client:send("x")), { n = 4, 1, nil, "closed", 0 })
check.equal("mod.10: loading socket.unix leaves signals alone", ignored_signals(), before)

-- FIX-14: abstract names, where the system supports them.
local name = "\0luasocket-test-" .. tostring({}):gsub("%W", "") .. "-" .. os.time() .. "\0end"
local abstract = unix.stream()
if abstract:bind(name) then
    check.equal("D16: getsockname", results(abstract:getsockname()), { n = 1, name })
    check.equal("D16: listen", abstract:listen(), 1)
    local caller = unix.stream()
    check.equal("D16: connect", caller:connect(name), 1)
    local accepted = abstract:accept()
    check.equal("D16: accepted", accepted:getsockname(), name)
    caller:send("through\n")
    check.equal("D16: bytes", accepted:receive(), "through")
    local again = unix.stream()
    check.equal("D16: taken", results(again:bind(name)), { n = 2, nil, "address already in use" })
    check.equal("KEEP-10: and closed", again:getfd(), -1)
    check.equal("unix.7: 107 bytes at most", results(unix.stream():bind("\0" .. ("x"):rep(107))), { n = 2, nil, "path too long" })
    local longest = unix.stream()
    check.equal("unix.7: 107 bytes", longest:bind((name .. ("x"):rep(107)):sub(1, 107)), 1)
    check.equal("unix.7: 107 bytes", #longest:getsockname(), 107)

    local receiver, sender = unix.dgram(), unix.dgram()
    receiver:settimeout(5)
    check.equal("D17: bind", receiver:bind(name .. "r"), 1)
    check.equal("D17: sendto", sender:sendto("data", name .. "r"), 4)
    check.equal("D17: receivefrom", results(receiver:receivefrom()), { n = 2, "data", "" })
    check.equal("D17: bind", sender:bind(name .. "s"), 1)
    sender:sendto("data", name .. "r")
    check.equal("FIX-14: receivefrom names the sender", results(receiver:receivefrom()), { n = 2, "data", name .. "s" })
    check.equal("FIX-14: connect", sender:connect(name .. "r"), 1)
    sender:send("connected")
    check.equal("FIX-14: connect", receiver:receive(), "connected")
    local chosen = unix.dgram()
    check.equal("unix.6: a name of the system's choice", chosen:bind(""), 1)
    check.ok("unix.6: getsockname returns it", chosen:getsockname():find("^%W%x+$") ~= nil and chosen:getsockname():byte() == 0)
end

-- A zero byte inside a name never selects another file.
local cut = unix.stream()
check.equal("FIX-14: connect", results(cut:connect("server\0junk")), { n = 2, nil, "Invalid argument" })
check.equal("FIX-14: bind", results(unix.stream():bind("cut\0junk")), { n = 2, nil, "Invalid argument" })
check.equal("FIX-14: no file", io.open("cut"), nil)
check.equal("FIX-14: sendto", results(unix.dgram():sendto("x", "server\0junk")), { n = 2, nil, "Invalid argument" })

-- FIX-11
local closed = unix.dgram()
closed:close()
check.equal("FIX-11: receive", results(closed:receive()), { n = 2, nil, "closed" })
check.equal("FIX-11: receivefrom", results(closed:receivefrom()), { n = 2, nil, "closed" })

-- FIX-20
local receiver, sender = unix.dgram(), unix.dgram()
receiver:bind("receiver")
receiver:settimeout(5)
sender:sendto(("x"):rep(150000), "receiver")
check.equal("FIX-20: a huge size takes the whole datagram", #receiver:receive(1e11), 150000)
sender:sendto(("x"):rep(150000), "receiver")
check.equal("FIX-20: receivefrom", #receiver:receivefrom(1e11), 150000)
sender:sendto("", "receiver")
check.equal("FIX-20: an empty datagram", receiver:receive(1e11), "")
receiver:settimeout(0.05)
check.equal("FIX-20: nothing there", results(receiver:receive(1e11)), { n = 2, nil, "timeout" })

-- The clock is needed from here on.
local socket = require("socket")
local function timed(f, ...)
    local start = socket.gettime()
    local got = results(f(...))
    return socket.gettime() - start, got
end

-- FIX-12: the listen queue is full.
local full = unix.stream()
full:bind("full")
full:listen(0)
full:settimeout(5)
local waiting = {}
local connected
repeat
    local one = unix.stream()
    one:settimeout(0)
    connected = one:connect("full")
    waiting[#waiting + 1] = one
until not connected
for _, mode in ipairs({ "b", "t" }) do
    local late = unix.stream()
    late:settimeout(0.2, mode)
    local elapsed, got = timed(late.connect, late, "full")
    check.equal("D14: " .. mode, got, { n = 2, nil, "timeout" })
    check.ok("D14: after the limit: " .. mode, elapsed >= 0.19 and elapsed < 5, elapsed)
    check.equal("D14: closed: " .. mode, late:getfd(), -1)
    check.equal("D14: class: " .. mode, late.class, "unixstream{master}")
end
local patient = peer.lua([[
    local unix = require("socket.unix")
    local hasty = unix.stream()
    hasty:settimeout(0)
    print(select(2, hasty:connect("full")) == "timeout" and 1 or 0)
    local client = unix.stream()
    client:settimeout(20)
    print((client:connect("full")))
    print((client:receive()))
]])
check.equal("FIX-12: the queue is full for the other process", patient.port, 1)
local greeted
for _ = 1, #waiting do
    greeted = full:accept()
    greeted:send("welcome\n")
end
check.equal("FIX-12: it connects when there is room", tonumber(patient.output:read("*l")), 1)
check.equal("FIX-12: it is connected", patient.output:read("*l"), "welcome")
patient:close()

-- A receiver with a full queue: the limit holds.
local idle = unix.dgram()
idle:bind("idle")
local pusher = unix.dgram()
pusher:settimeout(0)
repeat until not pusher:sendto("x", "idle")
pusher:settimeout(0.2)
local elapsed, got = timed(pusher.sendto, pusher, "x", "idle")
check.equal("unix.10: a full queue", got, { n = 2, nil, "timeout" })
check.ok("unix.10: a full queue, in time", elapsed >= 0.19 and elapsed < 5, elapsed)
pusher:settimeout(5)
idle:receive()
check.equal("unix.10: room again", pusher:sendto("x", "idle"), 1)
check.equal("unix.10: connected, full queue", pusher:connect("idle"), 1)
pusher:settimeout(0.2)
check.equal("unix.10: connected, full queue", results(pusher:send("x")), { n = 2, nil, "timeout" })

-- unix.1: a scheduler's stream function may yield.
local stream = unix.stream
unix.stream = function(...) return coroutine.yield(...) end
local running = coroutine.create(function() return unix("argument") end)
check.equal("unix.1: yields", results(coroutine.resume(running)), { n = 2, true, "argument" })
check.equal("unix.1: resumes", results(coroutine.resume(running, "made")), { n = 2, true, "made" })
unix.stream = stream

-- add.2 holds on these streams too.
local left = unix.stream()
left:connect("server")
local right = server:accept()
left:send("abcdef\nrest\n")
check.equal("add.2: oversized", results(right:receive("*l", "", 4)), { n = 3, nil, "oversized", "abcd" })
check.equal("add.2: nothing is lost", right:receive(), "ef")
check.raises("add.3", "bad argument #3", function() local _ = right:receive("*l", "", 0) end)

check.done()
