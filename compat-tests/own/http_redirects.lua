-- Redirects: which are followed, and which parts of the request are forwarded.
local check = require("check")
local fake = require("fake_http")
local socket = require("socket")
local http = require("socket.http")
local ltn12 = require("ltn12")

local OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
local function moved(location, code)
    return ("HTTP/1.1 %d x\r\nContent-Length: 3\r\nLocation: %s\r\n\r\nred"):format(code or 302, location)
end

local peer
-- The parameters of each call of the https factory, one table per request.
local factory_saw
package.loaded["ssl.https"] = {
    tcp = function(params)
        local seen = {}
        for name, value in pairs(params) do seen[name] = value end
        factory_saw[#factory_saw + 1] = seen
        params.protocol = params.protocol or "any"
        return function()
            local sock = socket.tcp()
            sock.kind = "TLS:"
            return sock
        end
    end,
}

local function request(reqt, ...)
    peer, factory_saw = fake.peer(...), {}
    socket.tcp = peer.create
    return http.request(reqt)
end

local function requests(reqt, ...)
    request(reqt, ...)
    return fake.requests(peer)
end

local function second(name) return fake.header(peer.sockets[2], name) end

check.equal("add.1: 308", requests({ url = "http://h/a" }, moved("/n", 308), OK), "GET /a @h:80 , GET /n @h:80")
check.equal("add.1: 308, POST", requests({ url = "http://h/a", method = "POST" }, moved("/n", 308), OK), "POST /a @h:80")
check.equal("http.s.138", requests({ url = "http://h/a" }, moved("HTTP://o/y"), OK), "GET /a @h:80 , GET /y @o:80")
check.equal("http.redirect.3: https, relative", requests({ url = "https://h/a" }, moved("b"), OK),
    "GET /a @TLS:h:443 , GET /b @TLS:h:443")
check.equal("https to http", requests({ url = "https://h/a" }, moved("HTTP://h/b"), OK), "GET /a @TLS:h:443")

-- http.bugs.4, http.s.155, add.31, add.35
local created = 0
local function create()
    created = created + 1
    return peer.create()
end
local reqt = { url = "http://h:81/a", create = create }
check.equal("http.s.155", { request(reqt, moved("/1"), OK) },
    { 1, 200, { ["content-length"] = "2", location = "/1" }, "HTTP/1.1 200 OK" })
check.equal("http.s.155: create is called for each hop", created, 2)
check.equal("http.s.155: the caller's table", reqt, { url = "http://h:81/a", create = create })
check.equal("add.31: the table can be used again", (request(reqt, OK)), 1)
created = 0
check.equal("http.redirect.7: create stays behind when the scheme changes",
    requests(reqt, moved("https://h/1"), OK), "GET /a @h:81 , GET /1 @TLS:h:443")
check.equal("http.redirect.7: calls", created, 1)
created = 0
check.equal("http.bugs.4: port of the caller's", requests({ url = "http://h/a", port = 99, create = create }, moved("/1"), OK),
    "GET /a @h:99 , GET /1 @h:99")

-- http.bugs.5, http.s.157
check.equal("http.s.157: HEAD stays HEAD", requests({ url = "http://h/a", method = "HEAD" }, moved("/x"), OK),
    "HEAD /a @h:80 , HEAD /x @h:80")
local body = {}
request({ url = "http://h/a", method = "HEAD", sink = ltn12.sink.table(body) }, moved("/x"), OK)
check.equal("http.s.157: no body", body, {})

-- http.bugs.6, http.s.158, add.29
local headers = { Authorization = "secret", COOKIE = "c", Host = "virtual", Range = "r" }
local function kept(url, location)
    request({ url = url, headers = headers }, moved(location), OK)
    return { second("authorization"), second("cookie"), second("host"), second("range") }
end
local NONE = "(no such header)"
check.equal("http.s.158: another host", kept("http://h/a", "http://o/x"), { NONE, NONE, "Host: o", "Range: r" })
check.equal("add.29: another port", kept("http://h/a", "http://h:81/x"), { NONE, NONE, "Host: h:81", "Range: r" })
check.equal("add.41: the same host over TLS", kept("http://h/a", "https://h/x"),
    { "Authorization: secret", "Cookie: c", "Host: h", "Range: r" })
check.equal("add.41: not from another port", kept("http://h:81/a", "https://h/x"), { NONE, NONE, "Host: h", "Range: r" })
check.equal("add.41: not to another port", kept("http://h/a", "https://h:444/x"), { NONE, NONE, "Host: h:444", "Range: r" })
check.equal("add.29: another scheme, same port", kept("http://h:443/a", "https://h/x"), { NONE, NONE, "Host: h", "Range: r" })
local ALL = { "Authorization: secret", "Cookie: c", "Host: virtual", "Range: r" }
check.equal("add.29: same origin", kept("http://h/a", "/x"), ALL)
check.equal("add.29: same origin, spelled otherwise", kept("http://h/a", "HTTP://H:80/x"), ALL)
check.equal("add.29: the caller's table",
    headers, { Authorization = "secret", COOKIE = "c", Host = "virtual", Range = "r" })
check.equal("add.29: dropped ones do not come back", (function()
    request({ url = "http://h/a", headers = headers }, moved("http://o/x"), moved("http://h/y"), OK)
    return fake.header(peer.sockets[3], "cookie")
end)(), NONE)

-- credentials of the URL
request({ url = "http://u:p@h/a" }, moved("/x"), OK)
check.equal("http.redirect.6: relative", second("authorization"), "Authorization: Basic dTpw")
request({ url = "http://u:p@h/a" }, moved("http://h/x"), OK)
check.equal("a login in the URL, absolute location of the same origin", second("authorization"), "Authorization: Basic dTpw")
request({ url = "http://u:p@h/a" }, moved("https://h/x"), OK)
check.equal("add.41: it goes along to TLS", second("authorization"), "Authorization: Basic dTpw")
request({ url = "http://u:p@h/a" }, moved("http://v:q@h/x"), OK)
check.equal("a login in the location takes precedence", second("authorization"), "Authorization: Basic djpx")
request({ url = "http://u:p@h/a" }, moved("http://h:81/x"), OK)
check.equal("add.41: not to another port", second("authorization"), NONE)
request({ url = "http://h/a", user = "u", password = "p" }, moved("http://h/x"), OK)
check.equal("a login in fields, absolute location of the same origin", second("authorization"), "Authorization: Basic dTpw")
request({ url = "http://u:p@h/a" }, moved("//o/x"), OK)
check.equal("http.redirect.6: another host without a scheme", second("authorization"), NONE)
request({ url = "http://h/a", user = "u", password = "p/@:" }, moved("x"), OK)
check.equal("http.bugs.12: user and password fields", second("authorization"), "Authorization: Basic dTpwL0A6")

-- http.bugs.12
check.equal("http.bugs.12: no url", requests({ scheme = "http", host = "h", port = 81, path = "/a/b" }, moved("c"), OK),
    "GET /a/b @h:81 , GET /a/c @h:81")
check.equal("http.bugs.12: fields beat the url", requests({ url = "http://x/y/z", host = "h", path = "/a/b" }, moved("c"), OK),
    "GET /a/b @h:80 , GET /a/c @h:80")
check.equal("http.bugs.12: query field", requests({ url = "http://h/a", query = "q" }, moved("?r"), OK),
    "GET /a?q @h:80 , GET /a?r @h:80")
check.equal("http.bugs.12: a path without its slash is no part of the host",
    requests({ url = "http://h/a", path = "z" }, moved("?r"), OK), "GET z @h:80 , GET /z?r @h:80")
check.equal("http.bugs.12: IPv6", requests({ url = "http://[::1]:81/a" }, moved("/b"), OK),
    "GET /a @::1:81 , GET /b @::1:81")
check.equal("http.bugs.12: Host", second("host"), "Host: [::1]:81")
check.equal("fragment of a location is not sent", requests({ url = "http://h/a" }, moved("/b#c"), OK),
    "GET /a @h:80 , GET /b @h:80")
check.equal("add.26: a location that cannot be sent", { request({ url = "http://h/a" }, moved("/b\1c"), OK) },
    { nil, "invalid uri" })
check.equal("location without a host", { request({ url = "http://h/a" }, moved("http://"), OK) },
    { nil, "invalid host 'nil'" })
for _, location in ipairs({ "http:/o/c", "http:///o/c", "HTTP:/o/c" }) do
    check.equal("slashes before the host: " .. location, requests({ url = "http://h/a" }, moved(location), OK),
        "GET /a @h:80 , GET /c @o:80")
end
check.equal("add.32: international location", requests({ url = "http://h/a" }, moved("http://b\195\188cher.example/"), OK),
    "GET /a @h:80 , GET / @xn--bcher-kva.example:80")

-- http.bugs.22
local steps = 0
request({
    url = "http://h/a",
    step = function(...)
        steps = steps + 1
        return ltn12.pump.step(...)
    end,
}, moved("/x"), OK)
check.equal("http.bugs.22: step goes along", steps, 2)

-- add.35
local function tls(name, i) return factory_saw[i] and factory_saw[i][name] end
request({ url = "https://h/a", verify = "none", cafile = "f", protocol = "tlsv1_2", other = 1 }, moved("/b"), OK)
check.equal("add.35: TLS fields", { tls("verify", 2), tls("cafile", 2), tls("protocol", 2), tls("other", 2) },
    { "none", "f", "tlsv1_2" })
request({ url = "http://h/a", verify = "none" }, moved("/b"), moved("https://h/c"), OK)
check.equal("add.35: from http to https", tls("verify", 1), "none")
request({ url = "https://h/a" }, moved("/b"), OK)
check.equal("add.35: each request gets new defaults", tls("protocol", 2), nil)
request({ url = "https://h/a", key = "k", password = "kp", certificate = "c", cafile = "f" }, moved("https://h/b"), OK)
check.equal("add.35: the key's password", tls("password", 2), "kp")
check.equal("add.35: and certificate and key", { tls("certificate", 2), tls("key", 2) }, { "c", "k" })
request({ url = "https://h/a", key = "k", password = "kp", certificate = "c", cafile = "f" }, moved("https://o/b"), OK)
check.equal("add.41: they stay with their origin", { tls("certificate", 2), tls("key", 2), tls("password", 2) }, {})
check.equal("add.41: other fields do not", tls("cafile", 2), "f")
request({ url = "http://h/a", headers = { ["Proxy-Authorization"] = "x", A = "b" } }, moved("http://o/b"), OK)
check.equal("add.41: Proxy-Authorization", { second("proxy-authorization"), second("a") }, { NONE, "A: b" })
request({ url = "https://h/a", key = "k", password = "kp" }, moved("https://u@o/b"), OK)
check.equal("add.29: it is not sent as a user's", second("authorization"), "Authorization: Basic dTo=")

local asked = {}
request(setmetatable({ url = "http://h/a" }, { __index = function(_, name) asked[#asked + 1] = name end }), moved("b"), OK)
check.equal("add.35: only fields of the table itself go along", asked, { "uri" })

check.equal("add.30: every connection was closed", (function()
    request({ url = "http://h/a" }, moved("/x"), moved("/y"), OK)
    local closed = {}
    for i, sock in ipairs(peer.sockets) do closed[i] = sock.closed end
    return closed
end)(), { 1, 1, 1 })
check.done()
