-- Names with several addresses, and an unreachable resolver: D6-D8, D21, FIX-5, FIX-6, FIX-8.
-- needs: network-namespace, root
local check = require("check")
local footprint = require("footprint")
local socket = require("socket")

-- The mounts below must not affect the machine itself: a separate network namespace has no routes.
local routes = assert(io.open("/proc/net/route")):read("*a")
assert(select(2, routes:gsub("\n", "")) <= 1, "needs a separate network and mount namespace")

local function replace(path, text)
    local name = os.tmpname()
    local file = assert(io.open(name, "w"))
    file:write(text)
    file:close()
    local status = os.execute("mount --bind " .. name .. " " .. path)
    check.ok(path .. " is replaced", status == 0 or status == true)
end
replace("/etc/hosts", [[
127.0.0.1 localhost
127.0.0.2 two.test
127.0.0.3 two.test
127.0.0.2 three.test
127.0.0.3 three.test
127.0.0.4 three.test
::1 mixed.test
127.0.0.3 mixed.test
]])
replace("/etc/nsswitch.conf", "hosts: files dns\n")
-- No server listens there, which is the same as no network.
replace("/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")

local function values(...) return { n = select("#", ...), ... } end
-- The resolver's order decides which address is tried last.
local function last_of(name)
    local list = assert(socket.dns.getaddrinfo(name))
    return list[#list].addr, #list
end

for _, name in ipairs({ "two.test", "three.test" }) do
    local last, count = last_of(name)
    check.ok(name .. " has several addresses", count > 1, count)
    local server = assert(socket.bind(last, 0))
    local _, port = server:getsockname()
    local before = footprint.next_descriptor()

    local client, problem = socket.connect(name, port)
    check.ok("D6 connect reaches the last of " .. name, client, problem)
    check.equal("D6 the address", client and (client:getpeername()), last)
    if client then client:close() end
    for _, constructor in ipairs({ "tcp", "tcp4" }) do
        local object = assert(socket[constructor]())
        object:settimeout(5)
        check.equal("FIX-5 " .. constructor, values(object:connect(name, port)), { n = 1, 1 })
        check.equal("FIX-5 " .. constructor .. ": the address", (object:getpeername()), last)
        object:send("line\n")
        local accepted = server:accept()
        while accepted and (accepted:getsockname()) ~= last do accepted = server:accept() end
        object:close()
    end
    local configured = socket.tcp4()
    configured:setoption("tcp-nodelay", true)
    configured:connect(name, port)
    check.equal("FIX-5: what was set holds for every address", configured:getoption("tcp-nodelay"), true)
    configured:close()

    server:close()
    check.equal("D7 a closed port", values(socket.connect(name, port)), { n = 2, nil, "connection refused" })
    local object = socket.tcp()
    object:settimeout(5)
    check.equal("D7 of an object", values(object:connect(name, port)), { n = 2, nil, "connection refused" })
    object:close()
    collectgarbage()
    collectgarbage()
    check.ok("FIX-5: no descriptor is left", footprint.next_descriptor() <= before, footprint.next_descriptor())
end

-- Another family gets a new descriptor.
local v4 = assert(socket.bind("127.0.0.3", 0))
local _, port = v4:getsockname()
local mixed = assert(socket.connect("mixed.test", port))
check.equal("tcp.connect.2 the other family", { mixed:getpeername() }, { "127.0.0.3", port, "inet" })
check.equal("tcp.connect.2 of an object", (function()
    local object = socket.tcp()
    return { object:connect("mixed.test", port), object:getfamily() }
end)(), { 1, "inet4" })
check.equal("FIX-3 only the family asked for", values(socket.connect6("mixed.test", port)),
    { n = 2, nil, "connection refused" })

-- D8: descriptors that exceed the limit of select.
local many = {}
for i = 1, 1100 do many[i] = assert(socket.udp4()) end
check.ok("D8 a large number", many[1100]:getfd() >= 1024, many[1100]:getfd())
check.equal("D8 FIX-6", { #(select(2, socket.select(nil, { many[1100] }, 0))) }, { 1 })
for i = 1, 1100 do many[i]:close() end

-- D21
check.equal("D21 FIX-8", values(socket.dns.getnameinfo("203.0.113.1")),
    { n = 2, nil, "temporary failure in name resolution" })
check.equal("dns.7", values(socket.dns.getaddrinfo("elsewhere.test")),
    { n = 2, nil, "temporary failure in name resolution" })
check.equal("dns.5", values(socket.dns.toip("elsewhere.test")), { n = 2, nil, "Host name lookup failure" })
check.done()
