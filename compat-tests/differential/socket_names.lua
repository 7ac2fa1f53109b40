-- Creation, binding, listening and names: S17-S32, tcp.bind, tcp.listen, tcp.name, new.
local show = require("show")
local socket = require("socket")

-- A port without a listener: just released.
local function dead_port()
    local server = assert(socket.bind("127.0.0.1", 0))
    local _, port = server:getsockname()
    server:close()
    return port
end

local fresh = socket.tcp()
show("S17", fresh:getfd(), fresh:getfamily(), fresh:getsockname())
show("S17 peer", fresh:getpeername())
show("S18 get", fresh:getoption("reuseaddr"))
show("extra arguments", socket.tcp4(1, 2, 3).class, socket.tcp({}).class)
local function name(object)
    local ip, port, family = object:getsockname()
    show("name", ip, tonumber(port) == 0, family)
end
name(socket.tcp4())
name(socket.tcp6())
show("families", socket.tcp4():getfamily(), socket.tcp6():getfamily(), socket.tcp():getfamily())

local t = socket.tcp4()
show("S20", t:bind("127.0.0.1", 0))
show("S20 second", t:bind("127.0.0.1", 0))
local listening = assert(socket.bind("127.0.0.1", 0))
local _, port = listening:getsockname()
local u = socket.tcp4()
show("S21", u:bind("127.0.0.1", port))
show("S21 still usable", u.class, u:bind("127.0.0.1", 0), u:listen(), u.class)
show("S22", socket.tcp4():bind("::1", 0))
show("S23", socket.tcp4():bind("203.0.113.7", 0))
show("S24 service", socket.tcp4():bind("127.0.0.1", "no-such-svc"))
for _, p in ipairs({ -1, "1.5", "0x50", "80x", "-1", " ", "1 " }) do
    show("S24 port " .. tostring(p), socket.tcp4():bind("127.0.0.1", p))
end
for _, p in ipairs({ "", 0, "0", " 0", "+0", "000" }) do
    show("tcp.bind.3 port '" .. tostring(p) .. "'", socket.tcp4():bind("127.0.0.1", p))
end
show("S25", socket.tcp4():bind("", 0))
show("S25 bad quad", socket.tcp4():bind("256.1.1.1", 0))
show("S25 bad name", socket.tcp4():bind("no.such.host.invalid", 0))
for _, make in ipairs({ "tcp", "tcp4", "tcp6" }) do
    local object = socket[make]()
    show("S26 " .. make, object:bind("*", 0))
    name(object)
    local ip, bound, family = object:getsockname()
    show("S26 name " .. make, ip, tonumber(bound) > 0, family)
    show("S26 family", object:getfamily())
end
local unbound = socket.tcp4()
show("S27", unbound:listen(), unbound.class)
show("S27 undecided", socket.tcp():listen())
show("S28", socket.bind("127.0.0.1", port))
local any = assert(socket.bind("*", 0))
show("S29", (any:getsockname()), any:getoption("reuseaddr"), any.class)
local six = socket.bind("::1", 0)
show("S30", six and six:getfamily(), six and (six:getsockname()))
show("S32", listening:getpeername())
show("S32 fresh", socket.tcp4():getpeername())
show("listen backlog", socket.tcp4():listen("5"), socket.tcp4():listen(2.7), socket.tcp4():listen(-1))
show.raise("listen bad", function() socket.tcp4():listen("x") end)
for _, args in ipairs({ {}, { "127.0.0.1" }, { nil, 1 }, { {}, 1 }, { "127.0.0.1", {} }, { true, 1 } }) do
    show.raise("bind arguments", function() return socket.tcp4():bind(args[1], args[2]) end)
end
show.raise("setsockname uses its own name", function() return socket.tcp4():setsockname() end)
show.raise("setpeername uses its own name", function() return socket.tcp4():setpeername() end)
show("localhost", (socket.bind("localhost", 0):getsockname()))
show("unknown", socket.bind("no.such.host.invalid", 0))
show.raise("bind nothing", socket.bind)
show.raise("bind without port", function() return socket.bind("127.0.0.1") end)
show.raise("bind bad backlog", function() return socket.bind("127.0.0.1", 0, "x") end)
show("forms of numbers", socket.tcp4():bind("127.1", 0), socket.tcp4():bind("0x7f000001", 0))

-- Candidates that cannot be bound are closed.
show("bind to a used port", socket.bind("127.0.0.1", port))
show("dead port is free again", socket.bind("127.0.0.1", dead_port()) ~= nil)
