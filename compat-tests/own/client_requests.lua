-- needs: python3
-- Module http: calls, options and the bytes on the wire (client.s.35 to 45, 49, 58, 59; B.calls, B.options).
local check = require("check")
local client_peer = require("client_peer")
local http = require("http")
local socket = require("socket")

local server = client_peer.start()
local base = server.base
local echo = base .. "/echo"

local echoed, failure = client_peer.echoed, client_peer.failure

-- client.s.35, 36
local r = http.get(base .. "/bytes/5")
check.equal("client.s.35", { r.status, r.status_code, r.ok, r.reason, r.version, r.body, r.body_size, r.url, r.history },
    { 200, 200, true, "OK", "1.1", "xxxxx", 5, base .. "/bytes/5", {} })
check.equal("B.response.6", tostring(r), "http response: 200 " .. base .. "/bytes/5")
r = http.get(base .. "/nothing")
check.equal("client.s.36", { r.status, r.ok }, { 404, false })
local nobody = "http://127.0.0.1:" .. require("ports").refusing() .. "/"
check.equal("client.s.36 refused", failure(http.get(nobody)), { "connection refused", "connect" })
check.equal("client.s.37", select(3, http.get("http://nowhere.invalid/")), "resolve")

-- response headers
r = http.get(base .. "/headers")
check.equal("client.s.38", { r.headers["content-length"], r.headers["CONTENT-LENGTH"], r.headers["Content-Length"], r.headers.eTAG },
    { "2", "2", "2", '"x"' })
check.equal("client.s.39", { r.headers["Set-Cookie"], r:header("set-cookie"), r:values("SET-COOKIE"), r.cookies },
    { "a=1; Path=/", "a=1; Path=/", { "a=1; Path=/", "b=2" }, { a = "1", b = "2" } })
