-- The bytes socket.http sends, and the requests it refuses.
local check = require("check")
local fake = require("fake_http")
local socket = require("socket")
local http = require("socket.http")

local REPLY = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
local peer

-- Makes a request to a fake peer; returns the results of http.request.
local function request(reqt)
    peer = fake.peer(REPLY)
    socket.tcp = peer.create
    return http.request(reqt)
end

local function line(name, reqt)
    local ok, err = request(reqt)
    if not ok then return nil, err end
    if name == "" then return fake.request_line(peer.sockets[1]) end
    return fake.header(peer.sockets[1], name)
end

check.equal("http.bugs.1: IPv6 host, default port", line("host", "http://[::1]/"), "Host: [::1]")
check.equal("http.bugs.1: IPv6 host, port", line("host", "http://[::1]:8080/"), "Host: [::1]:8080")
check.equal("http.bugs.1: connect gets the address alone", peer.sockets[1].host, "::1")
check.equal("http.bugs.1: through a proxy", line("", { url = "http://[::1]/a", proxy = "http://px" }),
    "GET http://[::1]:80/a HTTP/1.1\r\n")
check.equal("http.bugs.1: a bracketed host field", line("host", { url = "http://h/", host = "[::2]" }), "Host: [::2]")

check.equal("http.bugs.2: no fragment", line("", "http://h/x?y#z"), "GET /x?y HTTP/1.1\r\n")
check.equal("http.bugs.2: nor to a proxy", line("", { url = "http://h/x?y#z", proxy = "http://px" }),
    "GET http://h:80/x?y HTTP/1.1\r\n")
check.equal("http.bugs.2: an explicit uri is sent as it is", line("", { url = "http://h/", uri = "/x#y" }),
    "GET /x#y HTTP/1.1\r\n")
check.equal("http.bugs.3: no userinfo to a proxy", line("", { url = "http://u:p@h/x", proxy = "http://px" }),
    "GET http://h:80/x HTTP/1.1\r\n")
check.equal("http.bugs.3: it is in a header", fake.header(peer.sockets[1], "authorization"), "Authorization: Basic dTpw")

check.equal("http.bugs.7: upper-case scheme", line("", "HTTP://h/a"), "GET /a HTTP/1.1\r\n")
check.equal("http.bugs.7: upper-case scheme field", line("", { scheme = "HTTP", host = "h", path = "/" }),
    "GET / HTTP/1.1\r\n")
