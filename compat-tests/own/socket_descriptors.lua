-- Descriptors: no limit (add.22), no inheritance (add.33), select over thousands.
-- needs: certs
local check = require("check")
local fdinfo = require("fdinfo")

-- The descriptors of a child process, by number.
local function of_a_child()
    local child = io.popen("ls /proc/self/fd 2>/dev/null | wc -l")
    local count = tonumber(child:read("*a"))
    child:close()
    return count
end
local BEYOND = 4096
local inherited, child_has = fdinfo.inherited(BEYOND), of_a_child()

local tls = require("tls")
local socket = require("socket")
local unix = require("socket.unix")
local ssl = require("ssl")

local server = assert(socket.bind("127.0.0.1", 0, 4096))
local _, port = server:getsockname()
local sockets, problem = {}, nil
for i = 1, 3000 do
    sockets[i], problem = socket.udp4()
    if not sockets[i] then break end
end
check.ok("3000 sockets", #sockets == 3000, problem)
local client = assert(socket.connect("127.0.0.1", port))
local peer = assert(server:accept())
check.ok("add.22: beyond the old limit", client:getfd() > 1024, client:getfd())
client:settimeout(5)
peer:send("line\n")
check.equal("add.22: receive waits on any number", client:receive(), "line")
local slow = assert(socket.connect("127.0.0.1", port))
slow:settimeout(0.05)
check.equal("add.22: a timeout on any number", { slow:receive() }, { nil, "timeout", "" })
check.equal("add.22: nothing ready among 3000", select(3, socket.select(sockets, nil, 0)), "timeout")
local started, cpu = socket.gettime(), os.clock()
local limited = select(3, socket.select(sockets, nil, 0.3))
check.equal("a limit that passes", limited, "timeout")
check.ok("a limit that passes: when it does", socket.gettime() - started >= 0.29)
check.ok("a limit that passes: asleep", os.clock() - cpu < 0.25, os.clock() - cpu)
peer:send("x")
sockets[#sockets + 1] = client
local ready = socket.select(sockets, nil, 5)
check.equal("add.22: one ready among 3000", { #ready, ready[1] == client, ready[client] }, { 1, true, 1 })
local ready_to_send = select(2, socket.select(nil, sockets, 5))
check.equal("all ready to send", #ready_to_send, #sockets)
for i = 2, #ready_to_send do
    if ready_to_send[i - 1]:getfd() >= ready_to_send[i]:getfd() then
        check.ok("select.8: ascending order", false, i)
        break
    end
end

-- add.33: a child has the same descriptors as before the sockets existed.
local near = unix.stream()
near:bind("near")
near:listen()
local caller = unix.stream()
caller:connect("near")
local named = unix.dgram()
named:bind("named")
local function wrapped(sock, parameters)
    local object = assert(ssl.wrap(sock, parameters))
    object:settimeout(0)
    return object
end
local waiting = assert(server:accept())
local secure = wrapped(assert(socket.connect("127.0.0.1", port)), tls.client())
secure:sni("localhost")
local served = wrapped(assert(server:accept()), tls.server())
local done
repeat
    done = secure:dohandshake()
    done = served:dohandshake() and done
until done or #socket.select({ secure, served }, nil, 5) == 0
check.ok("a handshake", done)
local connected = socket.udp4()
connected:setpeername("127.0.0.1", port)
local objects = {
    ["a new TCP object"] = socket.tcp4(), ["a TCP listener"] = server, ["connected TCP"] = client, ["accepted TCP"] = peer,
    ["TCP to a name"] = assert(socket.connect("localhost", port)), ["another accepted one"] = waiting,
    ["UDP"] = sockets[1], ["connected UDP"] = connected,
    ["a new Unix stream"] = unix.stream(), ["a Unix listener"] = near, ["a connected Unix stream"] = caller,
    ["an accepted Unix stream"] = assert(near:accept()), ["a Unix datagram object"] = unix.dgram(), ["a bound one"] = named,
    ["a TLS client"] = secure, ["a TLS server"] = served,
}
if fdinfo.available then
    for name, object in pairs(objects) do
        check.ok("add.33: close-on-exec, " .. name, fdinfo.has(object, "close-on-exec"))
    end
    check.equal("add.33: nothing else is inherited", fdinfo.inherited(BEYOND), inherited)
end
check.equal("add.33: a child's descriptors", of_a_child(), child_has)
check.done()
