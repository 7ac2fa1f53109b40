-- Requests the server refuses (server.syntax, server.s.32, 33, 39 to 51, 62): the status; later requests are not
-- served.
local check = require("check")
local serve = require("serve")

local server = serve.listen()

local REASONS = { [400] = "Bad Request", [413] = "Content Too Large", [414] = "URI Too Long",
    [417] = "Expectation Failed", [431] = "Request Header Fields Too Large", [501] = "Not Implemented",
    [505] = "HTTP Version Not Supported" }

-- A valid request follows each one. It must be answered only if the first was.
local function expect(name, bytes, status)
    local text, reason, count = serve.bytes(server, bytes .. "GET /behind HTTP/1.1\r\nHost: b\r\n\r\n")
    local answers = serve.answers(text)
    local first = answers[1] or {}
    if status == 200 then
        check.equal(name, { first.status, count }, { 200, 2 })
        return
    end
    check.equal(name, { first.status, #answers, count, first.headers and first.headers.connection, first.body },
        { status, 1, 0, "close", status .. " " .. REASONS[status] .. "\n" })
    check.ok(name .. ": the reason is told to the owner", type(reason) == "string" and reason ~= "closed", reason)
    check.ok(name .. ": nothing of the request comes back (server.s.51)", not text:find("secret", 1, true), text)
end

local function fields(name, lines, status) expect(name, "POST /secret HTTP/1.1\r\nHost: a\r\n" .. lines .. "\r\n", status) end
local function line(name, text, status) expect(name, text .. "\r\nHost: a\r\n\r\n", status) end

-- server.s.32
line("a line of 8192 bytes", "GET /" .. ("x"):rep(8192 - 14) .. " HTTP/1.1", 200)
line("a line of 8193 bytes", "GET /" .. ("x"):rep(8193 - 14) .. " HTTP/1.1", 414)
local head = "GET / HTTP/1.1\r\nHost: a\r\n"
local field = "X: " .. ("x"):rep(5000) .. "\r\n"
local rest = 32768 - #head - 2 - 6 * #field - #"X: \r\n"
expect("a head of 32768 bytes", head .. field:rep(6) .. "X: " .. ("x"):rep(rest) .. "\r\n\r\n", 200)
expect("a head of 32769 bytes", head .. field:rep(6) .. "X: " .. ("x"):rep(rest + 1) .. "\r\n\r\n", 431)
fields("100 fields", ("X: y\r\n"):rep(99), 200)
fields("101 fields", ("X: y\r\n"):rep(100), 431)

-- server.s.33
fields("a body announced too large", "Content-Length: 1048577\r\n", 413)
fields("a chunk announced too large", "Transfer-Encoding: chunked\r\n\r\n100001\r\nx", 413)
fields("a chunked body that grows too large", "Transfer-Encoding: chunked\r\n\r\n"
    .. ("10000\r\n" .. ("x"):rep(65536) .. "\r\n"):rep(16) .. "1\r\nx\r\n0\r\n\r\n", 413)

-- server.s.39
expect("lines that end with LF", "GET / HTTP/1.1\nHost: a\n\n", 400)
fields("a field that ends with LF", "X: y\n", 400)
fields("a bare CR in a value", "X: a\rb\r\n", 400)
fields("NUL in a value", "X: a\0b\r\n", 400)
line("NUL in the target", "GET /\0 HTTP/1.1", 400)

-- server.s.40
fields("a blank before the colon", "X : y\r\n", 400)
fields("a folded line", "X: y\r\n z\r\n", 400)
fields("an empty name", ": y\r\n", 400)
fields("no colon", "X\r\n", 400)
fields("a control byte", "X: \1\r\n", 400)
fields("a tab in a value", "X: a\tb\r\n", 200)

-- server.s.41
expect("no Host", "GET / HTTP/1.1\r\n\r\n", 400)
fields("the same Host twice", "Host: a\r\n", 400)
fields("two Hosts", "Host: b\r\n", 400)
expect("a Host with a blank", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400)
expect("an empty Host", "GET / HTTP/1.1\r\nHost: \r\n\r\n", 400)

-- server.s.42, 43, 44
fields("length and chunked", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", 400)
fields("chunked and length", "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", 400)
fields("another coding before chunked", "Transfer-Encoding: gzip, chunked\r\n", 501)
for _, value in ipairs({ "chunked, gzip", "identity", "", "chunked, chunked", "gzip" }) do
    fields("Transfer-Encoding: " .. value, "Transfer-Encoding: " .. value .. "\r\n", 400)
end
fields("chunked twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400)
fields("CHUNKED", "Transfer-Encoding: CHUNKED\r\n\r\n0\r\n", 200)
expect("chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400)

-- server.s.45
for _, value in ipairs({ "+5", "5, 5", "0x5", "5 5", "", "1234567890123456", "-1" }) do
    fields("Content-Length: " .. value, "Content-Length: " .. value .. "\r\n", 400)
end
fields("two lengths", "Content-Length: 5\r\nContent-Length: 5\r\n", 400)

-- server.s.46
for _, chunk in ipairs({ "5 \r\nhello\r\n", "+5\r\nhello\r\n", "0x5\r\nhello\r\n", "\r\n", "5\nhello\r\n",
    "5\r\nhellox\r\n", "5\r\nhello\n0\r\n\r\n", "0000000000000005\r\nhello\r\n", "0\r\nX : y\r\n\r\n" }) do
    fields(("chunk %q"):format(chunk), "Transfer-Encoding: chunked\r\n\r\n" .. chunk, 400)
end
fields("too many extensions", "Transfer-Encoding: chunked\r\n\r\n"
    .. ("1;" .. ("x"):rep(1000) .. "\r\na\r\n"):rep(9) .. "0\r\n\r\n", 400)
fields("some extensions", "Transfer-Encoding: chunked\r\n\r\n"
    .. ("1;" .. ("x"):rep(1000) .. "\r\na\r\n"):rep(8) .. "0\r\n", 200)
fields("too large trailers", "Transfer-Encoding: chunked\r\n\r\n0\r\nX: " .. ("x"):rep(8192) .. "\r\n\r\n", 400)

-- server.s.47, 48
for _, text in ipairs({ "GET  / HTTP/1.1", "GET\t/ HTTP/1.1", "GET /", "GET /#x HTTP/1.1", "GET /\200 HTTP/1.1",
    "GET / HTTP/1.1 ", "GET / http/1.1", "GET / HTTP/1.10", "GET / HTTP/1", "G(T / HTTP/1.1", "GET x HTTP/1.1",
    "GET ftp://a/ HTTP/1.1", ("M"):rep(33) .. " / HTTP/1.1" }) do
    line(text, text, 400)
end
line("HTTP/2.0", "GET / HTTP/2.0", 505)
line("HTTP/3.1", "GET / HTTP/3.1", 505)
line("HTTP/1.2", "GET / HTTP/1.2", 200)

-- server.s.49
expect("one empty line", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 200)
expect("two empty lines", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400)

-- server.s.50
line("GET *", "GET * HTTP/1.1", 400)
line("CONNECT", "CONNECT h:1 HTTP/1.1", 501)
line("CONNECT with a path", "CONNECT / HTTP/1.1", 400)
local path
serve.bytes(server, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", function(request)
    path = request.path
    return {}
end)
check.equal("OPTIONS *", path, "*")

-- server.s.21, and TLS on a plain port (server.syntax.13)
fields("another expectation", "Expect: x\r\n", 417)
expect("TLS", "\22\3\1\2\0\1\0\1\252\3\3", 400)

-- server.s.27
local text, _, count = serve.bytes(server, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET  /2 HTTP/1.1\r\nHost: a\r\n\r\n"
    .. "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n")
local answers = serve.answers(text)
check.equal("a bad request within a pipeline", { answers[1].status, answers[2].status, #answers, count },
    { 200, 400, 2, 1 })

-- server.s.22 and server.syntax.12: a body that ends too early gets no answer
local nothing, reason = serve.bytes(server, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabc")
check.equal("a body cut short", { nothing, reason }, { "", "closed" })
nothing, reason = serve.bytes(server, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc")
check.equal("a chunk cut short", { nothing, reason }, { "", "closed" })

check.equal("refusals are counted", server:stats().errors > 50, true)
server:close()
check.done()
