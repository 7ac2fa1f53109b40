-- The reference's defects in TCP and select: D1-D9, D18-D22 of the contract, FIX-1 to FIX-22.
local check = require("check")
local footprint = require("footprint")
local socket = require("socket")

local is_windows = package.config:sub(1, 1) == "\\"
-- wine has no text for the code.
local OTHER_FAMILY = is_windows and "Unknown error" or "Address family for hostname not supported"

local server = assert(socket.bind("127.0.0.1", 0))
local _, port = server:getsockname()
local function pair()
    local client = assert(socket.connect("127.0.0.1", port))
    return client, assert(server:accept())
end
local function values(...) return { n = select("#", ...), ... } end
check.equal("D1 FIX-1: the port is a number", type(port), "number")
if math.type then check.equal("D1: of the integer subtype", math.type(port), "integer") end
check.equal("D2 FIX-2", socket._VERSION, "LuaSocket 3.1.0")
check.equal("D3 FIX-3", values(socket.connect6("127.0.0.1", port)), { n = 2, nil, OTHER_FAMILY })
local six = socket.bind("::1", 0)
if six then
    check.equal("D4 FIX-3", values(socket.connect4("::1", (select(2, six:getsockname())))),
        { n = 2, nil, OTHER_FAMILY })
end

local before = footprint.next_descriptor()
for _ = 1, 5 do socket.connect("127.0.0.1", port, "127.0.0.1", port) end
check.equal("D5 FIX-4: no descriptor is left", footprint.next_descriptor(), before)
for i = 1, 20 do
    socket.connect("127.0.0.1", 1)
    -- A machine's name server may be slow.
    if i <= 2 then socket.connect("no.such.host.invalid", 1) end
    socket.bind("203.0.113.7", 0)
    socket.bind("127.0.0.1", port)
end
check.equal("add.30: failures leave no descriptor", footprint.next_descriptor(), before)

check.equal("D9 FIX-7: a limit beyond what poll can count", (function()
    local client = pair()
    local r, w, e = socket.select(nil, { client }, 1e10)
    return { #r, #w, w[1] == client, e }
end)(), { 0, 1, true, nil })
local started = socket.gettime()
socket.sleep(0 / 0)
check.ok("FIX-7: sleep of not-a-number returns", socket.gettime() - started < 5)

if not is_windows then check.equal("D18 FIX-15", socket.tcp4():getoption("bindtodevice"), "") end
local client, peer = pair()
peer:send("data")
peer:close()
check.equal("D19 FIX-16", values(client:receive(math.huge)), { n = 3, nil, "closed", "data" })
for _, size in ipairs({ 2 ^ 53, 2 ^ 63, 2 ^ 64, 1e300 }) do
    local c, p = pair()
    p:send("data")
    p:close()
    check.equal("FIX-16: " .. size, values(c:receive(size)), { n = 3, nil, "closed", "data" })
end
for _, host in ipairs({ "127.0.0.1\0junk", "\0", "localhost\0" }) do
    check.equal("D20 FIX-17", values(socket.connect(host, port)),
        { n = 2, nil, "host or service not provided, or not known" })
    check.equal("FIX-17 bind", values(socket.tcp4():bind(host, 0)),
        { n = 2, nil, "host or service not provided, or not known" })
    check.equal("FIX-17 getaddrinfo", values(socket.dns.getaddrinfo(host)),
        { n = 2, nil, "host or service not provided, or not known" })
end
check.equal("FIX-17 service", values(socket.connect("127.0.0.1", port .. "\0")),
    { n = 2, nil, "host or service not provided, or not known" })
local c, p = pair()
c:setstats(-1)
check.equal("D22 FIX-21", (c:getstats()), -1)
check.equal("FIX-22: an integral float is a port", type(socket.connect("127.0.0.1", tonumber(port .. ".0"))), "userdata")

-- FIX-18: a foreign userdata that looks like one of our objects is rejected.
local methods = getmetatable(c).__index
for name, method in pairs(methods) do
    if type(method) == "function" then
        check.raises("FIX-18: " .. name, "expected", method, io.stdout)
    end
end
if newproxy then
    local proxy = newproxy(true)
    check.raises("FIX-18: newproxy", "expected", methods.send, proxy, "x")
    check.raises("FIX-18: newproxy tostring", "invalid object", getmetatable(c).__tostring, proxy)
end
p:close()

-- mod.9: a second instance shares the classes, but not the errors.
package.loaded["socket.core"] = nil
local second = require("socket.core")
check.ok("mod.9: a new table", second ~= socket)
check.ok("mod.9: the same class", getmetatable(second.tcp4()) == getmetatable(socket.tcp4()))
local ok, raised = pcall(second.protect(function() socket.try(nil, "x") end))
check.ok("mod.9: errors of the other instance pass", not ok and type(raised) == "table" and raised[1] == "x")

-- class.12 and KEEP-14: an object may be used after its __gc has run.
local third = socket.connect("127.0.0.1", port)
getmetatable(third).__gc(third)
check.equal("a finalized object acts as closed", values(third:receive()), { n = 3, nil, "closed", "" })
check.equal("misc.3: skip by a very negative count", select("#", socket.skip(-2 ^ 31, "a", "b")), 3)
check.equal("a finalized object is not sent to", values(third:send("x")), { n = 3, nil, "closed", 0 })

check.done()
