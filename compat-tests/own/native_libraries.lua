-- not on: runner
-- needs: certs
-- Two native libraries: `socket/core`, and `socket/tls_core` for programs that use TLS.
local check = require("check")
local socket = require("socket")
for _, name in ipairs({ "socket.http", "socket.ftp", "socket.smtp", "socket.unix", "socket.serial", "mime", "ltn12" }) do
    require(name)
end

local maps = assert(io.open("/proc/self/maps"), "needs /proc")
maps:close()
local function loaded(pattern)
    for line in io.lines("/proc/self/maps") do
        if line:find(pattern) then return true end
    end
    return false
end

-- the metatables that LuaSec and others read from objects, and a copy of each
local OBJECTS = { ["tcp{master}"] = socket.tcp(), ["tcp{server}"] = socket.bind("127.0.0.1", 0), ["udp{unconnected}"] = socket.udp() }
local function classes()
    local found = {}
    for name, object in pairs(OBJECTS) do
        local methods, metatable = {}, getmetatable(object)
        for key, value in pairs(metatable.__index) do methods[key] = value end
        found[name] = { metatable, metatable.__index, methods }
    end
    return found
end
local before = classes()
check.equal("no TLS in memory before it is used", { loaded("tls_core"), loaded("/libssl"), loaded("/libcrypto") },
    { false, false, false })

local ssl = require("socket.tls")
check.equal("the library for TLS is loaded with socket.tls", loaded("tls_core"), true)
local after = classes()
for name in pairs(OBJECTS) do
    check.ok(name .. " is the same", before[name][1] == after[name][1] and before[name][2] == after[name][2])
    local same = true
    for key, value in pairs(before[name][3]) do same = same and after[name][3][key] == value end
    check.ok(name .. " has the same methods", same)
end
local tcp = socket.tcp()
check.ok("objects are of the same class", getmetatable(tcp) == before["tcp{master}"][1])

-- A4: the object whose descriptor is taken over needs only methods
local plain = socket.tcp4()
local number = plain:getfd()
local connection = assert(ssl.wrap(plain, { mode = "client", protocol = "any" }))
check.equal("wrap takes the descriptor over", { plain:getfd(), connection:getfd() }, { -1, number })
local r, w = socket.select({ connection }, { connection }, 0)
check.ok("select takes both libraries' objects", type(r) == "table" and type(w) == "table")
connection:close()

-- A4: no descriptor is lost when a TLS object cannot be created
local native = require("socket.native")
package.loaded["socket.tls"], package.loaded["socket.native"] = nil, function(name)
    return setmetatable({ adopt = function() error("not enough memory", 0) end }, { __index = native(name) })
end
local broken = require("socket.tls")
plain = socket.tcp4()
number = plain:getfd()
check.raises("no memory for a TLS object", "^not enough memory$", broken.wrap, plain, { mode = "client", protocol = "any" })
check.equal("the socket keeps its descriptor", plain:getfd(), number)
plain:close()

-- Δ11: received data is taken over, but only a bounded amount
local listener = assert(socket.bind("127.0.0.1", 0))
local sender = assert(socket.connect("127.0.0.1", (select(2, listener:getsockname()))))
local receiver = assert(listener:accept())
sender:settimeout(0)
sender:send("STARTTLS\n" .. ("x"):rep(8 * 1024 * 1024))
check.equal("its line", receiver:receive(), "STARTTLS")
local taken, more = 0, ("x"):rep(1024 * 1024)
local object = setmetatable({ receive = function(_, ...)
    local data, problem, partial = receiver:receive(...)
    taken = taken + #(data or partial)
    if #(data or partial) > 1 then sender:send(more) end    -- this arrives in the meantime
    return data, problem, partial
end }, { __index = function(_, name) return function(_, ...) return receiver[name](receiver, ...) end end })
connection = assert(ssl.wrap(object, require("tls").server()))
check.ok("a piece is taken, and what was in the buffer then", taken > 0 and taken <= 2 * 65536, taken)
connection:close()
sender:close()
listener:close()

-- A mix of files from two installations is detected before it is used.
local function fresh()
    package.loaded["socket.native"], package.loaded["socket.tls"] = nil, nil
    return require("socket.native")
end
local loadlib = package.loadlib
function package.loadlib(path, name) -- luacheck: ignore 122
    if name == "luaopen_socket_version" then return function() return "0.0.9" end end
    return loadlib(path, name)
end
check.raises("another version", "^luasocket%-rs: .*tls_core.* has version [%d.]+, but .*core.* has version 0%.0%.9; install both",
    fresh(), "socket_tls_core")
package.loadlib = loadlib -- luacheck: ignore 122
check.equal("the same version", type(fresh()("socket_tls_core")), "table")

-- everything else works where the TLS library is not installed
local core
for template in package.cpath:gmatch("[^;]+") do
    local path = template:gsub("%?", "socket/core")
    local file = io.open(path, "rb")
    core = core or file and path
    if file then file:close() end
end
assert(os.execute("mkdir socket && ln -s '" .. core .. "' socket/core.so"))
-- The output of a separate program: Lua 5.1 reports only once why a module does not load.
local function with_core_alone(text)
    local script = assert(io.open("alone.lua", "w"))
    script:write(text)
    script:close()
    local child = assert(io.popen("LUA_CPATH='./?.so' " .. os.getenv("COMPAT_LUA") .. " alone.lua 2>&1"))
    local output = child:read("*a")
    child:close()
    return output
end
check.equal("core alone", with_core_alone('print(require("socket")._VERSION)'), "LuaSocket 3.1.0\n")
local MISSING = "^false%s.*luasocket%-rs: %./socket/tls_core%.so: "
for name, text in pairs({
    ["socket.tls"] = 'print(pcall(require, "socket.tls"))',
    ["http.request of https"] = 'print(pcall(require("socket.http").request, "https://localhost/"))',
}) do
    local output = with_core_alone(text)
    check.ok(name .. " says which file is missing", output:find(MISSING), output)
end

-- A library that cannot be loaded: the error contains the loader's reason.
assert(os.execute("rm socket/core.so"))
local damaged = assert(io.open("socket/core.so", "wb"))
damaged:write("no library")
damaged:close()
for _, name in ipairs({ "socket", "mime", "socket.unix", "socket.serial", "socket.url", "socket.http", "ssl" }) do
    local output = with_core_alone(("print(pcall(require, %q))"):format(name))
    check.ok(name .. " tells the loader's reason", output:find("socket/core.so: ", 1, true) and
        (output:find("file too short", 1, true) or output:find("invalid ELF header", 1, true)), output)
end
check.done()
