-- The string form of request on real connections: bodies by length and until close, complete, truncated and slow. Also
-- the calls that a program sees when it has replaced a pump or a source (http.module.6, http.body.receive).
local show = require("show")
local peer = require("peer")
local socket = require("socket")
local ltn12 = require("ltn12")
local http = require("socket.http")

-- A server in a separate process, one connection per request. The path gives the announced length, the size of each
-- part, the number of parts, the pause before each part, and the ending.
local SERVER = [[
local socket = require("socket")
local listener = assert(socket.bind("127.0.0.1", 0))
print((select(2, listener:getsockname())))
io.stdout:flush()
for _ = 1, %d do
    local c = listener:accept()
    c:setoption("tcp-nodelay", true)
    local line = c:receive()
    local announced, size, parts, pause, ending = line:match("/([-0-9]+)/([0-9]+)/([0-9]+)/([0-9.]+)/([a-z]+)")
    while line ~= "" do line = c:receive() end
    c:send("HTTP/1.1 200 OK\r\n" .. (announced == "-1" and "" or "Content-Length: " .. announced .. "\r\n") .. "\r\n")
    for i = 1, tonumber(parts) do
        if tonumber(pause) > 0 then socket.sleep(tonumber(pause)) end
        if not c:send(string.char(96 + i):rep(tonumber(size))) then break end
    end
    if ending == "stall" then
        c:receive()
    elseif ending == "reset" then
        c:receive(1)
        c:setoption("linger", { on = true, timeout = 0 })
    end
    c:close()
end
]]
local server

local function get(label, path)
    local body, code, headers, status = http.request("http://127.0.0.1:" .. server.port .. path)
    if body then
        show(label, #body, body:sub(1, 3), body:sub(-3), code, headers, status)
    else
        show(label, body, code, headers, status)
    end
end

-- Uses a separate server, because it may still be busy with the last request.
local function get_slowly(label, path)
    server = peer.lua(SERVER:format(1))
    get(label, path)
end

server = peer.lua(SERVER:format(26))
http.TIMEOUT = 10
get("a length", "/1024/1024/1/0/close")
get("no bytes", "/0/0/0/0/close")
get("a large length", "/3000000/300000/10/0/close")
get("more than announced", "/10/20/1/0/close")
get("fewer than announced", "/30/10/1/0/close")
get("fewer than a piece, announced as more than any memory", "/99999999999999/10/1/0/close")
get("announced with more digits than a number has", "/99999999999999999999999999/5000/1/0/close")
get("until close", "/-1/1000/7/0/close")
get("until close, large", "/-1/300000/10/0/close")
get("until close, no bytes", "/-1/0/0/0/close")

-- Every function in the chain can be replaced, and is called for each piece.
local calls
local function counting(original)
    return function(...)
        calls = calls + 1
        return original(...)
    end
end
local function replaced(label, where, name)
    local original = where[name]
    where[name] = counting(original)
    for _, framing in ipairs({ "/5000", "/-1" }) do
        calls = 0
        get(label .. " " .. framing, framing .. "/1000/5/0/close")
        -- add.46: the number of pieces of a body without length depends on how it arrives
        show(label .. " calls", name == "step" and framing == "/-1" and calls > 0 or calls)
    end
    where[name] = original
end
replaced("pump.step", ltn12.pump, "step")
replaced("pump.all", ltn12.pump, "all")
replaced("socket.source", socket, "source")
replaced("by-length", socket.sourcet, "by-length")
replaced("until-closed", socket.sourcet, "until-closed")
replaced("default", socket.sourcet, "default")

-- A source defined by the program gets all requests for pieces.
local original = socket.sourcet["by-length"]
socket.sourcet["by-length"] = function() return ltn12.source.string("mine") end
get("a separate source", "/5000/1000/5/0/close")
socket.sourcet["by-length"] = original

-- Methods of the socket are called.
local listener = assert(socket.bind("127.0.0.1", 0))
local client = assert(socket.connect("127.0.0.1", (select(2, listener:getsockname()))))
local methods = getmetatable(client).__index
for _, name in ipairs({ "receive", "close" }) do
    local kept = methods[name]
    methods[name] = counting(kept)
    -- add.46: a body without length is received as it arrives
    for _, framing in ipairs({ "/5000", name == "close" and "/-1" or nil }) do
        calls = 0
        get(name .. " " .. framing, framing .. "/1000/5/0/close")
        show(name .. " calls", calls)
    end
    methods[name] = kept
end
client:close()
listener:close()

-- The limit applies to one piece: a body may take longer, a piece may not.
http.TIMEOUT = 0.5
get_slowly("pieces come slowly", "/12288/2048/6/0.2/close")
get_slowly("pieces come slowly until close", "/-1/2048/6/0.2/close")
get_slowly("bytes come slowly", "/100/1/20/0.2/close")
get_slowly("bytes come slowly until close", "/-1/1/20/0.2/close")
get_slowly("it stalls", "/5000/4999/1/0/stall")
get_slowly("it stalls after a piece", "/5000/2048/1/0/stall")
get_slowly("it stalls before it closes", "/-1/5000/1/0/stall")
