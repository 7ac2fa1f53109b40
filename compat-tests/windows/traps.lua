-- The same functions differ between Windows and Unix: docs/architecture.md, "Windows".
local check = require("check")
local socket = require("socket")

-- The first call of the program is a lookup: the resolver needs WinSock, which has to be started.
check.equal("a lookup before any socket", (socket.dns.toip("localhost")), "127.0.0.1")
check.equal("a lookup of an address", (socket.dns.toip("127.0.0.1")), "127.0.0.1")
check.ok("the name of the machine", type(socket.dns.gethostname()) == "string")

local server = assert(socket.bind("127.0.0.1", 0))
local host, port = server:getsockname()
server:settimeout(20)

-- WSAPoll refuses an empty list.
local started = socket.gettime()
local readable, writable, problem = socket.select(nil, nil, 0.05)
check.equal("select with nothing to watch", { #readable, #writable, problem }, { 0, 0, "timeout" })
check.ok("it waits", socket.gettime() - started >= 0.04)
check.equal("select with two empty lists", select(3, socket.select({}, {}, 0)), "timeout")

-- A connection that is being made is reported as one that would block.
local client = socket.tcp()
client:settimeout(0)
local ok, message = client:connect(host, port)
check.ok("a connect that does not wait", ok == 1 or message == "timeout", message)
check.equal("the listener is readable", (#socket.select({ server }, nil, 20)), 1)
local accepted = assert(server:accept())
check.equal("the client is writable", #select(2, socket.select(nil, { client }, 20)), 1)
check.equal("connecting again", { client:connect(host, port) }, { nil, "already connected" })

-- The bits of a readable socket, and a limit that milliseconds in 32 bits cannot hold.
client:send("one\n")
readable = socket.select({ accepted }, nil, 1e10)
check.equal("readable, within 300 years", readable[1], accepted)
check.equal("received", accepted:receive(), "one")
check.equal("no longer readable", #socket.select({ accepted }, nil, 0), 0)

-- Two numbers of 16 bits.
check.equal("linger is set", accepted:setoption("linger", { on = true, timeout = 7 }), 1)
check.equal("linger is read", accepted:getoption("linger"), { on = true, timeout = 7 })
accepted:setoption("linger", { on = false, timeout = 0 })

client:shutdown("send")
check.equal("sending after shutdown", select(2, client:send("x")), "Cannot send after socket shutdown")
check.equal("the end is readable", #socket.select({ accepted }, nil, 20), 1)
check.equal("the end", select(2, accepted:receive()), "closed")
client:close()
accepted:close()

-- A refused connection, with and without waiting.
local closed = assert(socket.bind("127.0.0.1", 0))
local _, free = closed:getsockname()
closed:close()
check.equal("refused", { socket.connect("127.0.0.1", free) }, { nil, "connection refused" })
client = socket.tcp()
client:settimeout(0)
client:connect("127.0.0.1", free)
check.equal("a refused connect is writable", #select(2, socket.select(nil, { client }, 20)), 1)
check.equal("its failure", client:getoption("error"), "connection refused")
client:close()

-- Datagrams: one that found no receiver says nothing about the next one; a long one is an error.
local one, two = socket.udp4(), socket.udp4()
one:setsockname("127.0.0.1", 0)
two:setsockname("127.0.0.1", 0)
local _, at = two:getsockname()
one:settimeout(20)
one:sendto("lost", "127.0.0.1", free)
socket.sleep(0.05)
two:sendto("found", "127.0.0.1", select(2, one:getsockname()))
check.equal("a datagram after one that was lost", one:receive(), "found")
one:sendto(("x"):rep(3000), "127.0.0.1", at)
two:settimeout(20)
check.equal("a datagram longer than asked for", { two:receive(10) }, { nil, "Message too long" })
-- A size above 64 KiB: the library looks at the datagram first, which is an error on Windows, too.
for _, size in ipairs({ 60000, 100000 }) do
    one:sendto(("x"):rep(3000), "127.0.0.1", at)
    check.equal("a datagram, asked for with a size of " .. size, #(two:receive(size) or ""), 3000)
end

-- Modules that Windows lacks.
for _, name in ipairs({ "socket.unix", "socket.serial" }) do
    local found, why = pcall(require, name)
    check.ok(name .. " says that it is not there", not found and tostring(why):find("not available on this system", 1, true), why)
end

-- A name with a time limit is looked up in another thread.
client = socket.tcp()
client:settimeout(20)
server:settimeout(20)
check.equal("a name, with a limit", client:connect("localhost", port), 1)
check.equal("a name that cannot be", select(2, client:connect("no such name", port)) ~= nil, true)

-- wine has no text for the code of a failed lookup, and the message was empty.
local connected, problem6 = socket.connect6("127.0.0.1", port)
check.ok("an IPv4 address is none of IPv6", connected == nil and type(problem6) == "string" and #problem6 > 0, problem6)
check.done()
