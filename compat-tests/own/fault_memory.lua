-- Out of memory: every operation ends with an error, the process continues, and no descriptor or byte is mixed up.
-- not on: runner
-- time limit: 120
require("interposed").within("ulimit -v 400000;")
local check = require("check")
local peer = require("peer")
local socket = require("socket")
local http = require("socket.http")
local mime = require("mime")
local url = require("socket.url")
http.TIMEOUT = 30
-- LuaJIT's compiler does not survive running out of memory; its interpreter does.
local jit = rawget(_G, "jit")
if jit then jit.off() end

-- Sends 512 MiB in one line, with the framing that the path selects.
local server = peer.lua([[
local socket = require("socket")
local listener = assert(socket.bind("127.0.0.1", 0))
print((select(2, listener:getsockname())))
local HEADS = {
    length = "Content-Length: 536870912\r\n\r\n", chunk = "Transfer-Encoding: chunked\r\n\r\n20000000\r\n",
    small = "Content-Length: 2\r\n\r\nok",
}
local piece = ("0123456789abcdef"):rep(65536)
while true do
    local client = listener:accept()
    local path = (client:receive() or ""):match("^%u+ /(%a+)")
    if not path then break end
    repeat until client:receive() == ""
    if HEADS[path] then client:send("HTTP/1.1 200 OK\r\n" .. HEADS[path]) end
    if path ~= "small" then
        for _ = 1, 512 do
            if not client:send(piece) then break end
        end
    end
    client:close()
end
]])

local function connected(path)
    local client = assert(socket.connect("127.0.0.1", server.port))
    client:settimeout(30)
    assert(client:send("GET /" .. path .. " HTTP/1.1\r\n\r\n"))
    return client
end
local base = "http://127.0.0.1:" .. server.port .. "/"
local function request(path)
    return http.request(base .. path)
end

-- Whether an operation failed because of memory: an error we return, or one that Lua raises.
local function exhausted(label, client, f, ...)
    local ok, result, problem = pcall(f, ...)
    if client then client:close() end
    local message = ok and problem or result
    check.ok(label, (not ok or result == nil) and type(message) == "string" and
        (message:find("not enough memory", 1, true) or message:find("Cannot allocate memory", 1, true)), tostring(message):sub(1, 80))
    collectgarbage()
    collectgarbage()
    check.equal(label .. ": afterwards", (request("small")), "ok")
end
for _, pattern in ipairs({ "*a", "*l", 536870912 }) do
    local client = connected("raw")
    exhausted("receive " .. pattern, client, client.receive, client, pattern)
end
exhausted("http.request, a chunk of 512 MiB", nil, request, "chunk")
exhausted("http.request, 512 MiB into one string", nil, request, "length")

-- Each call keeps its result, until memory runs out.
local function repeated(f, argument)
    local held = {}
    for i = 1, 20 do held[i] = f(i .. argument) end
    return #held
end
local text = ("x"):rep(60000000)
exhausted("http.request, headers of 180 MB", nil, http.request,
    { url = base .. "small", headers = { x = text, y = text, z = text } })
exhausted("mime.b64", nil, repeated, mime.b64, text)
exhausted("mime.qp", nil, repeated, mime.qp, text)
exhausted("url.escape", nil, repeated, url.escape, text)

-- The same in small pieces, with little memory left: each result is several times as long as its input.
local ballast = {}
pcall(function()
    while true do ballast[#ballast + 1] = #ballast .. ("x"):rep(1000000) end
end)
for i = math.max(1, #ballast - 24), #ballast do ballast[i] = nil end
collectgarbage()
collectgarbage()
local function filled(f, piece)
    local held = {}
    for i = 1, 100000 do held[i] = f(i .. piece) end
    return #held
end
local native_fields = require("socket.native")("socket_http").fields
local functions = {
    b64 = mime.b64,
    qp = mime.qp,
    ["qp, a long marker"] = function(given) return (mime.qp(given, "", ("m"):rep(40))) end,
    unqp = mime.unqp,
    wrp = function(given) return (mime.wrp(1, given, 1)) end,
    qpwrp = function(given) return (mime.qpwrp(1, given, 1)) end,
    eol = function(given) return (mime.eol(0, given, ("m"):rep(40))) end,
    dot = function(given) return (mime.dot(2, given)) end,
    ["url.escape"] = url.escape,
    ["url.unescape"] = function(given) return url.unescape("%41" .. given) end,
    ["url.build"] = function(given) return url.build({ scheme = "s", path = given }) end,
    ["url.build_path"] = function(given) return url.build_path({ given, given }) end,
    ["url.absolute"] = function(given) return url.absolute("http://host/a/b", "./x/../" .. given) end,
    ["fields of a head"] = function(given) return native_fields({ "name: " .. given, "name: x" }, 2) end,
}
for _, size in ipairs({ 900000, 200000, 20000, 2000 }) do
    for name, f in pairs(functions) do
        exhausted(("%s, pieces of %d bytes"):format(name, size), nil, filled, f, ("\0\r\n.=a/b/"):rep(math.floor(size / 9)))
    end
end
local last = assert(socket.connect("127.0.0.1", server.port))
last:close()
server:close()
check.done()
