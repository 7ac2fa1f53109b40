-- Improvements of UDP objects on LuaSocket 3.1.0 (FIX items).
local check = require("check")
local fdinfo = require("fdinfo")
local socket = require("socket")

local function results(...) return { n = select("#", ...), ... } end

local server = socket.udp4()
server:setsockname("127.0.0.1", 0)
server:settimeout(5)
local _, port = server:getsockname()
check.equal("D1: a port is a number", type(port), "number")
check.equal("D1: of the integer subtype", math.type and math.type(port) or "integer", "integer")

local closed = socket.udp4()
closed:close()
check.equal("D12: receive on a closed object", results(closed:receive()), { n = 2, nil, "closed" })
check.equal("D13: receivefrom on a closed object", results(closed:receivefrom()), { n = 2, nil, "closed" })
check.equal("FIX-11: an object without a descriptor", results(socket.udp():receive()), { n = 2, nil, "closed" })
closed:setpeername("127.0.0.1", port)
closed:close()
check.equal("FIX-11: a connected one", results(closed:receive(10)), { n = 2, nil, "closed" })
check.raises("FIX-11: arguments are checked first", "number expected, got string", function()
    local _ = closed:receive("*l")
end)

local six = socket.udp6()
check.equal("D10: unicast hops", six:setoption("ipv6-unicast-hops", 9), 1)
check.equal("D10: multicast hops are another option", six:getoption("ipv6-multicast-hops"), 1)
check.equal("FIX-9: set", six:setoption("ipv6-multicast-hops", 7), 1)
check.equal("FIX-9: get", six:getoption("ipv6-multicast-hops"), 7)
check.equal("FIX-9: unicast hops are left alone", six:getoption("ipv6-unicast-hops"), 9)

check.raises("D11: the interface of a membership", "bad argument #2 to 'setoption' %(number 'interface' field expected%)", function()
    local _ = six:setoption("ipv6-add-membership", { multiaddr = "ff02::fb", interface = "lo" })
end)

local unknown = "host or service not provided, or not known"
check.equal("FIX-17: setpeername", results(socket.udp():setpeername("127.0.0.1\0junk", port)), { n = 2, nil, unknown })
check.equal("FIX-17: setsockname", results(socket.udp():setsockname("127.0.0.1\0junk", 0)), { n = 2, nil, unknown })
local client = socket.udp()
check.equal("FIX-17: sendto", results(client:sendto("x", "127.0.0.1\0junk", port)), { n = 2, nil, "Name or service not known" })
check.equal("FIX-17: sendto, port", results(client:sendto("x", "127.0.0.1", port .. "\0junk")), { n = 2, nil, "Name or service not known" })
check.raises("FIX-17: an address option", "ip expected", function()
    local _ = client:setoption("ip-multicast-if", "127.0.0.1\0junk")
end)

check.equal("FIX-22: an integral float as port", client:sendto("float", "127.0.0.1", port * 1.0), 5)
check.equal("FIX-22: arrived", server:receive(), "float")
check.equal("FIX-22: setpeername", socket.udp():setpeername("127.0.0.1", port / 1), 1)

-- FIX-20: the requested size is not allocated.
client:sendto(("x"):rep(30000), "127.0.0.1", port)
check.equal("FIX-20: a huge size takes the whole datagram", #server:receive(1e11), 30000)
client:sendto("", "127.0.0.1", port)
check.equal("FIX-20: an empty datagram", server:receive(1e11), "")
client:sendto("abc", "127.0.0.1", port)
check.equal("FIX-20: receivefrom", { server:receivefrom(1e11) }, { "abc", "127.0.0.1", (select(2, client:getsockname())) })
server:settimeout(0.05)
check.equal("FIX-20: nothing there", results(server:receive(1e11)), { n = 2, nil, "timeout" })
server:settimeout(0)
check.equal("FIX-20: nothing there, no wait", results(server:receive(1e11)), { n = 2, nil, "timeout" })
check.equal("udp.receive.4: an infinite size", results(server:receive(math.huge)), { n = 2, nil, "out of memory" })
check.equal("udp.receive.4: not a number", results(server:receive(0 / 0)), { n = 2, nil, "out of memory" })

-- A connected object holds a port, and refuses datagrams that do not come from its peer.
local refused = socket.udp4()
local gone = socket.udp4()
gone:setsockname("127.0.0.1", 0)
gone:setpeername("127.0.0.1", 1)
local _, gone_port = gone:getsockname()
refused:settimeout(5)
refused:setpeername("127.0.0.1", gone_port)
refused:send("x")
check.equal("FIX-20: a refusal is reported", results(refused:receive(1e11)), { n = 2, nil, "connection refused" })

-- add.33
if fdinfo.available then
    local inherited = socket.udp4()
    check.ok("add.33: closed on exec", fdinfo.has(inherited, "close-on-exec"))
    check.ok("class.13: non-blocking", fdinfo.has(inherited, "non-blocking"))
end

-- FIX-19, time.3: limits.
local start = socket.gettime()
client:settimeout(0.2)
check.equal("time: the limit is kept", results(client:receive()), { n = 2, nil, "timeout" })
local elapsed = socket.gettime() - start
check.ok("time: the limit is kept", elapsed >= 0.19 and elapsed < 5, elapsed)

check.done()
