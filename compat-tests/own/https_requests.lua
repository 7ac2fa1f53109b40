-- needs: certs, python3
-- HTTPS requests: bodies, endings, time limits, redirects, proxies. Numbers refer to tls.md's scenarios.
local check = require("check")
local footprint = require("footprint")
local tls = require("tls")
local https = require("socket.https")
local http = require("socket.http")
local ltn12 = require("ltn12")
local socket = require("socket")

local CERTS = tls.certificates
local EOF = "unexpected eof while reading"
https.cfg.cafile = CERTS .. "ca.crt"

local function url(port, path, scheme) return (scheme or "https") .. "://localhost:" .. port .. (path or "/") end

local function timed(f, ...)
    local start = socket.gettime()
    local results = { f(...) }
    return results, socket.gettime() - start
end

-- Tests both front ends; the outcome is the same.
local function both(name, port, expected)
    local body, code, _, status = https.request(url(port))
    check.equal(name .. ", https.request", { body, code, status }, expected)
    body, code, _, status = http.request(url(port))
    check.equal(name .. ", http.request", { body, code, status }, expected)
end

local function answer(text, ...)
    return "tls", "request", "send:" .. text:gsub("\r", "\\r"):gsub("\n", "\\n"), ...
end

-- ends of bodies
local OK = "HTTP/1.1 200 OK\r\n"
local serve = tls.peer

