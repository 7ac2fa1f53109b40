-- Time limits and early ends on real connections (http.s.45, http.s.160-172).
local show = require("show")
local fake = require("fake_http")
local peer = require("peer")
local socket = require("socket")
local http = require("socket.http")

-- A server in a separate process: one connection per request, and the path selects the action. It ends on a request for
-- /end.
local SERVER = [[
local socket = require("socket")
local listener = assert(socket.bind("127.0.0.1", 0))
print((select(2, listener:getsockname())))
io.stdout:flush()
local OK = "HTTP/1.1 200 OK\r\n"
local replies = {
    ["/silent"] = "",
    ["/status"] = "HTTP/1.1 20",
    ["/three"] = "HTT",
    ["/headers"] = OK .. "A: b\r\nC",
    ["/length"] = OK .. "Content-Length: 5\r\n\r\nabc",
    ["/chunk"] = OK .. "Transfer-Encoding: chunked\r\n\r\n5\r\nabc",
    ["/size"] = OK .. "Transfer-Encoding: chunked\r\n\r\n5",
    ["/trailers"] = OK .. "Transfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n",
    ["/close"] = OK .. "\r\nabc",
    ["/old"] = "hello world",
    ["/whole"] = OK .. "Content-Length: 5\r\n\r\nwhole",
}
while true do
    local c = listener:accept()
    local line = c:receive()
    -- a client whose limit ended before its request was sent has closed the connection
    local path, ending = (line or ""):match("^%u+ (/%a*)/?(%a*)")
    if path == "/end" then break end
    while line and line ~= "" do line = c:receive() end
    c:send(replies[path] or "")
    if ending == "stall" then
        -- until the client gives up
        c:receive()
    elseif ending == "reset" then
        c:receive(1)
        c:setoption("linger", { on = true, timeout = 0 })
    end
    c:close()
end
]]
local server = peer.lua(SERVER)

-- A limit in which a busy machine always answers, and one that ends a stall.
local LONG, SHORT = 60, 0.3

local function get(label, path, request)
    local sink, seen = fake.sink()
    request = request or {}
    request.url, request.sink = "http://127.0.0.1:" .. server.port .. path, sink
    show(label, http.request(request))
    show(label .. " sink", seen())
end

-- The result is the same when the limit ends earlier than meant: while the connection is made, or before the reply is there.
http.TIMEOUT = SHORT
get("http.s.160", "/silent/stall")
get("http.s.161", "/status/stall")
get("http.s.162", "/three/stall")
get("http.s.163", "/headers/stall")

-- Here the sink shows how far the request came. So the short limit begins when the reply is there: the server sends it
-- before it gets a body, and in one piece. The request's empty body ends only then.
http.TIMEOUT = LONG
local function get_part(label, path)
    local sock
    get(label, path, {
        headers = { ["content-length"] = "0" },
        create = function()
            sock = socket.tcp()
            return sock
        end,
        source = function()
            assert(socket.select({ sock }, nil, LONG)[1], "no reply")
            sock:settimeout(SHORT)
        end,
    })
end
get_part("http.s.164", "/length/stall")
get_part("http.s.165", "/chunk/stall")
get_part("http.s.166", "/size/stall")
get_part("http.s.167", "/trailers/stall")

-- no limit ends these
get("http.s.172", "/silent")
get("closed in a body", "/length")
get("close-delimited body", "/close")
get("whole body, then a stall", "/whole/stall")

-- resets: the client sends one byte more when it has the reply, and the server then closes with a reset
local function reset(label, path)
    local sink, seen = fake.sink()
    show(label, http.request({
        url = "http://127.0.0.1:" .. server.port .. path, sink = sink,
        create = function()
            local sock = socket.tcp()
            local object = {}
            for _, name in ipairs({ "settimeout", "connect", "send", "close" }) do
                object[name] = function(_, ...) return sock[name](sock, ...) end
            end
            function object.receive(_, pattern, ...)
                -- before the body is read
                if pattern == 2048 or pattern == 5 and object.started then sock:send("!") end
                object.started = true
                if pattern then return sock:receive(pattern, ...) end
                return sock:receive()
            end
            return object
        end,
    }))
    show(label .. " sink", seen())
end
reset("http.s.170", "/close/reset")
reset("http.s.171", "/length/reset")

http.request("http://127.0.0.1:" .. server.port .. "/end")
server:close()
show("http.s.45", http.request("http://127.0.0.1:" .. server.port .. "/"))

-- Names and ports to which no connection is possible (http.request.8); none of them reaches a name server.
show("http.s.46", http.request("http://a..b/"))
for _, address in ipairs({ "h h", "[::zz]", "127.0.0.1:abc", "127.0.0.1:-1" }) do
    show("no such address: " .. address, http.request("http://" .. address .. "/"))
end
show("a port with a fraction", http.request({ url = "http://127.0.0.1/", port = 1.5 }))
show.raise("a port that is no port", function() return (pcall(http.request, { url = "http://127.0.0.1/", port = {} })) end)
