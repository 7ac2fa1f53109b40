-- Unix stream objects (S156 to S159, unix.3 to unix.9). Paths are relative to the working directory.
local show = require("show")
-- First, because the reference survives its sends only with SIGPIPE ignored (FIX-13).
local socket = require("socket")
local unix = require("socket.unix")

local function state(object) return object.class, object:getfd() == -1 and -1 or "open" end

local fresh = unix.stream()
show("new", fresh, tostring(fresh):match("^[^:]+"), fresh:getfd() > 0, fresh:getsockname())
show("unix.8: listen unbound", fresh:listen())
show("unix.8: listen unbound", state(fresh))
show("S159", fresh:bind(("x"):rep(108)))
show("S159", fresh:connect(("x"):rep(108)))
show("S159", state(fresh))
show("S159: the longest", fresh:bind(("x"):rep(107)), fresh:getsockname() == ("x"):rep(107))
show("unix.3: again", fresh:bind("other"))
show("unix.3: again", state(fresh))
show("unix.3: closed", fresh:bind("other"))
show("unix.3: closed", fresh:listen())
show("unix.4: closed", fresh:connect("other"))

local missing = unix.stream()
show("unix.3: no directory", missing:bind("missing/x"))
show("unix.3: no directory", state(missing))

local server = unix.stream()
show("S156", server:bind("server"), server:getsockname(), server:listen(), server.class)
server:settimeout(5)
local second = unix.stream()
show("S157", second:bind("server"))
show("S157", state(second))

local lost = unix.stream()
show("S158", lost:connect("missing"))
show("S158", state(lost))
show("S158", lost:connect("server"))
local deaf = unix.stream()
deaf:setsockname("deaf")
local caller = unix.stream()
show("unix.4: no socket listens", caller:setpeername("deaf"))
show("unix.4: no socket listens", state(caller))
show("unix.4: empty", unix.stream():connect(""))

local client = unix.stream()
show("S156", client:connect("server"), client.class, client:getsockname())
local peer = server:accept()
show("S156", peer, peer:getsockname(), peer:settimeout(5))
show("S156", client:send("a\rb\r\nrest\n"))
show("S156", peer:receive())
show("S156", peer:dirty(), peer:getstats() == 6, (select(2, peer:getstats())))
show("S156", peer:receive("*l", "pre"))
show("S156", peer:send("0123456789", 3, 6), client:receive(4))
show("S156", peer:setstats(1, 2, 3), (peer:getstats()))
show.raise("receive", function() local _ = peer:receive("x") end)
peer:settimeout(0)
show("timeout", peer:receive())
show("timeout", peer:receive(3, "ab"))
local sent, err, last = peer:send(("x"):rep(10000000))
show("timeout", sent, err, last > 0 and last < 10000000)
show("S83", client:shutdown("send"), client:send("x"))
peer:settimeout(5)
show("S83", peer:receive("*a"))
show.raise("S84", function() local _ = client:shutdown("x") end)
show("S84", client:shutdown("receive"), client:shutdown())
for _, name in ipairs({ "listen", "bind", "setsockname", "connect", "setpeername", "accept" }) do
    show.raise("class.8: client " .. name, function() local _ = client[name](client, "x") end)
    show.raise("class.8: server " .. name, function() if name ~= "accept" then local _ = server[name](server, "x") end end)
end

-- Options.
for _, name in ipairs({ "keepalive", "reuseaddr", "linger", "tcp-nodelay", "error", "recv-buffer-size" }) do
    show.raise("unix.8: " .. name, function() return (peer:setoption(name, true)) end)
    show.raise("unix.8: " .. name, function() return (peer:setoption(name, { on = true, timeout = 3 })) end)
    show.raise("unix.8: " .. name, function() local _ = peer:setoption(name) end)
end
show.raise("unix.8: linger", function() local _ = peer:setoption("linger", {}) end)

-- After the end.
show("closed", peer:close(), peer:close(), peer.class, peer:getfd())
show("closed", peer:send("x"))
show("closed", peer:send(""))
show("closed", peer:receive())
show("closed", peer:getsockname())
show("closed", peer:setoption("keepalive", true))
show("closed", peer:shutdown(), peer:dirty(), peer:settimeout(1))
show("accept", server:settimeout(0), server:accept())
show("accept", server:close(), server:accept())
show("unix.6", unix.stream():connect("server"))
local reader, writer
local again = unix.stream()
again:bind("again")
again:listen(5)
writer = unix.stream()
writer:connect("again")
reader = again:accept()
writer:send("buffered")
show("KEEP-14", reader:receive(3), reader:close(), reader:dirty(), reader:receive(5))
show("KEEP-14", reader:receive())
writer:close()

-- Foreign descriptors.
local odd = unix.stream()
odd:close()
odd:setfd(-7)
show("class.fd.5", odd:listen())
show("class.fd.5", odd:connect("server"))
show("class.fd.5", odd:getfd())

-- FIX-12 keeps this: with no wait, a full queue is a timeout and the descriptor is closed.
local full = unix.stream()
full:bind("full")
full:listen(0)
local waiting = {}
local connected, message, refused
repeat
    refused = unix.stream()
    refused:settimeout(0)
    connected, message = refused:connect("full")
    waiting[#waiting + 1] = connected and refused
until not connected
show("unix.9", connected, message, state(refused), #waiting > 0)

-- In select.
local ready = socket.select({ full }, nil, 5)
show("select", ready[1] == full, ready[full])
