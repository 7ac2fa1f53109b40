-- Response heads, read natively from our sockets and line by line from other objects: both results are the same.
-- Request heads that cannot be sent are refused.
local check = require("check")
local socket = require("socket")
local http = require("socket.http")

local listener = assert(socket.bind("127.0.0.1", 0))
local _, port = listener:getsockname()

-- One of our connections, and the peer's socket, which has sent `reply` and then closes or stays silent.
local function connection(reply, silent, create)
    local h = http.open("127.0.0.1", port, create)
    local peer = assert(listener:accept())
    peer:settimeout(10)
    assert(peer:send(reply))
    if not silent then peer:close() end
    return h, peer
end

-- A socket of another library: a table that calls the methods of this library's socket.
local function foreign()
    local sock = socket.tcp()
    local methods = {}
    return setmetatable(methods, {
        __index = function(_, name)
            return function(_, ...) return sock[name](sock, ...) end
        end,
    })
end

local function headers(reply, silent, create)
    local h, peer = connection(reply, silent, create)
    local read = socket.protect(function()
        local fields = h:receiveheaders()
        return fields, h.c:receive("*a")
    end)
    local results = { read() }
    h:close()
    peer:close()
    return results
end

local function both(name, reply, expected, silent)
    check.equal(name .. ", ours", headers(reply, silent), expected)
    check.equal(name .. ", foreign", headers(reply, silent, foreign), expected)
end

local MALFORMED = { nil, "malformed response headers" }
both("http.receive.10: names and values", "A-b:\t c \t\r\n:x\r\nD : e:f\r\ng:\r\n\r\nrest",
    { { ["a-b"] = "c \t", [""] = "x", ["d "] = "e:f", g = "" }, "rest" })
both("http.receive.10: bytes", "\196A:\255\0b\r\n\r\nrest", { { ["\196a"] = "\255\0b" }, "rest" })
both("http.receive.11: continuations", "a: b\r\n\tc\r\n  d:e\r\n \r\n\r\nrest", { { a = "b\tc  d:e " }, "rest" })
both("http.receive.12: no colon", "a: b\r\nc\r\n\r\n", MALFORMED)
both("http.receive.12: nothing to continue", " a\r\n\r\n", MALFORMED)
both("http.receive.13: repeated", "a: 1\r\nb: x\r\nA: 2\r\n 3\r\na:\r\n\r\nrest", { { a = "1, 2 3, ", b = "x" }, "rest" })
both("http.receive.14: close", "a: b\r\nc", { nil, "closed" })
both("http.receive.14: close after a continuation", "a: b\r\n c\r\n", { nil, "closed" })
both("http.receive.5: line ends", "a: b\nc: d\r\r\n\r\nrest", { { a = "b", c = "d" }, "rest" })
both("http.receive: no headers", "\r\nrest", { {}, "rest" })
both("http.receive.12: told without another line", "no colon\r\n", MALFORMED, true)

http.TIMEOUT = 0.05
both("http.receive.14: timeout", "a: b\r\nc: d", { nil, "timeout" }, true)
http.TIMEOUT = 10

-- add.6: up to the limit, and one byte more
http.MAXHEADERLINE = 10
both("add.6: a line of ten", "a: 3456789\r\n\r\nrest", { { a = "3456789" }, "rest" })
both("add.6: a line of eleven", "a: 34567890\r\n\r\nrest", { nil, "oversized" })
check.equal("add.6: a line without end", headers(("a"):rep(100), true), { nil, "oversized" })
http.MAXHEADERLINE, http.MAXHEADERSIZE = nil, 14
both("add.6: a head of fourteen", "a: 3456789\r\n\r\nrest", { { a = "3456789" }, "rest" })
both("add.6: a head of fifteen", "a: 34567890\r\n\r\nrest", { nil, "oversized" })
http.MAXHEADERSIZE = nil
both("add.6: no limit", "a: " .. ("x"):rep(300000) .. "\r\n\r\nrest", { { a = ("x"):rep(300000) }, "rest" })

