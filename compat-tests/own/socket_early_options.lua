-- Options of objects without a descriptor: add.42.
local check = require("check")
local socket = require("socket")

local SET = { { "reuseaddr", true }, { "recv-buffer-size", 30000 }, { "send-buffer-size", 30000 } }
local KINDS = {
    tcp = { { "keepalive", true }, { "reuseport", true }, { "tcp-nodelay", true }, { "tcp-keepidle", 77 }, { "tcp-keepcnt", 3 },
        { "tcp-keepintvl", 11 }, { "linger", { on = true, timeout = 5 } } },
    udp = { { "broadcast", true }, { "dontroute", true }, { "ip-multicast-loop", false }, { "ip-multicast-if", "127.0.0.1" } },
}
-- The value of an option, in a comparable form.
local function shown(object, name)
    local value, problem = object:getoption(name)
    if type(value) == "table" then return tostring(value.on) .. value.timeout end
    if value == nil then return "nil " .. tostring(problem) end
    return tostring(value)
end

for kind, options in pairs(KINDS) do
    for _, list in ipairs({ SET, options }) do
        for _, option in ipairs(list) do
            local name, value = option[1], option[2]
            local label = kind .. " " .. name
            -- The value that a descriptor of that family returns.
            local expected = socket[kind .. "4"]()
            check.equal(label .. " is taken", expected:setoption(name, value), 1)
            local fresh = socket[kind]()
            check.equal(label .. ": nothing is known before", { fresh:getoption(name) }, { nil, "getsockopt failed" })
            check.equal(label .. " before there is a descriptor", { fresh:setoption(name, value) }, { 1 })
            check.equal(label .. ": no descriptor is made", fresh:getfd(), -1)
            check.equal(label .. ": it reads", shown(fresh, name), shown(expected, name))
            assert(fresh[kind == "tcp" and "bind" or "setsockname"](fresh, "127.0.0.1", 0))
            check.equal(label .. " holds from the first use", shown(fresh, name), shown(expected, name))
            expected:close()
            fresh:close()
            check.equal(label .. " after close", { fresh:setoption(name, value) }, { nil, "setsockopt failed" })
            check.equal(label .. " after close", { fresh:getoption(name) }, { nil, "getsockopt failed" })
        end
    end
end

-- every first use
local server = assert(socket.bind("127.0.0.1", 0))
local _, port = server:getsockname()
local client = socket.tcp()
client:setoption("keepalive", true)
client:setoption("keepalive", false)
client:setoption("tcp-nodelay", true)
assert(client:connect("127.0.0.1", port))
check.equal("connect; the last value counts", { client:getoption("keepalive"), client:getoption("tcp-nodelay") }, { false, true })
check.equal("and can be changed", { client:setoption("keepalive", true), client:getoption("keepalive") }, { 1, true })
client:close()
local first, second = socket.tcp(), socket.tcp()
check.equal("two objects", { first:setoption("reuseport", true), second:setoption("reuseport", true) }, { 1, 1 })
assert(first:bind("127.0.0.1", 0))
check.equal("share a port", second:bind("127.0.0.1", (select(2, first:getsockname()))), 1)
local sender = socket.udp()
sender:setoption("broadcast", true)
check.ok("sendto", (sender:sendto("x", "127.255.255.255", 9) or 0) == 1)
check.equal("sendto: it holds", sender:getoption("broadcast"), true)
local peer = socket.udp()
peer:setoption("broadcast", true)
check.equal("setpeername", { peer:setpeername("127.255.255.255", 9), peer:getoption("broadcast") }, { 1, true })

-- an option that the system refuses fails at once, an invalid one raises
local udp, tcp = socket.udp(), socket.tcp()
check.equal("a value out of range", { udp:setoption("ip-multicast-ttl", 300) }, { nil, "setsockopt failed" })
check.equal("keepidle 0", { tcp:setoption("tcp-keepidle", 0) }, { nil, "setsockopt failed" })
check.equal("no group", { udp:setoption("ip-add-membership", { multiaddr = "127.0.0.1", interface = "*" }) }, { nil, "setsockopt failed" })
check.ok("a wrong type", not pcall(udp.setoption, udp, "broadcast", 1))
check.ok("an unknown option", not pcall(udp.setoption, udp, "keepalive", true))
check.ok("a device with a zero byte", not pcall(tcp.setoption, tcp, "bindtodevice", "lo\0x"))

-- families
local six = socket.udp()
if socket.udp6() and six:setoption("ipv6-unicast-hops", 9) then
    check.equal("an option of IPv6 is read", six:getoption("ipv6-unicast-hops"), 9)
    assert(six:setsockname("*", 0))
    check.equal("and makes * IPv6", { (six:getsockname()), six:getoption("ipv6-unicast-hops") }, { "::", 9 })
    local four = socket.udp()
    four:setoption("ipv6-unicast-hops", 9)
    check.equal("it is no obstacle for IPv4", four:setsockname("127.0.0.1", 0), 1)
    local dual = socket.tcp()
    check.equal("ipv6-v6only off", dual:setoption("ipv6-v6only", false), 1)
    assert(dual:bind("*", 0))
    check.equal("takes both families", { (dual:getsockname()), dual:getoption("ipv6-v6only") }, { "::", false })
    local alone = socket.tcp()
    alone:setoption("ipv6-v6only", true)
    assert(alone:bind("*", 0))
    check.equal("* with ipv6-v6only is IPv4, as ever", (alone:getsockname()), "0.0.0.0")
else
    check.ok("no IPv6 here", true)
end
local group = socket.udp()
check.equal("membership", { group:setoption("ip-add-membership", { multiaddr = "239.1.2.3", interface = "127.0.0.1" }) }, { 1 })
assert(group:setsockname("*", 0))
check.equal("is there", { group:setoption("ip-drop-membership", { multiaddr = "239.1.2.3", interface = "127.0.0.1" }) }, { 1 })

-- numbers of descriptors and ports: add.57
local given = socket.tcp4()
local number = given:getfd()
given:setfd(0 / 0)
check.equal("setfd of no number is no descriptor", given:getfd(), -1)
given:setfd(number)
given:close()
local zeros = ("0"):rep(100)
check.equal("a port of any length", assert(socket.connect("127.0.0.1", zeros .. port)).class, "tcp{client}")
for _, beyond in ipairs({ 65536, "70000", "+00070000", zeros .. "65616", ("9"):rep(300) }) do
    local message = "invalid port '" .. tostring(beyond):gsub("^%+", ""):gsub("^0+", ""):sub(1, 20) .. "'"
    local expected = { nil, message }
    check.equal("connect: " .. beyond, { socket.tcp():connect("127.0.0.1", beyond) }, expected)
    check.equal("socket.connect: " .. beyond, { socket.connect("127.0.0.1", beyond) }, expected)
    check.equal("local port: " .. beyond, { socket.connect("127.0.0.1", port, "127.0.0.1", beyond) }, expected)
    check.equal("socket.bind: " .. beyond, { socket.bind("127.0.0.1", beyond) }, expected)
    check.equal("setsockname: " .. beyond, { socket.udp():setsockname("127.0.0.1", beyond) }, expected)
    check.equal("setpeername: " .. beyond, { socket.udp():setpeername("127.0.0.1", beyond) }, expected)
    check.equal("sendto: " .. beyond, { socket.udp():sendto("x", "127.0.0.1", beyond) }, expected)
    check.equal("getnameinfo: " .. beyond, { socket.dns.getnameinfo("127.0.0.1", beyond) }, expected)
end
check.done()
