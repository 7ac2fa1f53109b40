-- LuaSocket's native library and this one in one Lua state: each rejects the other's objects: add.58.
-- not on: lua5.5, runner, runner-lua5.5
local check = require("check")

local version = _VERSION:match("%d%.%d")
local found = io.popen("ls /usr/lib/*/lua/" .. version .. "/socket/core.so /usr/lib/lua/" .. version .. "/socket/core.so 2>/dev/null")
local path = found:read("*l")
found:close()
local open = path and package.loadlib(path, "luaopen_socket_core")
check.ok("LuaSocket's library is installed", open, path)

-- The test runs in both load orders.
local theirs_first = arg[1] == "theirs first"
local theirs = theirs_first and open("socket.core")
local ours = require("socket")
theirs = theirs or open("socket.core")
local metatables = {}
for _, library in ipairs({ ours, theirs }) do
    for _, object in ipairs({ library.tcp(), library.udp() }) do
        check.ok("a separate metatable: " .. tostring(object):match("%S+"), not metatables[getmetatable(object)])
        metatables[getmetatable(object)] = true
    end
end
check.equal("ours are not in the registry", {
    debug.getregistry()["tcp{master}"] == getmetatable(ours.tcp()), debug.getregistry()["udp{unconnected}"] == getmetatable(ours.udp()),
}, { false, false })

local function pair(library)
    local server = assert(library.tcp())
    assert(server:bind("127.0.0.1", 0))
    assert(server:listen())
    local client = assert(library.tcp())
    assert(client:connect("127.0.0.1", (select(2, server:getsockname()))))
    return client, assert(server:accept()), server
end
local our_client, our_peer, our_server = pair(ours)
local their_client, their_peer, their_server = pair(theirs)
for name, ends in pairs({ ours = { our_client, our_peer }, theirs = { their_client, their_peer } }) do
    assert(ends[1]:send("hello\n"))
    check.equal(name .. " work", (ends[2]:receive()), "hello")
end
for method, argument in pairs({ send = "x", receive = 1, settimeout = 1, getfd = 0, close = 0 }) do
    check.raises("ours refuses theirs: " .. method, "expected", our_client[method], their_client, argument)
    check.raises("theirs refuses ours: " .. method, "expected", their_client[method], our_client, argument)
end
check.raises("ours refuses theirs: accept", "expected", our_server.accept, their_server)
check.raises("theirs refuses ours: accept", "expected", their_server.accept, our_server)
local readable = ours.select({ our_peer, their_peer }, nil, 0)
check.equal("select accepts a foreign class", #readable, 0)
their_client:send("y")
check.equal("it takes both", ours.select({ our_peer, their_peer }, nil, 5)[1], their_peer)
check.equal("theirs too", theirs.select({ our_peer, their_peer }, nil, 5)[1], their_peer)

-- From Lua 5.2 on, all classes of a family share one function per method, as in LuaSocket.
local function same(library, method, ...)
    local objects, answers = { ... }, {}
    for i, object in ipairs(objects) do answers[i] = object[method] == objects[1][method] end
    local first = objects[1]
    return answers, first.connect == first.setpeername, first.bind == first.setsockname, library.udp().close == first.close
end
for _, method in ipairs({ "close", "connect", "send", "receive", "settimeout", "setoption" }) do
    check.equal("identity of " .. method, { same(ours, method, our_client, our_server, ours.tcp()) },
        { same(theirs, method, their_client, their_server, theirs.tcp()) })
end
for _, object in ipairs({ our_client, our_peer, our_server, their_client, their_peer, their_server }) do object:close() end
if not theirs_first then
    local child = io.popen(os.getenv("COMPAT_LUA") .. " '" .. arg[0] .. "' 'theirs first' 2>&1")
    local output = child:read("*a")
    child:close()
    check.ok("with theirs loaded first", output:find("%d passed, 0 failed"), output)
end
check.done()
