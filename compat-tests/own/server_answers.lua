-- An answer's bytes on the wire (server.answer, server.writer; server.s.1 to 8, 53, 54, 56, 61).
local check = require("check")
local serve = require("serve")

local told = {}
local server = serve.listen({ on_error = function(message) told[#told + 1] = message end })

local function ask(given, request, own)
    told = {}
    local text, reason, count = serve.bytes(own or server, request or "GET / HTTP/1.1\r\nHost: a\r\n\r\n", function(r, c)
        if type(given) == "function" then return given(r, c) end
        return given
    end)
    return serve.answers(text)[1] or {}, text, reason, count
end

-- server.s.1, 2
local answer, text = ask({ status = 200, headers = { Expires = "-1" }, body = "hello world" })
check.equal("a plain answer", { answer.status, answer.headers.expires, answer.headers["content-length"], answer.headers.server,
    answer.body }, { 200, "-1", "11", "luasocket-rs", "hello world" })
check.ok("Date", answer.headers.date:find("^%a%a%a, %d%d %a%a%a %d%d%d%d %d%d:%d%d:%d%d GMT$"), answer.headers.date)
check.equal("one of each", select(2, text:gsub("Content%-Length", "")), 1)
check.equal("no body", ask({ status = 200 }).headers["content-length"], "0")
check.equal("nothing at all", ask({}).status, 200)
check.equal("another name", ask({}, nil, serve.listen({ server_name = "x" })).headers.server, "x")
check.equal("no name", ask({}, nil, serve.listen({ server_name = false })).headers.server, nil)

-- server.s.3
answer = ask({ status = 99 })
check.equal("a status that is none", { answer.status, answer.body, told[1] },
    { 500, "500 Internal Server Error\n", "invalid answer (status 99)" })
answer = ask({ body = true })
check.equal("a body that is none", { answer.status, told[1] }, { 500, "invalid answer (body: boolean)" })

-- server.s.4
for name, headers in pairs({ X = { X = "a\r\nSet-Cookie: b" }, ["X y"] = { ["X y"] = "a" }, N = { N = "\0" },
    L = { { "L", "a\nb" } }, B = { B = true }, [""] = { [""] = "" } }) do
    answer, text = ask({ headers = headers })
    check.equal("a header that cannot be sent: " .. name, { answer.status, told[1] },
        { 500, "invalid header '" .. name .. "'" })
    check.ok("no trace of it: " .. name, not text:find("Cookie"))
end

-- server.s.5
answer, text = ask({ headers = { { "A", "1" }, { "A", 2 }, B = { "x", "y" }, C = 3 } })
check.equal("several lines", { answer.headers.a, answer.headers.b, answer.headers.c }, { "1|2", "x|y", "3" })
check.ok("names are sent as written", text:find("\r\nA: 1\r\nA: 2\r\n", 1, true))

-- server.answer.4, 5
answer = ask({ headers = { ["content-length"] = "99", ["Transfer-Encoding"] = "x", ["Keep-Alive"] = "x", Server = "own",
    Date = "now" }, body = "abc" })
check.equal("the server's own response", { answer.headers["content-length"], answer.headers["transfer-encoding"],
    answer.headers["keep-alive"], answer.headers.server, answer.headers.date }, { "3", nil, nil, "own", "now" })

-- server.answer.9: the length of a body that was not made
for i, case in ipairs({
    { "HEAD", { headers = { ["Content-Length"] = 100 } }, "100" },
    { "HEAD", { headers = { { "content-length", "100" } } }, "100" },
    { "HEAD", { headers = { ["Content-Length"] = "-1" } }, "0" },
    { "HEAD", { headers = { 5 } }, "26" },
    { "HEAD", { headers = { ["Content-Length"] = 100 }, body = "abc" }, "3" },
    { "HEAD", { status = 204, headers = { ["Content-Length"] = 100 } }, nil },
    { "HEAD", { status = 205, headers = { ["Content-Length"] = 100 } }, "0" },
    { "HEAD", {}, "0" },
    { "GET", { headers = { ["Content-Length"] = 100 } }, "0" },
    { "GET", { status = 304, headers = { ["Content-Length"] = 100 } }, "100" },
    { "GET", { status = 304 }, nil },
    { "HEAD", { status = 304, headers = { ["Content-Length"] = 100 } }, "100" },
}) do
    local method, given, length = case[1], case[2], case[3]
    answer, text = ask(given, method .. " / HTTP/1.1\r\nHost: a\r\n\r\n")
    local name = ("a length without a body %d: %s, status %d"):format(i, method, given.status or 200)
    check.equal(name, answer.headers and answer.headers["content-length"], length)
    check.ok("no body: " .. name, text:find("\r\n\r\n$") or length == "26", text)
end
answer = ask(function(_, connection)
    local writer = connection:writer()
    writer:start(304, { ["Content-Length"] = 100 })
    writer:finish()
end)
check.equal("a writer's length of 304", { answer.status, answer.headers["content-length"] }, { 304, "100" })
local _, count
answer, _, _, count = ask({ headers = { Connection = "close" } }, ("GET / HTTP/1.1\r\nHost: a\r\n\r\n"):rep(2))
check.equal("Connection: close of the handler", { answer.headers.connection, count }, { "close", 1 })

-- server.s.6
local function source(...)
    local pieces, i = { ... }, 0
    return function()
        i = i + 1
        return pieces[i]
    end
end
answer = ask(function() return { body = source("abc", "", "def") } end)
check.equal("a source", { answer.headers["transfer-encoding"], serve.unchunk(answer.body) }, { "chunked", "abcdef" })
answer, text = ask(function() return { body = source("abc", "def") } end, "GET / HTTP/1.0\r\n\r\n")
check.equal("a source to HTTP/1.0", { answer.headers.connection, text:match("\r\n\r\n(.*)$"),
    answer.headers["content-length"] }, { "close", "abcdef", nil })
local ten = { ["Content-Length"] = 5 }
answer = ask(function() return { headers = ten, body = source("abc", "de") } end)
check.equal("the declared length is kept", { answer.body, answer.headers["transfer-encoding"], #told }, { "abcde", nil, 0 })
_, text = ask(function() return { headers = ten, body = source("abc") } end)
check.equal("too little", { text:match("\r\n\r\n(.*)$"), told[1] }, { "abc", "body shorter than its Content-Length" })
_, text = ask(function() return { headers = ten, body = source("abc", "defgh") } end)
check.equal("too much", { text:match("\r\n\r\n(.*)$"), told[1] }, { "abcde", "body longer than its Content-Length" })
answer = ask(function()
    local first = true
    return { body = function()
        if not first then return nil, "broken source" end
        first = false
        return "abc"
    end }
end)
check.equal("a source that fails", { serve.unchunk(answer.body or ""), told[1] }, { nil, "broken source" })
answer = ask(function() return { body = function() error("raised") end } end)
check.equal("a source that raises at once", { answer.status, tostring(told[1]):match("raised$") }, { 500, "raised" })

-- files (server.s.7 on a small scale, HEAD)
local path = "content.bin"
-- Windows does not tell the length of an open Lua file. So its bytes are sent in chunks.
local is_windows = package.config:sub(1, 1) == "\\"
local file = assert(io.open(path, "wb"))
local content = ("0123456789abcdef"):rep(20000)
file:write(content)
file:close()
for _, size in ipairs({ 0, 100000 }) do
    file = assert(io.open(path, "rb"))
    file:read(size)
    file:read(0)
    answer = ask({ body = file })
    local body = is_windows and serve.unchunk(answer.body or "") or answer.body
    check.ok("a file from " .. size, body == content:sub(size + 1), #(body or ""))
    check.equal("closed", io.type(file), "closed file")
end
file = assert(io.open(path, "rb"))
answer, text = ask({ body = file }, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
check.equal("HEAD of a file", { answer.headers["content-length"], text:match("\r\n\r\n(.*)$"), io.type(file) },
    { not is_windows and tostring(#content) or nil, "", "closed file" })
file = assert(io.popen("echo piped"))
answer = ask({ body = file })
check.equal("a pipe", serve.unchunk(answer.body), "piped\n")

-- HEAD, and server.s.8
local called = false
answer, text = ask(function() return { body = function() called = true end } end, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
check.equal("HEAD of a source", { called, answer.headers["transfer-encoding"], text:match("\r\n\r\n(.*)$") },
    { false, "chunked", "" })
answer, text = ask({ body = "hello" }, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
check.equal("HEAD of a string", { answer.headers["content-length"], text:match("\r\n\r\n(.*)$") }, { "5", "" })
for status, length in pairs({ [204] = false, [304] = "5", [205] = "0" }) do
    local n = 0
    text = serve.bytes(server, ("GET / HTTP/1.1\r\nHost: a\r\n\r\n"):rep(2), function()
        n = n + 1
        return n == 1 and { status = status, body = "hello" } or { body = "next" }
    end)
    local list = serve.answers(text)
    check.equal(status .. " has no body", { list[1].status, list[1].headers["content-length"] or false, list[2].body },
        { status, length, "next" })
end

-- writer: server.s.53
local function write(work, request)
    return ask(function(r, connection) work(connection:writer(), r) end, request)
end
answer = write(function(writer)
    check.equal("start", { writer:start(201, { X = "y" }) }, { true })
    check.equal("write", { writer:write("a"), writer:flush() }, { true, true })
    writer:write("b")
    writer:flush()
    writer:write("c")
    writer:flush()
    check.equal("finish, and again", { writer:finish(), writer:finish() }, { true, true })
    check.raises("write after the end", "the answer has ended", writer.write, writer, "x")
    check.equal("open", writer:isopen(), false)
end)
check.equal("three flushes, three chunks", { answer.status, answer.headers.x, answer.body },
    { 201, "y", "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n" })
_, text = write(function(writer)
    writer:write("abc")
    writer:write(12)
    writer:finish()
end, "GET / HTTP/1.0\r\n\r\n")
check.equal("to HTTP/1.0", text:match("\r\n\r\n(.*)$"), "abc12")
answer = write(function(writer)
    writer:write("abc")
    writer:finish()
end, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
check.equal("HEAD", { answer.headers["transfer-encoding"], answer.body }, { "chunked", "" })
answer = write(function(writer)
    for i = 1, 2000 do writer:write(("%010d"):format(i)) end
    writer:finish()
end)
check.equal("small writes are gathered", { #serve.unchunk(answer.body), answer.body:match("^%x+") }, { 20000, "4006" })
write(function(writer)
    check.raises("a bad status", "invalid status", writer.start, writer, 99)
    check.raises("a bad header", "invalid header 'X'", writer.start, writer, 200, { X = "\n" })
    writer:finish()
end)

-- server.s.56
answer = write(function(writer)
    check.ok("an event", writer:event("a\nb"))
    writer:event({ data = "x\r\ny\rz", event = "e", id = "1", retry = 5 })
    writer:comment("c\nd")
    check.raises("a line end in an id", "invalid id", writer.event, writer, { id = "a\nb" })
    check.raises("NUL in an id", "invalid id", writer.event, writer, { id = "a\0b" })
    check.raises("a line end in a name", "invalid event", writer.event, writer, { event = "a\rb" })
    writer:finish()
end)
check.equal("events", { answer.headers["content-type"], answer.headers["cache-control"], serve.unchunk(answer.body) },
    { "text/event-stream", "no-store", "data: a\ndata: b\n\nevent: e\nid: 1\nretry: 5\ndata: x\ndata: y\ndata: z\n\n"
        .. ": c\n: d\n\n" })

-- server.manual.2
ask(function(_, connection)
    check.raises("receive before the answer", "has no answer yet", connection.receive, connection)
    check.equal("respond", { connection:respond({}) }, { true })
    check.raises("respond twice", "no request to answer", connection.respond, connection, {})
    check.raises("no writer without a request", "no request to answer", connection.writer, connection)
end)

-- server.errors.2
local custom = serve.listen({ errors = { [400] = function(status, request)
    return { status = 418, body = status .. tostring(request) }
end, [431] = function() error("x") end }, on_error = function(message) told[#told + 1] = message end })
answer = ask({}, "GET  / HTTP/1.1\r\n\r\n", custom)
check.equal("an error of the owner's", { answer.status, answer.body, answer.headers.connection }, { 418, "400nil", "close" })
answer = ask({}, "GET / HTTP/1.1\r\n" .. ("X: y\r\n"):rep(200) .. "\r\n", custom)
check.equal("one that raises", { answer.status, answer.body }, { 431, "431 Request Header Fields Too Large\n" })

server:close()
check.done()