check.equal("http.bugs.7: no scheme", line("", { host = "h", path = "/b" }), "GET /b HTTP/1.1\r\n")
local function refused(item, message, reqt)
    local got = { request(reqt) }
    check.equal(item, got, { nil, message })
    check.equal(item .. ": no socket made", #peer.sockets, 0)
end
refused("http.bugs.7: unknown scheme", "unsupported scheme 'ftp'", "ftp://h/")
check.equal("http.bugs.7: host:port, with a hint", { request("host:80/x") },
    { nil, "unsupported scheme 'host'", nil, "missing http:// before 'host:80/x'" })
refused("http.bugs.7: empty", "invalid host 'nil'", "")
refused("http.bugs.7: empty table", "invalid host 'nil'", {})
refused("http.bugs.7: false scheme is none", "invalid host 'nil'", { scheme = false })

-- never in the clear instead
http.schemes.x = { port = 70, create = function() return nil, "no TLS" end }
refused("http.module.3: a scheme whose create fails", "no TLS", "x://h/")
refused("http.module.3: nor as a proxy's", "no TLS", { url = "http://h/", proxy = "x://px" })
http.schemes.x.create = function() return nil end
refused("http.module.3: a scheme whose create gives nothing", "unsupported scheme 'x'", "x://h/")
check.equal("http.module.3: a create of the user's is enough", line("", { url = "x://h/", create = function() return peer.create() end }),
    "GET / HTTP/1.1\r\n")
http.schemes.x = nil

refused("http.bugs.9: empty proxy", "invalid proxy ''", { url = "http://h/", proxy = "" })
check.equal("a URL without a scheme: the hint is the fourth result", { request("example.com") },
    { nil, "invalid host 'nil'", nil, "missing http:// before 'example.com'" })
refused("a port out of range", "invalid port '65536'", "http://h:65536/")
refused("a port out of range, a number", "invalid port '70000'", { url = "http://h/", port = 70000 })
refused("a proxy's port out of range", "invalid proxy 'px:65536'", { url = "http://h/", proxy = "px:65536" })
check.equal("add.53: a proxy as host:port", line("", { url = "http://h/", proxy = "px:99" }), "GET http://h:80/ HTTP/1.1\r\n")
check.equal("add.53: its port", peer.sockets[1].port, "99")
check.equal("add.53: with a login", line("proxy-authorization", { url = "http://h/", proxy = "u:p@px:99" }),
    "Proxy-Authorization: Basic dTpw")
check.equal("add.53: a host alone", line("", { url = "http://h/", proxy = "px" }) and peer.sockets[1].port, 3128)
check.equal("a user without a password has an empty one", line("authorization", "http://key@h/"), "Authorization: Basic a2V5Og==")
check.equal("so has a proxy's", line("proxy-authorization", { url = "http://h/", proxy = "http://key@px" }),
    "Proxy-Authorization: Basic a2V5Og==")
check.equal("no user is no login", line("authorization", "http://@h/"), "(no such header)")
for _, field in ipairs({ "source", "sink", "step", "create", "response_headers" }) do
    check.raises("issue 14.9: " .. field .. " that is no function",
        "bad field '" .. field .. "' %(function expected, got string", http.request, { url = "http://h/", [field] = "text" })
end
check.raises("issue 14.9: a source of text", "use ltn12.source.string", http.request, { url = "http://h/", source = "text" })
refused("http.bugs.9: no host", "invalid proxy 'http://'", { url = "http://h/", proxy = "http://" })
refused("http.bugs.9: unknown scheme", "unsupported scheme 'gopher'", { url = "http://h/", proxy = "gopher://px" })
refused("http.bugs.9: no text", "invalid proxy 'true'", { url = "http://h/", proxy = true })
refused("http.bugs.9: line break", "invalid proxy 'http://p\r\nx'", { url = "http://h/", proxy = "http://p\r\nx" })
check.equal("http.bugs.9: without a scheme", line("", { url = "http://h/", proxy = "//px:99" }),
    "GET http://h:80/ HTTP/1.1\r\n")
check.equal("http.bugs.9: its port", peer.sockets[1].port, "99")
check.equal("http.proxy.1: an empty port is none", (function()
    request({ url = "http://h/", proxy = "http://px:" })
    return peer.sockets[1].port
end)(), 3128)
http.PROXY = "http://"
refused("http.bugs.9: http.PROXY", "invalid proxy 'http://'", "http://h/")
http.PROXY = nil

-- http.bugs.13, add.26
for _, bad in ipairs({ "\r", "\n", "\0", "\r\nX: y", "\127", "\1" }) do
    local name = ("add.26 %q"):format(bad)
    refused(name .. " in the method", "invalid method", { url = "http://h/", method = "GET" .. bad })
    refused(name .. " in the path", "invalid uri", { url = "http://h/a" .. bad })
    refused(name .. " in the query", "invalid uri", { url = "http://h/?" .. bad })
    refused(name .. " in uri", "invalid uri", { url = "http://h/", uri = "/" .. bad })
    refused(name .. " in the host", "invalid host 'h" .. bad .. "'", { url = "http://h/", host = "h" .. bad })
    refused(name .. " in the port", "invalid header 'host'", { url = "http://h/", port = "80" .. bad })
    refused(name .. " in a header's name", "invalid header 'A" .. bad .. "'",
        { url = "http://h/", headers = { ["A" .. bad] = "b" } })
    refused(name .. " in a header's value", "invalid header 'A'", { url = "http://h/", headers = { A = "b" .. bad } })
    http.USERAGENT = "x" .. bad
    refused(name .. " in http.USERAGENT", "invalid header 'user-agent'", "http://h/")
    http.USERAGENT = "x"
    refused(name .. " in a proxied target", "invalid uri", { url = "http://h/" .. bad, proxy = "http://px" })
end
refused("add.26: blank in the method", "invalid method", { url = "http://h/", method = "GET /x" })
refused("add.26: TAB in uri", "invalid uri", { url = "http://h/", uri = "/\t" })
refused("add.26: empty header name", "invalid header ''", { url = "http://h/", headers = { [""] = "b" } })
refused("add.26: blank in a header's name", "invalid header 'A B'", { url = "http://h/", headers = { ["A B"] = "b" } })
refused("add.26: colon in a header's name", "invalid header 'A:'", { url = "http://h/", headers = { ["A:"] = "b" } })
refused("add.26: boolean value", "invalid header 'A'", { url = "http://h/", headers = { A = false } })
refused("add.26: table value", "invalid header 'A'", { url = "http://h/", headers = { A = {} } })
refused("add.26: method that is no text", "invalid method", { url = "http://h/", method = {} })
refused("add.26: uri that is no text", "invalid uri", { url = "http://h/", uri = {} })
check.equal("http.bugs.13: blanks in a uri stay", line("", "http://h/a b"), "GET /a b HTTP/1.1\r\n")
check.equal("http.bugs.13: TAB in a value stays", line("a", { url = "http://h/", headers = { A = "b\tc" } }), "A: b\tc")
check.equal("http.bugs.13: a number as a value", line("a", { url = "http://h/", headers = { A = 12 } }), "A: 12")

local h = http.open("h", 80, fake.peer("").create)
check.equal("add.26: sendrequestline", { socket.protect(h.sendrequestline)(h, "GET", "/\r\nX: y") }, { nil, "invalid uri" })
check.equal("add.30: and it closed the connection", h.c.closed, 1)
h = http.open("h", 80, fake.peer("").create)
check.equal("add.26: sendheaders", { socket.protect(h.sendheaders)(h, { a = "\n" }) }, { nil, "invalid header 'a'" })
check.equal("add.26: nothing was sent", #h.c.sent, 0)

check.equal("http.bugs.19: user is decoded", line("authorization", "http://a%40b:c%3Ad@h/"),
    "Authorization: Basic YUBiOmM6ZA==")
check.equal("http.bugs.19: proxy's too", line("proxy-authorization", { url = "http://h/", proxy = "http://a%40b:c%3Ad@px/" }),
    "Proxy-Authorization: Basic YUBiOmM6ZA==")

check.equal("add.7: http.wire.10", line("x-custom", { url = "http://h/", headers = { ["X-CuStom"] = "1" } }), "X-Custom: 1")
socket.headers.setcanonic("X-CuStom")
check.equal("add.7: registered spelling", line("x-custom", { url = "http://h/", headers = { ["x-custom"] = "1" } }),
    "X-CuStom: 1")

-- http.bugs.8
local pieces = { "ab", "", "cd", n = 0 }
request({
    url = "http://h/",
    source = function()
        pieces.n = pieces.n + 1
        return pieces[pieces.n]
    end,
})
check.equal("http.bugs.8: empty pieces do not end a body", fake.body(peer.sockets[1]), "2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n")
check.equal("http.bugs.8: the sink says 1", socket.sink("http-chunked", fake.peer("").create())(""), 1)

pieces.n = 0
check.equal("http.body.send.6", {
    request({
        url = "http://h/",
        source = function()
            pieces.n = pieces.n + 1
            if pieces.n == 2 then return nil, "E" end
            return "ab"
        end,
    }),
}, { nil, "E" })
check.equal("http.body.send.6: a failed body is not ended", fake.body(peer.sockets[1]), "2\r\nab\r\n")

-- add.31
local headers = { A = "b" }
local reqt = { url = "http://h:81/", headers = headers, create = false, port = "", method = "" }
check.equal("add.31", (request(reqt)), 1)
check.equal("add.31: the table is as it was", reqt,
    { url = "http://h:81/", headers = { A = "b" }, create = false, port = "", method = "" })
check.equal("add.31: it can be used again", (request(reqt)), 1)

check.raises("http.request.11: nil", "bad argument #1 to 'request'", http.request)
check.raises("http.request.11: number", "bad argument #1 to 'request'", http.request, 5)
check.equal("http.open without create", (function()
    peer = fake.peer("")
    socket.tcp = peer.create
    return http.open("h", 80).c == peer.sockets[1]
end)(), true)

-- add.32
check.equal("add.32: Host", line("host", "http://b\195\188cher.example/"), "Host: xn--bcher-kva.example")
check.equal("add.32: connect", peer.sockets[1].host, "xn--bcher-kva.example")
check.equal("add.32: proxied target", line("", { url = "http://b\195\188cher.example/", proxy = "http://px" }),
    "GET http://xn--bcher-kva.example:80/ HTTP/1.1\r\n")
check.equal("add.32: proxy", (request({ url = "http://h/", proxy = "http://b\195\188cher.example" })), 1)
check.equal("add.32: proxy's connect", peer.sockets[1].host, "xn--bcher-kva.example")
refused("add.32: no such name", "invalid host '\255\254'", { url = "http://h/", host = "\255\254" })

check.done()
