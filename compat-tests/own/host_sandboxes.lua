-- Hosts that hide or replace parts of Lua's libraries: every module loads with the functions that LuaSocket needs:
-- add.59.
local check = require("check")

local is_windows = package.config:sub(1, 1) == "\\"
-- Windows has no socket.unix and no socket.serial.
local MODULES = { "mime", "ltn12", "socket.url", "socket", "socket.headers", "socket.tp", "socket.ftp", "socket.smtp", "socket.http",
    "socket.tls", "ssl", "ssl.https", not is_windows and "socket.unix" or nil, not is_windows and "socket.serial" or nil }
local CLASS = is_windows and '"none"' or 'require("socket.unix")().class'

-- Code that each host runs before a script.
local HOSTS = {
    { "no package.loaded", [[local p = package
        package = { path = p.path, cpath = p.cpath, config = p.config, loadlib = p.loadlib }]] },
    { "no package.loadlib", [[local p = package
        package = { path = p.path, cpath = p.cpath, config = p.config, loaded = p.loaded }]] },
    { "an empty package", [[package = {}]] },
    { "no package", [[package = nil]] },
    { "no io", [[io = nil]] },
    { "an io without open", [[io = { write = io.write, type = io.type }]] },
    { "a game's sandbox", [[local p = package
        package = { path = p.path, cpath = p.cpath, config = p.config, searchpath = p.searchpath }
        io = { close = io.close, flush = io.flush, read = io.read, type = io.type, write = io.write }
        debug = { gethook = debug.gethook, traceback = debug.traceback, getinfo = debug.getinfo }
        os = { clock = os.clock, date = os.date, difftime = os.difftime, getenv = os.getenv, time = os.time }
        load, loadstring, loadfile, dofile = nil, nil, nil, nil]] },
    { "no coroutine", [[coroutine = nil]] },
    { "functions of coroutine that may not be called yet", [[for name, real in pairs(coroutine) do
            coroutine[name] = function(...)
                if not loaded then error("no request is served yet", 0) end
                return real(...)
            end
        end]] },
}
local SCRIPT = 'for _, name in ipairs({ "' .. table.concat(MODULES, '", "') .. [[" }) do
    local loaded, problem = pcall(require, name)
    if not loaded then write(name, ": ", problem, "\n") end
end
loaded = true
local socket, ltn12, mime = require("socket"), require("ltn12"), require("mime")
local collected = {}
ltn12.pump.all(ltn12.source.chain(ltn12.source.string("hello"), mime.encode("base64")), (ltn12.sink.table(collected)))
write(table.concat(collected), " ", require("socket.url").parse("http://a/b").path, " ")
write(]] .. CLASS .. [[, "\n")
local server = assert(socket.bind("127.0.0.1", 0))
local client = assert(socket.connect("127.0.0.1", (select(2, server:getsockname()))))
client:send("line\n")
write((server:accept():receive()), " ", tostring(socket.protect(function() socket.try(nil, "failed") end)()), "\n")
server:close()
write(tostring(select(2, require("socket.http").request("http://127.0.0.1:1/"))), "\n")
write(type(require("ssl").newcontext({ mode = "client", protocol = "any" })), "\n")
write(tostring(select(2, require("ssl.https").request("https://127.0.0.1:1/"))), "\n")
]]
local EXPECTED = "aGVsbG8= /b " .. (is_windows and "none" or "unixstream{master}")
    .. "\nline nil\nconnection refused\nuserdata\nconnection refused\n"

for _, host in ipairs(HOSTS) do
    local file = assert(io.open("script.lua", "w"))
    file:write("local out = io.stdout\nlocal function write(...) out:write(...) end\n", host[2], "\n", SCRIPT)
    file:close()
    local child = assert(io.popen(os.getenv("COMPAT_LUA") .. " script.lua 2>&1"))
    check.equal(host[1], (child:read("*a"):gsub("\r", "")), EXPECTED)
    child:close()
end
check.done()
