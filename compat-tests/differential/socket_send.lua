-- Sending, shutdown, statistics, timeouts: S77-S90, tcp.send, tcp.shutdown, tcp.stats, tcp.timeout.
local show = require("show")
local socket = require("socket")

local server = assert(socket.bind("127.0.0.1", 0))
local _, port = server:getsockname()
local function pair()
    local client = assert(socket.connect("127.0.0.1", port))
    return client, assert(server:accept())
end

local client, peer = pair()
show("S77", client:send("abc"))
show("S77 empty", client:send(""))
show("S78", client:send("hello", 2, 3))
show("S78 last", client:send("hello", -2))
show("S78 middle", client:send("hello", -3, -2))
show("S78 beyond", client:send("hello", 1, 100))
for _, range in ipairs({ { 6 }, { 7 }, { 10, 12 }, { 3, 1 }, { 1, 0 }, { -100, 2 }, { 0, 0 }, { 5, -5 }, { 2, -100 } }) do
    show("S79 " .. table.concat(range, ","), client:send("hello", range[1], range[2]))
end
show("S81", client:send(12))
show("numeric strings", client:send("hello", "2", "3"))
show("fractions", client:send("hello", 2.9, 3.9))
show("nil indices", client:send("hello", nil, nil))
for _, bad in ipairs({ {}, true, print }) do
    show.raise("send " .. type(bad), function() return client:send(bad) end)
    show.raise("send index " .. type(bad), function() return client:send("x", bad) end)
    show.raise("send last " .. type(bad), function() return client:send("x", 1, bad) end)
end
show.raise("send nothing", function() return client:send() end)
show.raise("send index text", function() return client:send("x", "y") end)
client:shutdown("send")
show("S83 own send", client:send("x"))
show("S83 peer", peer:receive("*a"))
peer:send("still")
show("S83 receive", client:receive(5))
show("shutdown both", peer:shutdown(), peer:shutdown("both"))
show("after shutdown receive", (function()
    local a, b = pair()
    a:shutdown("receive")
    local x, y, z = a:receive()
    b:close()
    return x, y, z
end)())
for _, bad in ipairs({ "x", "", "Both" }) do
    show.raise("S84 " .. bad, function() return client:shutdown(bad) end)
end
show.raise("shutdown number", function() return client:shutdown(5) end)

-- S82: a full buffer.
local a, b = pair()
a:settimeout(0)
local size = 20 * 1024 * 1024
local big = ("x"):rep(size)
local ok, problem, sent = a:send(big)
show("S82", ok, problem, sent > 0 and sent < size)
-- The system takes more for a while, because it makes room at the peer. So each call is repeated until it sends nothing.
local last
repeat
    ok, problem, last = a:send(big, 11)
    socket.select(nil, { a }, 0.01)
until last == 10
show("S82 full", ok, problem, last)
repeat ok, problem, last = a:send(big, -5) until last == size - 5
show("S82 from the end", ok, problem, last)
b:close()

-- S85: the peer has reset the connection.
local c, d = pair()
d:setoption("linger", { on = true, timeout = 0 })
d:close()
socket.select({ c }, nil, 5)
show("S85", c:send("x"))
show("S85 again", c:send("x"))

local e, f = pair()
show("S86", e:setstats(10, 20, 30))
local received, sent_bytes, age = e:getstats()
show("S86 stats", received, sent_bytes, age >= 30 and age < 40)
show("setstats keeps nil", e:setstats(nil, 5.9), (select(2, e:getstats())))
show("setstats third ignored", e:setstats(1, 2, "x"))
show.raise("setstats bad", function() return e:setstats("x") end)
show.raise("setstats bad second", function() return e:setstats(1, {}) end)
e:setstats(0, 0, 0)
e:send("12345")
f:settimeout(5)
f:receive(5)
show("stats", (select(2, e:getstats())), (f:getstats()))

show("S87 fresh", e:gettimeout())
show("S87", e:settimeout(5), e:gettimeout())
show("S87 total", e:settimeout(2, "t"), e:gettimeout())
show("S87 nil", e:settimeout(nil), e:gettimeout())
show("S87 nothing", e:settimeout(), e:gettimeout())
for _, mode in ipairs({ "bogus", "total", "r", "b" }) do
    show("S88 " .. mode, e:settimeout(7, mode), e:gettimeout())
end
for _, mode in ipairs({ "x", "", 5, "Total" }) do
    show.raise("S88 bad " .. tostring(mode), function() return e:settimeout(7, mode) end)
end
show.raise("mode table", function() return e:settimeout(7, {}) end)
for _, value in ipairs({ false, {}, "x" }) do
    show.raise("timeout " .. type(value), function() return e:settimeout(value) end)
end
show("S89", e:settimeout(-7), e:gettimeout())
show("numeric string", e:settimeout("1.5"), e:gettimeout())
show("mode nil", e:settimeout(3, nil), e:gettimeout())
