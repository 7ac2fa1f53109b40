-- Rules for our sockets: one write for a head, bounded reads, nothing left open.
local check = require("check")
local peer = require("peer")
local socket = require("socket")
local http = require("socket.http")
local ltn12 = require("ltn12")

-- A server in a separate process; the request's path selects its action.
local SERVER = [[
local socket = require("socket")
local listener = assert(socket.bind("127.0.0.1", 0))
print((select(2, listener:getsockname())))
io.stdout:flush()
local OK = "HTTP/1.1 200 OK\r\n"
local replies = {
    ["/ok"] = OK .. "Content-Length: 2\r\n\r\nok",
    ["/status"] = "HTTP/1.1 200 " .. ("x"):rep(3000),
    ["/header"] = OK .. "A: " .. ("x"):rep(3000),
    ["/block"] = OK .. ("A: b\r\n"):rep(1000),
    ["/size"] = OK .. "Transfer-Encoding: chunked\r\n\r\n1;" .. ("x"):rep(3000),
    ["/trailer"] = OK .. "Transfer-Encoding: chunked\r\n\r\n0\r\nA: " .. ("x"):rep(3000),
    ["/chunked"] = OK .. "Transfer-Encoding: chunked\r\n\r\n3;e\r\nabc\r\n0\r\nA: b\r\n\r\n",
    ["/malformed"] = OK .. "x\r\n\r\n",
    ["/cut"] = OK .. "Content-Length: 5\r\n\r\nabc",
    ["/away"] = "HTTP/1.1 302 x\r\nLocation: /malformed\r\n\r\n",
    ["/close"] = OK .. "\r\nabc",
}
while true do
    local c = listener:accept()
    -- a client whose limit ended before its request was sent has closed the connection
    local line = c:receive() or ""
    local path, ending = line:match("^%u+ (/%a*)/?(%a*)")
    if path == "/end" then break end
    local length
    while line ~= "" do
        line = c:receive() or ""
        length = tonumber(line:match("^Content%-Length: (%d+)")) or length
    end
    local body = length and c:receive(length)
    if path == "/echo" then
        c:send(OK .. "Content-Length: " .. #body .. "\r\n\r\n" .. body)
    else
        c:send(replies[path] or "")
    end
    if ending == "stall" then
        -- until the client closes
        c:receive("*a")
    elseif ending == "reset" then
        c:setoption("linger", { on = true, timeout = 0 })
    end
    c:close()
end
]]
local server = peer.lua(SERVER)
local base = "http://127.0.0.1:" .. server.port

-- Counts the calls of a method of connected TCP objects while f runs.
local listener = assert(socket.bind("127.0.0.1", 0))
local probe = assert(socket.connect("127.0.0.1", (select(2, listener:getsockname()))))
local class = getmetatable(probe).__index
probe:close()
listener:close()
local function calls(name, f)
    local original, count, largest = class[name], 0, 0
    class[name] = function(self, data, ...)
        count = count + 1
        largest = math.max(largest, type(data) == "string" and #data or 0)
        return original(self, data, ...)
    end
    local results = { f() }
    class[name] = original
    return count, largest, results
end

local sends, _, results = calls("send", function() return http.request(base .. "/ok") end)
check.equal("add.24: one write", sends, 1)
check.equal("add.24: the answer", { results[1], results[2] }, { "ok", 200 })
sends, _, results = calls("send", function() return http.request(base .. "/echo", "body") end)
check.equal("add.24: head and body", sends, 2)
check.equal("add.24: the body arrives", results[1], "body")
check.equal("add.24: the body does not wait for the head's acknowledgement",
    (calls("setoption", function() return http.request(base .. "/echo", "body") end)), 1)
sends = calls("send", function() return http.request({ url = base .. "/ok", create = socket.tcp }) end)
check.equal("add.24: not with a create of the user's", sends, 2)
local open = http.open
http.open = function(...) return open(...) end
sends = calls("send", function() return http.request(base .. "/ok") end)
check.equal("add.24: nor with another http.open", sends, 2)
check.equal("add.24: with another http.open no option is set",
    (calls("setoption", function() return http.request(base .. "/echo", "body") end)), 0)
http.open = open

-- a body larger than any buffer, both ways
local large = ("0123456789abcdef"):rep(40000)
local echoed = {}
check.equal("body of 640000 bytes", {
    (http.request({
        url = base .. "/echo", method = "POST", headers = { ["content-length"] = #large },
        source = ltn12.source.string(large), sink = ltn12.sink.table(echoed),
    })),
    table.concat(echoed) == large,
}, { 1, true })
check.equal("chunked", { http.request(base .. "/chunked") },
    { "abc", 200, { ["transfer-encoding"] = "chunked", a = "b" }, "HTTP/1.1 200 OK" })

-- add.6: the line never ends, so only a bounded read returns
http.TIMEOUT = 20
http.MAXHEADERLINE, http.MAXHEADERSIZE = 2000, 4000
for _, path in ipairs({ "/status", "/header", "/size", "/trailer", "/block" }) do
    check.equal("add.6: " .. path, { http.request(base .. path .. "/stall") }, { nil, "oversized" })
end
http.MAXHEADERLINE = 3003
check.equal("add.6: a line of just that length", { http.request(base .. "/header") }, { nil, "closed" })
http.MAXHEADERLINE, http.MAXHEADERSIZE = 65536, 262144

-- add.28
check.equal("add.28: whole body, then a reset", { http.request(base .. "/ok/reset") },
    { "ok", 200, { ["content-length"] = "2" }, "HTTP/1.1 200 OK" })
check.equal("add.28: cut body", { http.request(base .. "/cut") }, { nil, "closed" })

-- add.30: the lowest free descriptor is the same afterwards
local function lowest()
    local sock = assert(socket.tcp4())
    local fd = sock:getfd()
    sock:close()
    return fd
end
collectgarbage()
collectgarbage("stop")
local before = lowest()
for _, path in ipairs({ "/ok", "/malformed", "/cut", "/away", "/close", "/chunked" }) do
    http.request(base .. path)
    check.equal("add.30: " .. path, lowest(), before)
end
http.TIMEOUT = 0.2
check.equal("timeout", { http.request(base .. "/cut/stall") }, { nil, "timeout" })
check.equal("add.30: timeout", lowest(), before)
http.TIMEOUT = 20
for name, changes in pairs({
    sink = { sink = function() error("boom", 0) end },
    source = { source = function() error("boom", 0) end },
}) do
    changes.url = base .. "/ok"
    check.raises("add.30: " .. name .. " raises", "^boom$", http.request, changes)
    check.equal("add.30: " .. name, lowest(), before)
end
http.request(base .. "/end")
server:close()
before = lowest()
check.equal("refused", { http.request(base .. "/") }, { nil, "connection refused" })
check.equal("add.30: refused", lowest(), before)
collectgarbage("restart")
check.done()