-- Many lines.
local COUNT = 10000
local lines, values = {}, {}
for i = 1, COUNT do
    lines[i] = "name: " .. i .. "\r\n"
    values[i] = i
end
both("http.receive.13: ten thousand", table.concat(lines) .. "\r\nrest", { { name = table.concat(values, ", ") }, "rest" })

-- A method that a script has replaced is called for every line.
do
    local h, peer = connection("a: 1\r\nb: 2\r\n\r\n")
    local class = getmetatable(h.c).__index
    local receive, calls = class.receive, 0
    class.receive = function(...)
        calls = calls + 1
        return receive(...)
    end
    local fields = h:receiveheaders()
    class.receive = receive
    h:close()
    peer:close()
    check.equal("a replaced receive", { fields, calls }, { { a = "1", b = "2" }, 3 })
end

-- Trailers are added to the known headers.
do
    local h, peer = connection("0\r\nX: 1\r\nY: 2\r\nx: 3\r\n\r\n")
    local fields = { x = "0" }
    local source = socket.source("http-chunked", h.c, fields)
    check.equal("http.chunked.2: trailers", { source(), fields }, { nil, { x = "0, 1, 3", y = "2" } })
    h:close()
    peer:close()
end

-- Heads that are sent, and heads that are refused (add.26).
local function sends(f)
    local h, peer = connection("", true)
    local results = { socket.protect(f)(h) }
    h:close()
    local sent, err = peer:receive("*a")
    peer:close()
    return { results[1], results[2], sent or err }
end
local function line(...)
    local n, arguments = select("#", ...), { ... }
    return sends(function(h) return h:sendrequestline((unpack or table.unpack)(arguments, 1, n)) end)
end
local function fields(t)
    return sends(function(h) return h:sendheaders(t) end)
end
check.equal("http.open.2: a request line", line(nil, "/a b"), { 19, nil, "GET /a b HTTP/1.1\r\n" })
check.equal("add.26: method", line("G T", "/"), { nil, "invalid method", "closed" })
check.equal("add.26: uri", line("GET", "/\r\n"), { nil, "invalid uri", "closed" })
check.equal("add.26: no uri", line("GET"), { nil, "invalid uri", "closed" })
check.equal("http.open.2: a number", fields({ ["content-length"] = 12 }), { 1, nil, "Content-Length: 12\r\n\r\n" })
check.equal("http.wire.13: an integer key", fields({ "abc" }), { 1, nil, "1: abc\r\n\r\n" })
check.equal("http.open.2: the name is not lower-cased", fields({ HoSt = "h" }), { 1, nil, "HoSt: h\r\n\r\n" })
check.equal("add.7: Title-Case", fields({ ["x-a"] = "\t" }), { 1, nil, "X-A: \t\r\n\r\n" })
check.equal("add.26: value", fields({ a = "b\nc" }), { nil, "invalid header 'a'", "closed" })
check.equal("add.26: name", fields({ ["a:"] = "b" }), { nil, "invalid header 'a:'", "closed" })
check.equal("add.26: no text", fields({ a = true }), { nil, "invalid header 'a'", "closed" })
check.equal("add.26: a long name", fields({ [("n"):rep(200)] = "\0" }),
    { nil, "invalid header '" .. ("n"):rep(200) .. "'", "closed" })
local long = ("v"):rep(5000)
check.equal("http.open.2: a long value", fields({ a = long }), { 1, nil, "A: " .. long .. "\r\n\r\n" })

local canonic = socket.headers.canonic
canonic["x-sent"] = "X-Sent\r\nInjected"
check.equal("add.26: a spelling", fields({ ["x-sent"] = "1" }), { nil, "invalid header 'x-sent'", "closed" })
canonic["x-sent"] = nil

if _VERSION ~= "Lua 5.1" then
    local view = setmetatable({}, {
        __pairs = function() return next, { a = "b" } end,
    })
    check.equal("http.open.2: __pairs", fields(view), { 1, nil, "A: b\r\n\r\n" })
end

listener:close()
check.done()