local peers = {
    serve(answer(OK .. "\r\nbody", "cut")),
    serve(answer(OK .. "\r\nbody", "notify", "hold")),
    serve(answer(OK .. "Content-Length: 100\r\n\r\n12345", "notify", "hold")),
    serve(answer(OK .. "Content-Length: 100\r\n\r\n12345", "cut")),
    serve(answer(OK .. "Content-Length: 4\r\n\r\nbody", "cut")),
    serve(answer(OK .. "Content-Length: 4\r\n\r\nbody", "reset")),
    serve(answer(OK .. "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n", "cut")),
    serve(answer(OK .. "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n", "cut")),
    serve(answer(OK .. "Content-Length: 100\r\n\r\n12345", "reset")),
    serve(answer(OK .. "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n", "reset")),
    serve(answer(OK .. "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n", "reset")),
}
both("44 no length, no notice", peers[1].port, { nil, EOF, nil })
both("45 no length, notice", peers[2].port, { "body", 200, "HTTP/1.1 200 OK" })
both("46 short, notice", peers[3].port, { nil, "closed", nil })
both("46 short, no notice", peers[4].port, { nil, EOF, nil })
both("add.28 complete, no notice", peers[5].port, { "body", 200, "HTTP/1.1 200 OK" })
both("add.28 complete, chunked, no notice", peers[7].port, { "body", 200, "HTTP/1.1 200 OK" })
both("add.28 chunked, short", peers[8].port, { nil, EOF, nil })
both("add.28 complete, reset", peers[6].port, { "body", 200, "HTTP/1.1 200 OK" })
both("add.28 short, reset", peers[9].port, { nil, "closed", nil })
both("add.28 complete, chunked, reset", peers[10].port, { "body", 200, "HTTP/1.1 200 OK" })
both("add.28 chunked, short, reset", peers[11].port, { nil, "closed", nil })
-- The reset arrives before the client has received the end of the body. At the first piece, the test waits until the
-- peer reports its reset, and the body is larger than one read. There are few sends, because a reset drops data that
-- waits for an acknowledgement.
local BODY = ("0123456789abcdef"):rep(2560)
local function reset_early(name, head, steps, expected)
    local words = { "tls", "request", "send:HTTP/1.1 200 OK\\r\\n" .. head }
    for _, step in ipairs(steps) do words[#words + 1] = step end
    words[#words + 1] = "reset"
    words[#words + 1] = "told"
    local resetting = serve((table.unpack or unpack)(words))
    for front, request in pairs({ ["https.request"] = https.request, ["http.request"] = http.request }) do
        local pieces, told = {}, nil
        local ok, code = request({ url = url(resetting.port), sink = function(piece)
            told = told or resetting.output:read("*l")
            pieces[#pieces + 1] = piece
            return 1
        end })
        check.equal(("%s, before its end, %s"):format(name, front), { ok, code }, expected)
        local body = table.concat(pieces)
        check.ok(("%s, what came, %s"):format(name, front), body == (ok and BODY or BODY:sub(1, #body)), #body)
    end
end
local CHUNKED, NEXT = "Transfer-Encoding: chunked\\r\\n\\r\\n2000\\r\\n", "send:\\r\\n8000\\r\\n"
reset_early("add.28 complete, reset", "Content-Length: 40960\\r\\n\\r\\n", { "fill:40960" }, { 1, 200 })
reset_early("add.28 short, reset", "Content-Length: 40961\\r\\n\\r\\n", { "fill:40960" }, { nil, "closed" })
reset_early("add.28 complete, chunked, reset", CHUNKED, { "fill:8192", NEXT, "fill:32768", "send:\\r\\n0\\r\\n\\r\\n" }, { 1, 200 })
reset_early("add.28 chunked, short, reset", CHUNKED, { "fill:8192", NEXT, "fill:32768", "send:\\r\\n" }, { nil, "closed" })
local function ignoring()
    local chunks = {}
    local ok, code = https.request({ url = url(peers[1].port), options = { "ignore_unexpected_eof" }, sink = ltn12.sink.table(chunks) })
    return ok, code, table.concat(chunks)
end
check.equal("48 ignore_unexpected_eof", { ignoring() }, { 1, 200, "body" })

-- time limits (add.34 takes precedence over D7)
local silent = serve("hello", "hold", "/", "hello", "hold", "/", "hello", "hold", "/", "tls", "request", "hold")
local function in_time(name, results, time, least)
    check.equal(name, { results[1], results[2] }, { nil, "timeout" })
    check.ok(name .. ": in time", time > least - 0.05 and time < 10, time)
end
https.TIMEOUT, http.TIMEOUT = 0.4, 20
local results, time = timed(https.request, url(silent.port))
in_time("32 https.TIMEOUT", results, time, 0.4)
https.TIMEOUT, http.TIMEOUT = 20, 0.4
results, time = timed(http.request, url(silent.port))
in_time("92 http.TIMEOUT", results, time, 0.4)
results, time = timed(http.request, { url = url(silent.port) })
in_time("92 http.TIMEOUT, a table", results, time, 0.4)
results, time = timed(http.request, url(silent.port))
in_time("34 after the handshake", results, time, 0.4)
https.TIMEOUT, http.TIMEOUT = 20, 20

-- 93
both("93 refused", require("ports").refusing(), { nil, "connection refused", nil })
-- the message depends on whether a name server answers
local nothing, unknown = https.request("https://no-such-host.invalid/")
check.ok("93 unknown host", nothing == nil and (unknown == "host or service not provided, or not known"
    or unknown == "temporary failure in name resolution"), unknown)

-- how a request is given
local page = serve("tls", "request", "page", "notify", "hold")
local reqt = { url = url(page.port), redirect = true, sink = function() return 1 end }
local before = {}
for name, value in pairs(reqt) do before[name] = value end
for i = 1, 2 do
    check.equal("90 the same table " .. i, { (https.request(reqt)), (select(2, https.request(reqt))) }, { 1, 200 })
end
check.equal("Δ12 unchanged", reqt, before)
check.equal("89 create", { https.request({ url = url(page.port), create = socket.tcp }) }, { nil, "create function not permitted" })
check.equal("D5 any scheme", (https.request(url(page.port, "/", "http"))), "hello tls")
check.equal("D5 no scheme", (https.request("//localhost:" .. page.port .. "/")), "hello tls")
local port = https.PORT
https.PORT = page.port
check.equal("D5 https.PORT", (https.request("https://localhost/")), "hello tls")
https.PORT = port
for _, wrong in ipairs({ "", 5, false }) do
    check.ok("D5 not a URL: " .. tostring(wrong), not pcall(https.request, wrong == false and nil or wrong))
end
check.ok("D5 a table without url", not pcall(https.request, {}))
check.equal("D11 http.request with a sink", (function()
    local chunks = {}
    local ok, code = http.request({ url = url(page.port), sink = ltn12.sink.table(chunks) })
    return { ok, code, table.concat(chunks) }
end)(), { 1, 200, "hello tls" })
check.equal("D11 parameters", { http.request({ url = url(page.port), protocol = "bogus" }) }, { nil, "invalid protocol (bogus)" })

-- D10
local create = https.tcp({ cafile = CERTS .. "ca.crt" })
local conn = create()
check.equal("D10 fields", { type(conn.sock), conn:settimeout(5), conn:connect("localhost", page.port) }, { "userdata", 1, 1 })
check.equal("D10 methods", { type(conn.send), type(conn.receive), type(conn.getfd), type(conn.dirty), type(conn.sni) },
    { "function", "function", "function", "function", "function" })
conn:send("GET / HTTP/1.0\r\n\r\n")
check.equal("D10 receive", conn:receive(), "HTTP/1.1 200 OK")
check.equal("D10 select", #socket.select({ conn }, nil, 5), 1)
check.equal("D10 close", select("#", conn:close()), 0)
local raises = socket.protect(function() return https.tcp()():connect("localhost", page.port) end)
check.equal("D10 without parameters", { https.tcp()() ~= nil, raises() }, { true, 1 })
https.cfg.verify, https.cfg.cafile = "peer", nil
check.equal("D10 raises an exception of socket.try", { raises() }, { nil, "certificate verify failed" })
https.cfg.cafile = CERTS .. "ca.crt"

-- 91: the sent data arrives
local echo = serve(answer(OK .. "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "notify", "hold"))
check.equal("91 chunked", { https.request(url(echo.port)) }, { "abcde", 200, { ["transfer-encoding"] = "chunked" }, "HTTP/1.1 200 OK" })
check.equal("91 POST", { (https.request(url(page.port), "a=b")) }, { "hello tls" })
check.equal("91 HEAD", { (select(2, https.request({ url = url(page.port), method = "HEAD" }))) }, { 200 })
check.equal("91 PUT", { (select(2, https.request({
    url = url(page.port), method = "PUT", source = ltn12.source.string(("x"):rep(100000)), headers = { ["content-length"] = 100000 },
}))) }, { 200 })

-- a native function reads the header lines
local object = https.tcp({})()
assert(object:connect("localhost", page.port))
local metatable, reads = getmetatable(object), 0
local receive_fields = metatable.receive_fields
function metatable.receive_fields(...)
    reads = reads + 1
    return receive_fields(...)
end
check.equal("91 header lines", { (https.request(url(page.port))), reads }, { "hello tls", 1 })
metatable.receive_fields = receive_fields
object:close()

-- redirects
local function moved(to) return "HTTP/1.1 302 Found\r\nLocation: " .. to .. "\r\nContent-Length: 0\r\n\r\n" end
local plain = tls.peer("hello", "plain:HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\nplain", "hold")
local stranger = serve("cert=self-signed", "tls", "request", "page", "notify", "hold")
local from = serve(answer(moved(url(plain.port, "/", "http")), "notify", "hold"))
local body, code, headers = https.request(url(from.port))
check.equal("85 not to http", { body, code, headers.location }, { "", 302, url(plain.port, "/", "http") })
body, code = http.request(url(from.port))
check.equal("85 not to http, http.request", { body, code }, { "", 302 })
from = serve(answer(moved(url(page.port)), "notify", "hold"))
both("87 another port", from.port, { "hello tls", 200, "HTTP/1.1 200 OK" })
from = serve(answer(moved("/there"), "notify", "hold", "/", "tls", "request", "page", "notify", "hold"))
both("87 relative", from.port, { "hello tls", 200, "HTTP/1.1 200 OK" })
from = serve(answer(moved(url(stranger.port)), "notify", "hold"))
both("88 to a stranger", from.port, { nil, "certificate verify failed", "self-signed certificate" })
check.equal("redirect=false", { (select(2, https.request({ url = url(from.port), redirect = false }))) }, { 302 })

local function to_https(target)
    return tls.peer("hello", "plain:" .. moved(url(target)):gsub("\r", "\\r"):gsub("\n", "\\n"), "hold").port
end
https.cfg.cafile = nil
local start = to_https(page.port)
check.equal("86 http to https, its CA in the table",
    { (select(2, http.request({ url = url(start, "/", "http"), cafile = CERTS .. "ca.crt" }))) }, { 200 })
local failed, why, _, detail = http.request({ url = url(start, "/", "http") })
check.equal("86 without", { failed, why, detail }, { nil, "certificate verify failed", "unable to get local issuer certificate" })
check.equal("Δ6 verify none is kept", { (select(2, http.request({ url = url(start, "/", "http"), verify = "none" }))) }, { 200 })
local told = serve("tls", "request", "told", "page", "notify", "hold")
local twice = tls.peer("hello", "plain:" .. moved(url(to_https(told.port), "/", "http")):gsub("\r", "\\r"):gsub("\n", "\\n"), "hold").port
local function with_key(password)
    return http.request({
        url = url(twice, "/", "http"), cafile = CERTS .. "ca.crt", sink = function() return 1 end, headers = { cookie = "c=1" },
        key = CERTS .. "good-enc.key", certificate = CERTS .. "good.pem", password = password,
    })
end
check.equal("add.35 a key and its password, over two redirects", { (select(2, with_key("secret"))) }, { 200 })
local head = told.output:read("*l"):lower()
check.ok("add.29 the password of a key is not sent as credentials", not head:find("authorization", 1, true), head)
check.ok("add.29 a cookie stays where it was", not head:find("cookie", 1, true), head)
check.equal("add.41 the key stays with its origin, and is not read for another", { (select(2, with_key("wrong"))) }, { 200 })
local complete = tls.is_complete()
for name, expected in pairs({
    ciphers = complete and "error setting cipher list (no cipher match)" or "ciphers not supported by this TLS backend",
    verifyext = complete and "certificate verify failed" or "verifyext not supported by this TLS backend (crl_check)",
    protocol = "invalid protocol (crl_check)",
}) do
    check.equal("add.35 kept after a redirect too: " .. name, { (select(2, http.request({
        url = url(start, "/", "http"), cafile = CERTS .. "ca.crt", [name] = "crl_check",
    }))) }, { expected })
end
from = serve(answer(moved(url(page.port)), "notify", "hold"))
check.equal("add.35 the fields stay on the way",
    { (select(2, http.request({ url = url(from.port), cafile = CERTS .. "ca.crt" }))) }, { 200 })
check.equal("add.35 https.request", { (select(2, https.request({ url = url(from.port), verify = "none" }))) }, { 200 })
https.cfg.cafile = CERTS .. "ca.crt"

-- proxies
local proxy = tls.peer("connect")
local function through(request, changes)
    local fields = { url = url(page.port), proxy = "http://pu:p%40w@127.0.0.1:" .. proxy.port, headers = { ["x-mine"] = "secret" },
        sink = function() return 1 end }
    for name, value in pairs(changes or {}) do fields[name] = value end
    return request(fields)
end
local HEAD = "CONNECT localhost:%d HTTP/1.1|Host: localhost:%d|Proxy-Authorization: Basic cHU6cEB3||"
for name, request in pairs({ ["https.request"] = https.request, ["http.request"] = http.request }) do
    check.equal("82 " .. name, { (select(2, through(request))) }, { 200 })
    check.equal("82 the head, " .. name, proxy.output:read("*l"), HEAD:format(page.port, page.port))
    check.equal("82 nothing else, " .. name, proxy.output:read("*l"), "tls only")
end
http.PROXY = "http://127.0.0.1:" .. proxy.port
check.equal("82 http.PROXY", (https.request(url(page.port))), "hello tls")
check.ok("82 no credentials, no header", not proxy.output:read("*l"):find("Auth"))
check.equal("82 nothing else", proxy.output:read("*l"), "tls only")
check.equal("82 http.PROXY, http.request", (http.request(url(page.port))), "hello tls")
proxy.output:read("*l")
proxy.output:read("*l")
https.PROXY = false
check.equal("Δ3 https.PROXY=false", { https.request(url(page.port)) }, { nil, "proxy not supported" })
check.equal("Δ3 https.PROXY=false, http.request", { http.request(url(page.port)) }, { nil, "proxy not supported" })
https.PROXY = nil
http.PROXY = nil
check.equal("Δ3 proxy field with https.PROXY=false", (function()
    https.PROXY = false
    local result = { through(https.request) }
    https.PROXY = nil
    return result
end)(), { nil, "proxy not supported" })
failed, why, _, detail = through(https.request, { url = url(stranger.port) })
check.equal("84 a stranger behind it", { failed, why, detail }, { nil, "certificate verify failed", "self-signed certificate" })
proxy.output:read("*l")
proxy.output:read("*l")
failed, why, _, detail = through(http.request, { url = "https://127.0.0.1:" .. serve("cert=dns-only", "tls").port .. "/" })
check.equal("84 the origin's name is checked", { failed, why, detail }, { nil, "certificate verify failed", "IP address mismatch" })
check.equal("a proxy over TLS", { through(https.request, { proxy = url(page.port) }) }, { nil, "unsupported proxy scheme 'https'" })
check.equal("no proxy", { through(https.request, { proxy = "//" }) }, { nil, "invalid proxy '//'" })

local odd = tls.peer("hello", "plain:HTTP/1.1 407 Proxy Authentication Required\\r\\nContent-Length: 0\\r\\n\\r\\n", "hold",
    "/", "hello", "plain:garbage", "hold", "/", "hello", "plain:abc", "cut", "/", "hello", "plain:HTTP/1.1 20", "cut",
    "/", "hello", "cut", "/", "hello", "hold")
local function odd_proxy() return through(https.request, { proxy = "http://127.0.0.1:" .. odd.port }) end
check.equal("83 refused", { odd_proxy() }, { nil, "proxy refused CONNECT (407)" })
for _, name in ipairs({ "garbage", "short garbage", "cut short" }) do
    check.equal("83 " .. name, { odd_proxy() }, { nil, "proxy sent no valid answer" })
end
check.equal("83 closes", { odd_proxy() }, { nil, "closed" })
https.TIMEOUT = 0.4
results, time = timed(odd_proxy)
in_time("83 stalls", results, time, 0.4)
https.TIMEOUT = 20

-- a `create` given by the user is called, but not for https through one of our proxies
local seen = {}
local function own()
    local sock = socket.tcp()
    seen[#seen + 1] = sock
    return sock
end
http.request({ url = url(plain.port, "/", "https"), create = own })
check.equal("a create of the user's own", #seen, 1)

-- our module is used when there is no `ssl.https`
local searchers = package.searchers or package.loaders
local kept = {}
for i = #searchers, 1, -1 do kept[i], searchers[i] = searchers[i], nil end
package.loaded["ssl.https"] = nil
check.equal("3.1.3 no ssl.https is needed", (http.request(url(page.port))), "hello tls")
for i = 1, #kept do searchers[i] = kept[i] end
-- an `ssl.https` that is loaded is used
package.loaded["ssl.https"] = { tcp = function() return function() return nil, "theirs" end end }
check.equal("3.1.3 that of another goes first", { http.request(url(page.port)) }, { nil, "theirs" })
http.PROXY = "http://127.0.0.1:1"
check.equal("a proxy that another does not know is not passed over", { http.request(url(page.port)) }, { nil, "proxy not supported" })
http.PROXY = nil
package.loaded["ssl.https"] = nil

-- add.30: failures close at once
collectgarbage()
collectgarbage()
collectgarbage("stop")
local first = footprint.next_descriptor()
for _ = 1, 5 do
    https.request(url(stranger.port))
    https.request({ url = url(page.port), protocol = "bogus" })
    https.request(url(peers[1].port))
    http.request(url(peers[3].port))
end
check.equal("add.30 nothing left open", footprint.next_descriptor(), first)
collectgarbage("restart")

check.done()
