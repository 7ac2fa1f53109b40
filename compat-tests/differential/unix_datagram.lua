-- Unix datagram objects (S161, S162, unix.10, unix.11). Paths are relative to the working directory.
local show = require("show")
local unix = require("socket.unix")

local function state(object) return object.class, object:getfd() == -1 and -1 or "open" end

local server = unix.dgram()
show("new", server, server:getfd() > 0, server:getsockname(), server:dirty(), server:gettimeout())
show("unix.3", server:bind("server"), server:getsockname())
server:settimeout(5)
local client = unix.dgram()
show("S161", client:sendto("hi", "server"), server:receivefrom())
show("S161", client:setsockname("client"), client:sendto("hello", "server"))
show("S161", server:receivefrom())
show("unix.10", client:sendto("hello", "server"), server:receive(3))
show("unix.10", client:sendto("hello", "server"), server:receive(0))
show("unix.10: empty", client:sendto("", "server"), server:receive())
show("unix.10: empty", client:sendto("", "server"), server:receivefrom())
for _, size in ipairs({ 8191, 8192, 8193, 70000, 200000 }) do
    client:sendto(("z"):rep(100000), "server")
    show("unix.10: " .. size, server:receive(size))
    client:sendto(("z"):rep(100000), "server")
    show("unix.10: " .. size, server:receivefrom(size))
end
show("unix.10: missing", client:sendto("x", "missing"))
show("unix.10: missing", state(client))
show("unix.10: empty path", client:sendto("x", ""))
show("unix.10: too long", client:sendto("x", ("x"):rep(108)))
show("unix.10: too big", client:sendto(("x"):rep(10000000), "server"))

show("S162", client:connect("server"), client.class)
show.raise("S162", function() local _ = client:sendto("x", "server") end)
show.raise("S162", function() local _ = client:receivefrom() end)
show.raise("S162", function() local _ = client:bind("x") end)
show("S162", client:send("one"), client:send("", 5), server:receive(), server:receive())
show("unix.10: again", client:setpeername("server"), client.class)
show("unix.10: reply", server:sendto("reply", "client"), client:receive())

-- KEEP-10: failures close the descriptor, except "path too long".
local lost = unix.dgram()
show("KEEP-10", lost:connect(("x"):rep(108)))
show("KEEP-10", state(lost))
show("KEEP-10", lost:connect("missing"))
show("KEEP-10", state(lost))
show("KEEP-10", lost:connect("server"))
show("KEEP-10", lost:bind("x"))
local taken = unix.dgram()
show("KEEP-10", taken:bind("server"))
show("KEEP-10", state(taken))
show("unix.4: no star", unix.dgram():connect("*"))
local kept = unix.dgram()
kept:connect("server")
show("KEEP-10: connected", kept:connect("missing"))
show("KEEP-10: connected", state(kept))
show("KEEP-10: connected", kept:send("x"))
show("KEEP-10: connected", kept:connect("server"))

-- Time limits, sizes, options.
local idle = unix.dgram()
idle:settimeout(0)
show("timeout", idle:receive())
show("timeout", idle:receivefrom())
idle:settimeout(0.05)
show("timeout", idle:receive(100000))
show("timeout", idle:gettimeout())
for _, size in ipairs({ -1, 1e18 }) do
    show("S113: " .. size, idle:receive(size))
    show("S113: " .. size, idle:receivefrom(size))
end
show.raise("S113", function() local _ = idle:receive("*l") end)
for _, name in ipairs({ "reuseaddr", "keepalive", "linger", "error" }) do
    show.raise("unix.10: " .. name, function() return (idle:setoption(name, true)) end)
    show.raise("unix.10: " .. name, function() local _ = idle:setoption(name) end)
end
idle:bind("idle")
local pusher = unix.dgram()
pusher:settimeout(0)
local sent, err
repeat sent, err = pusher:sendto("x", "idle") until not sent
show("full queue", sent, err)

-- The peer is closed, then the object itself.
server:close()
show("unix.11", client:send("x"))
show("unix.11", client:send("x"))
show("unix.11", state(client))
show("closed", server:sendto("x", "client"))
show("closed", server:sendto("x", ("x"):rep(108)))
show("closed", server:connect("client"))
show("closed", server:bind("other"))
show("closed", server:getsockname())
show("closed", server:setoption("reuseaddr", true))
show("closed", server:close(), server:getfd(), server.class, server:settimeout(1))
client:close()
show("closed", client:send("x"))
