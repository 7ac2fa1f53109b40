-- The request that a handler gets (server.request; server.s.16 to 23, 25).
local check = require("check")
local serve = require("serve")

local server = serve.listen()

-- Serves one connection, and passes every request to `look`.
local function ask(bytes, look, options)
    local own = options and serve.listen(options) or server
    local text, reason, count = serve.bytes(own, bytes, function(request, connection)
        return look and look(request, connection) or { body = request.body }
    end)
    if options then own:close() end
    return serve.answers(text), reason, count
end

-- server.s.16
ask("GET /path/to/route?a=1&b=2 HTTP/1.1\r\nHost: Example.COM:8080\r\nX-One: x\r\n\r\n", function(request)
    check.equal("method, url, path, query", { request.method, request.url, request.path, request.query },
        { "GET", "/path/to/route?a=1&b=2", "/path/to/route", "a=1&b=2" })
    check.equal("ip, port", { request.ip, type(request.port) }, { "127.0.0.1", "number" })
    check.equal("host, scheme, version, tls, id", { request.host, request.scheme, request.version, request.tls, request.id },
        { "example.com", "http", "1.1", nil, 1 })
    check.equal("headers in any spelling", { request.headers["x-one"], request.headers["X-ONE"], request.headers["X-One"],
        request.headers.none }, { "x", "x", "x", nil })
    check.equal("headers under the names as sent", rawget(request.headers, "X-One"), "x")
    check.equal("header_list", request.header_list, { { "Host", "Example.COM:8080" }, { "X-One", "x" } })
    check.equal("a body that is none", request.body, "")
    check.equal("the server", request.server, server)
    check.equal("the same table each time", request.headers, request.headers)
end)

ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n", function(request)
    check.equal("no query", { request.query, next(request.params), request.path }, { nil, nil, "/" })
    check.equal("no cookies", next(request.cookies), nil)
end)

-- server.s.17
ask("GET /?a=1&a=2&b=x+y%21&c&%3D=%26&=e&d=%zz HTTP/1.1\r\nHost: a\r\n\r\n", function(request)
    local params = request.params
    check.equal("params", { params.a, params.b, params.c, params["="], params[""], params.d },
        { "1", "x y!", "", "&", "e", "%zz" })
    check.equal("param_values", { request:param_values("a"), request:param_values("none") }, { { "1", "2" }, {} })
end)

ask("GET /?" .. ("x"):rep(10) .. "=1" .. (function()
    local names = {}
    for i = 1, 1200 do names[i] = "&" .. i end
    return table.concat(names)
end)() .. " HTTP/1.1\r\nHost: a\r\n\r\n", function(request)
    local n = 0
    for _ in pairs(request.params) do n = n + 1 end
    check.equal("at most 1000 params", n, 1000)
end)

-- server.s.18
ask("GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nx-a: 2\r\nCookie: a=1; b=\"2 3\"\r\nCookie: c= d ;a=9; e\r\n\r\n", function(request)
    check.equal("repeated fields are joined", request.headers["X-A"], "1, 2")
    check.equal("values", request:values("X-a"), { "1", "2" })
    local cookies = request.cookies
    check.equal("cookies", { cookies.a, cookies.b, cookies.c, cookies.e }, { "1", "2 3", "d", nil })
    check.equal("repeated Cookie", request.headers.cookie, 'a=1; b="2 3"; c= d ;a=9; e')
end)

-- server.s.19
ask("GET http://Target:81/x?y HTTP/1.1\r\nHost: other\r\n\r\n", function(request)
    check.equal("an absolute target", { request.host, request.path, request.query, request.url },
        { "target", "/x", "y", "http://Target:81/x?y" })
end)

-- server.s.20
local bodies = {}
ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
    .. "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nTrailer: t\r\n\r\n"
    .. "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", function(request)
        bodies[#bodies + 1] = request.body
        check.equal("no trailer among the headers", request.headers.trailer, nil)
    end)
check.equal("bodies", bodies, { "hello", "hello", "x" })

local large = ("0123456789"):rep(60000)
ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " .. #large .. "\r\n\r\n" .. large, function(request)
    check.ok("a body of 600000 bytes", request.body == large)
    return {}
