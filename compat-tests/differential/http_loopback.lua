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
    local path, ending = line:match("^%u+ (/%a*)/?(%a*)")
    if path == "/end" then break end
    while line ~= "" do line = c:receive() end
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

http.TIMEOUT = 0.3
local function get(label, path)
    local sink, seen = fake.sink()
    show(label, http.request({ url = "http://127.0.0.1:" .. server.port .. path, sink = sink }))
    show(label .. " sink", seen())
end

get("http.s.160", "/silent/stall")
get("http.s.161", "/status/stall")
get("http.s.162", "/three/stall")
get("http.s.163", "/headers/stall")
get("http.s.164", "/length/stall")
get("http.s.165", "/chunk/stall")
get("http.s.166", "/size/stall")
get("http.s.167", "/trailers/stall")
get("http.s.172", "/silent")
get("closed in a body", "/length")
get("close-delimited body", "/close")
get("whole body, then a stall", "/whole/stall")

-- resets: the client sends one byte more when it has the reply, and the server then closes with a reset
http.TIMEOUT = 5
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

http.TIMEOUT = 60
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
