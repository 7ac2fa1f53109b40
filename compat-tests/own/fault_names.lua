-- A name server that is slow or gives wrong answers, and IPv6 that is available but leads nowhere: add.20.
-- needs: network-namespace, root, python3
local check = require("check")
local peer = require("peer")
local socket = require("socket")
local http = require("socket.http")

require("names")("timeout:4 attempts:1")
os.execute("ip -6 addr add 2001:db8::2/64 dev lo nodad && ip -6 route add 2001:db8:1::/64 dev lo && " ..
    "ip -6 route add unreachable 2001:db8:2::/64")
local names = peer.python(os.getenv("COMPAT_SERVERS") .. "/name_server.py")
local listener = assert(socket.bind("127.0.0.1", 0))
listener:settimeout(5)
local port = (select(2, listener:getsockname()))

-- Connects to a name; the connection must arrive at our listener. Returns the address or the error, and the seconds.
local function connect(name, limit, mode)
    local client, started = socket.tcp(), socket.gettime()
    client:settimeout(limit, mode)
    local connected, problem = client:connect(name, port)
    local took = socket.gettime() - started
    if connected then
        local address = client:getpeername()
        listener:accept():close()
        client:close()
        return address, took
    end
    client:close()
    return problem, took
end
local function expect(name, limit, expected, least, most)
    for _, mode in ipairs({ "b", "t" }) do
        local got, took = connect(name, limit, mode)
        local label = ("%s within %g s (%s)"):format(name, limit, mode)
        check.equal(label, got, expected)
        check.ok(label .. ": at the right time", took >= (least or 0) and took < (most or limit) + 8, took)
    end
end

expect("slow.test", 20, "127.0.0.1", 0.5)
expect("slow.test", 0.3, "timeout", 0.29)
expect("wrongid.test", 20, "127.0.0.1")
expect("wrongname.test", 20, "127.0.0.1")
expect("many.test", 20, "127.0.0.1")
-- glibc's messages, as LuaSocket returns them
local UNKNOWN, UNSURE, NO_ADDRESS = "host or service not provided, or not known", "temporary failure in name resolution",
    "No address associated with hostname"
expect("missing.test", 20, UNKNOWN)
expect("truncated.test", 0.4, "timeout", 0.39)
for _, name in ipairs({ "servfail", "garbage", "short", "none", "loop", "alias" }) do
    local got, took = connect(name .. ".test", 20, "b")
    check.ok(name .. " is an error of resolution", got == UNKNOWN or got == UNSURE or got == NO_ADDRESS, got)
    check.ok(name .. ": in time", took < 20, took)
end
local started = socket.gettime()
http.TIMEOUT = 0.3
check.equal("http.request to a slow name", { http.request("http://slow.test/") }, { nil, "timeout" })
check.ok("http.request to a slow name: at its limit", socket.gettime() - started < 8)

-- IPv6: no route, refused by a router, and a network that drops packets
expect("dual6.test", 20, "127.0.0.1")
expect("first4.test", 20, "127.0.0.1")
expect("hole6.test", 20, "127.0.0.1", 0.24)
expect("hole6.test", 0.1, "timeout", 0.09)
check.equal("no route", { socket.connect("2001:db8:9::1", 80) }, { nil, "Network is unreachable" })
check.equal("refused by a router", { socket.connect("2001:db8:2::1", 80) }, { nil, "No route to host" })

-- the host name that a name server returns
local name = socket.dns.tohostname("192.0.2.1")
check.ok("a host name with a line end is none", not (name or ""):find("[\r\n]"), name)
local nothing, problem = http.request("http://evil\r\nX:y.test/")
check.ok("a host with a line end is refused", nothing == nil and type(problem) == "string", problem)

local last = socket.udp()
last:sendto("end", "127.0.0.1", 53)
local told = names.output:read("*a")
names:close()
check.ok("the name server was asked for the host name", told:find("PTR 1.2.0.192.in-addr.arpa\n", 1, true), told)
check.ok("and for an answer over TCP", told:find("TCP\n", 1, true), told)
check.done()