end)
ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    .. ("2710\r\n" .. large:sub(1, 10000) .. "\r\n"):rep(60) .. "0\r\n\r\n", function(request)
        check.ok("the same in chunks", request.body == large)
        return {}
    end)

-- server.s.21
local answers = ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc")
check.equal("a body that has come needs no interim answer", { #answers, answers[1].status, answers[1].body }, { 1, 200, "abc" })

-- streams (server.s.22)
answers = ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 23\r\n\r\none\r\ntwo\n\nthreexyz rest"
    .. "GET /next HTTP/1.1\r\nHost: a\r\n\r\n", function(request)
        if request.path == "/next" then return { body = tostring(request.body) } end
        check.equal("no body", request.body, nil)
        check.equal("lines", { request:read("*l"), request:read("*l"), request:read("*l") }, { "one", "two", "" })
        check.equal("counts", { request:read(5), request:read(3) }, { "three", "xyz" })
        check.equal("the rest", { request:read("*a"), request:read("*a"), request:read(1), request:read() }, { " rest" })
        return { body = "read" }
    end, { stream = true })
check.equal("the next request behind a stream", { answers[1].body, answers[2].body }, { "read", "nil" })

answers = ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
    .. "GET /next HTTP/1.1\r\nHost: a\r\n\r\n", function(request)
        if request.path == "/next" then return { body = "next" } end
        local pieces = {}
        for piece in request:source() do pieces[#pieces + 1] = piece end
        return { body = table.concat(pieces, "|") }
    end, { stream = function(method, path) return method == "POST" and path == "/" end })
check.equal("a source", { answers[1].body, answers[2].body }, { "hello| world", "next" })

answers = ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /next HTTP/1.1\r\nHost: a\r\n\r\n",
    function(request) return { body = request.path } end, { stream = true })
check.equal("an unread rest is drained", { answers[1].body, answers[2].body }, { "/", "/next" })

answers = ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n" .. ("x"):rep(70000)
    .. "GET /next HTTP/1.1\r\nHost: a\r\n\r\n", function(request) return { body = request.path } end, { stream = true })
check.equal("more than `drain` ends the connection", { #answers, answers[1].headers.connection }, { 1, "close" })

for name, case in pairs({
    ["invalid chunk size"] = "x\r\n", oversized = "100001\r\n", closed = "5\r\nab",
}) do
    answers = ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" .. case, function(request)
        local first, message = request:read("*a")
        check.equal("a stream that fails: " .. name, { first, message }, { nil, name })
        check.equal("and again", { request:read() }, { nil, name })
        return { body = "told" }
    end, { stream = true })
    check.equal("its answer: " .. name, { answers[1].body, answers[1].headers.connection, #answers }, { "told", "close", 1 })
end

-- server.s.23
local _, count
answers, _, count = ask("GET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\n\r\n")
check.equal("HTTP/1.0 is closed", { count, answers[1].headers.connection }, { 1, "close" })
answers, _, count = ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n", function(request)
    check.equal("version", request.version, "1.0")
    check.equal("no host", request.host, nil)
end)
check.equal("HTTP/1.0 with keep-alive", { count, answers[1].headers.connection, answers[2].headers.connection },
    { 2, "keep-alive", "close" })

-- server.s.24, 25
answers, _, count = ask(("GET / HTTP/1.1\r\nHost: a\r\n\r\n"):rep(10), function(request) return { body = tostring(request.id) } end)
local got = {}
for i, answer in ipairs(answers) do got[i] = answer.body end
check.equal("ten pipelined requests", { table.concat(got, " "), count }, { "1 2 3 4 5 6 7 8 9 10", 10 })
answers, _, count = ask(("GET / HTTP/1.1\r\nHost: a\r\n\r\n"):rep(4), nil, { maxrequests = 3 })
check.equal("maxrequests", { count, answers[2].headers.connection, answers[3].headers.connection }, { 3, nil, "close" })
answers, _, count = ask(("GET / HTTP/1.1\r\nHost: a\r\n\r\n"):rep(2), nil, { keepalive = false })
check.equal("keepalive = false", { count, answers[1].headers.connection }, { 1, "close" })
answers, _, count = ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: X, Close\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
check.equal("the peer closes", { count, answers[1].headers.connection }, { 1, "close" })

server:close()
check.done()