local names = {}
for name in pairs(r.headers) do names[name] = true end
check.ok("B.response.2 pairs goes over Title-Case names", names["X-One"] and names.Etag and names["Set-Cookie"] and not names.ETag)
check.equal("B.response.2 as received", r.header_list[#r.header_list - 1], { "ETag", '"x"' })
check.equal("a header that is not there", { r.headers.other, r:header("x-other"), r:values("x-other"), r.headers[1] }, { nil, nil,
    {}, nil })

-- queries, forms
check.equal("client.s.40", echoed(http.get(echo, { query = { b = 1, a = { "x", "y z" } } })), "GET /echo?a=x&a=y%20z&b=1")
check.equal("B.options query: a text replaces the URL's", echoed(http.get(echo .. "?x=1", { query = "p=q r&s" })), "GET /echo?p=q%20r&s")
check.equal("B.options query: pairs", echoed(http.get(echo, { query = { { "b", 1 }, { "a", true } } })), "GET /echo?b=1&a=true")
check.equal("B.calls.3 blanks and bytes", echoed(http.get(base .. "/echo/a b?\195\164=1#part")), "GET /echo/a%20b?%C3%A4=1")
local _, line, fields, body
line, fields, body = echoed(http.post(echo, { form = { a = "x y" } }))
check.equal("client.s.41", { line, body, fields["Content-Type"], fields["Content-Length"] },
    { "POST /echo", "a=x+y", { "application/x-www-form-urlencoded" }, { "5" } })
_, fields, body = echoed(http.post(echo, { form = { a = "x y" }, body = "b" }))
check.equal("client.s.41 a body takes precedence over a form", { body, fields["Content-Type"] }, { "b" })
_, fields = echoed(http.post(echo))
check.equal("B.body.1 POST without a body", fields["Content-Length"], { "0" })
_, fields = echoed(http.delete(echo))
check.equal("B.body.1 DELETE without a body", fields["Content-Length"], nil)

-- request headers
_, fields = echoed(http.get(echo, { headers = { Accept = false, ["X-Two"] = { "1", 2 }, ["x-lower"] = "v", ["user-agent"] = "me" } }))
check.equal("client.s.42", { fields.Accept, fields["X-Two"], fields["x-lower"], fields["user-agent"], fields["User-Agent"] },
    { nil, { "1", "2" }, { "v" }, { "me" }, nil })
_, fields = echoed(http.get(echo, { headers = { { "X-A", "1" }, { "X-A", "2" } } }))
check.equal("B.options headers as pairs", fields["X-A"], { "1", "2" })
_, fields = echoed(http.get(echo))
check.equal("B.calls.8", { fields.Host, fields["User-Agent"], fields.Accept, fields["Accept-Encoding"] },
    { { server.host }, { http.USERAGENT }, { "*/*" }, { "gzip, deflate, br, zstd" } })
http.USERAGENT = nil
_, fields = echoed(http.get(echo))
check.equal("B.calls.8 no agent", fields["User-Agent"], nil)
http.USERAGENT = "mine/1"
_, fields = echoed(http.get(echo))
check.equal("B.calls.8 another agent", fields["User-Agent"], { "mine/1" })
_, fields = echoed(http.get(echo, { cookies = { z = 1, a = "x" }, auth = { user = "Aladdin", pass = "open sesame" } }))
check.equal("B.options cookies, auth", { fields.Cookie, fields.Authorization }, { { "a=x; z=1" },
    { "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==" } })
_, fields = echoed(http.get(echo,
    { cookies = { a = 1 }, auth = { user = "u", pass = "p" }, headers = { cookie = "own", Authorization = "Own" } }))
check.equal("B.options headers are applied last", { fields.cookie, fields.Cookie, fields.Authorization }, { { "own" }, nil, { "Own" } })
_, fields = echoed(http.get("http://u%40:p@" .. server.host .. "/echo"))
check.equal("the URL's user", fields.Authorization, { "Basic " .. require("mime").b64("u@:p") })
_, fields = echoed(http.get("http://u:p@" .. server.host .. "/echo", { auth = { user = "a", pass = "b" } }))
check.equal("auth takes precedence over the URL's", fields.Authorization, { "Basic " .. require("mime").b64("a:b") })

-- client.s.43: refused before a connection is made
local listening = assert(socket.bind("127.0.0.1", 0))
local quiet
_, quiet = listening:getsockname()
local place = "http://127.0.0.1:" .. quiet .. "/"
for name, outcome in pairs({
    ["invalid header 'X'"] = { http.get(place, { headers = { X = "a\r\nb" } }) },
    ["invalid header 'X\nY'"] = { http.get(place, { headers = { ["X\nY"] = "a" } }) },
    ["invalid header 'Transfer-Encoding'"] = { http.get(place, { headers = { ["Transfer-Encoding"] = "chunked" } }) },
    ["invalid cookie 'a'"] = { http.get(place, { cookies = { a = "x\r\n" } }) },
    ["invalid cookie 'a b'"] = { http.get(place, { cookies = { ["a b"] = "x" } }) },
    ["invalid method"] = { http.request("GET\r\n", place) },
    ["invalid uri"] = { http.get(place .. "a\r\nb") },
    ["invalid host '127.0.0.1\r\n:1'"] = { http.get("http://127.0.0.1\r\n:1/") },
    ["invalid query"] = { http.get(place, { query = { a = print } }) },
    ["invalid auth (user and pass needed)"] = { http.get(place, { auth = { user = "u" } }) },
    ["invalid body (a table needs form or multipart)"] = { http.post(place, { body = {} }) },
    ["invalid duration 'soon'"] = { http.get(place, { timeout = "soon" }) },
    ["timeout"] = { http.get(place, { timeout = 0 }) },
    ["unsupported scheme 'ftp'"] = { http.get("ftp://h/") },
    ["unsupported scheme ''"] = { http.get() },
    ["invalid host ''"] = { http.get("http:///x") },
    ["invalid host 'nil'"] = { http.request({}) },
    ["body does not match content-length"] = { http.post(place, { body = "abc", headers = { ["content-length"] = 5 } }) },
}) do
    check.equal("client.s.43 " .. name, failure(outcome[1], outcome[2], outcome[3]), { name, "request" })
end
check.equal("client.s.44 by other methods too", failure(http.request("PUT", place, { body = {} }))[1],
    "invalid body (a table needs form or multipart)")
check.equal("B.calls.3 a URL as method", failure(http.request(place)), { "invalid method", "request" })
listening:settimeout(0)
check.equal("client.s.43 nothing connected", { listening:accept() }, { nil, "timeout" })

-- bodies
local function source_of(...)
    local pieces, i = { ... }, 0
    return function()
        i = i + 1
        return pieces[i]
    end
end
check.equal("client.s.45", http.post(echo, { body = source_of("abc"), headers = { ["Content-Length"] = 5 } }), nil)
check.equal("client.s.45 message", select(2, http.post(echo, { body = source_of("abc"), headers = { ["Content-Length"] = "5" } })),
    "body does not match content-length")
_, fields, body = echoed(http.post(echo, { body = source_of("abc", "de"), headers = { ["Content-Length"] = 5 } }))
check.equal("B.body.1 a source of a length", { body, fields["Content-Length"], fields["Transfer-Encoding"] }, { "abcde", { "5" } })
_, fields, body = echoed(http.put(echo, { body = source_of("abc", "de") }))
check.equal("B.body.1 a source in chunks", { body, fields["Content-Length"], fields["Transfer-Encoding"] }, { "abcde", nil, { "chunked" } })
local file = assert(io.open("upload", "w+b"))
file:write("0123456789")
file:seek("set", 3)
_, fields, body = echoed(http.patch(echo, { body = file }))
check.equal("B.options an open file, from its position", { body, fields["Content-Length"] }, { "3456789", { "7" } })
file:close()

-- methods, tables
check.equal("B.calls.3 upper case", echoed(http.request("post", echo)), "POST /echo")
check.equal("B.calls.3 nil", echoed(http.request(nil, echo)), "GET /echo")
check.equal("B.calls.1 every method", {
    echoed(http.get(echo)), echoed(http.post(echo)), echoed(http.put(echo)), echoed(http.delete(echo)),
    echoed(http.patch(echo)), (echoed(http.options(echo))),
}, { "GET /echo", "POST /echo", "PUT /echo", "DELETE /echo", "PATCH /echo", "OPTIONS /echo" })
r = http.head(echo)
check.equal("B.response.4 HEAD", { r.status, r.body, r.body_size }, { 200, "", 0 })
r = http.get(base .. "/status/204")
check.equal("B.response.4 204", { r.status, r.body }, { 204, "" })
check.equal("client.s.58", { (echoed(http.request({ url = echo .. "?own=1", host = "nowhere.invalid", port = 1, query = "field=1" }))) },
    { "GET /echo?own=1" })
check.equal("B.calls.2 by parts", { (echoed(http.request({
    host = "127.0.0.1", port = server.port, path = "/echo", query = { a = 1 }, method = "put", ip = "x", fragment = "y",
}))) }, { "PUT /echo?a=1" })
check.equal("B.calls.2 query as field", { (echoed(http.request({ url = echo, query = "field=1" }))) }, { "GET /echo?field=1" })

-- client.s.49
check.raises("client.s.49", "invalid option 'timout'", http.get, echo, { timout = 1 })
check.raises("client.s.49 in a table", "invalid option 'timout'", http.request, { url = echo, timout = 1 })
check.raises("client.s.49 in a session", "invalid option 'timout'", http.session, { timout = 1 })
check.raises("B.calls.1 options of a wrong type", "table expected, got string", http.get, echo, "x")
check.raises("a wrong type of an option", "invalid option 'headers' %(table expected, got string%)", http.get, echo, { headers = "x" })
local ok, message = pcall(function()
    local answer = http.get(echo, { timout = 1 })
    return answer
end)
check.ok("the error names this file", not ok and message:find("client_requests"), message)

-- client.s.59
local options = { query = { a = 1 }, headers = { X = "1", Y = { "2" } }, cookies = { c = "3" }, form = { f = "4" },
    timeouts = { idle = 5 } }
local show = require("show")
local before = show.plain(options)
local first, second = echoed(http.post(echo, options)), echoed(http.post(echo, options))
check.equal("client.s.59", { first, show.plain(options) }, { second, before })
local reqt = { url = echo, method = "post", body = "x" }
before = show.plain(reqt)
http.request(reqt)
check.equal("B.calls.4", show.plain(reqt), before)

-- a Unix socket, a `create` function
local made = 0
r = http.get(echo, { create = function()
    made = made + 1
    return socket.tcp()
end })
check.equal("B.options create", { made, r and r.status }, { 1, 200 })
check.raises("a pool of the wrong type", "pool expected, got table", http.get, base .. "/bytes/1", { pool = {} })
check.raises("a jar of the wrong type", "jar expected, got boolean", http.get, base .. "/bytes/1", { jar = true })
for _, name in ipairs({ "get", "request", "request_batch", "close" }) do
    check.raises("a dot in place of a colon: " .. name, ("calling '%s' on bad self %%(use session:%s%%)"):format(name, name),
        http.session()[name], "http://127.0.0.1/")
end
check.raises("a session's pool of the wrong type", "pool expected, got string", http.session, { pool = "x" })
check.equal("a session makes its jar", type(http.session({ jar = true }).jar), type(http.jar()))
check.done()
