-- http.module, http.request, http.create: arguments, early errors and the calls made on sockets (http.s.41-56).
local show = require("show")
local fake = require("fake_http")
local socket = require("socket")
local http = require("socket.http")

show("http.module.1", socket.http == http, type(socket.url), type(socket.headers))
show("http.module.2", http.TIMEOUT, type(http.USERAGENT), http.PROXY, type(http.schemes))
for _, name in ipairs({ "open", "request", "genericform", "PORT", "SCHEMES", "_VERSION" }) do
    show("http.module.2 " .. name, type(http[name]))
end
show("http.module.3", http.schemes.http.port, http.schemes.https.port, type(http.schemes.https.create))
show("http.module.8", type(socket.sourcet["http-chunked"]), type(socket.sinkt["http-chunked"]))
show("http.module.4", http.schemes.http.create({}) == socket.tcp)

local REPLY = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
local peer = fake.peer(REPLY)
socket.tcp = peer.create
show("http.module.4: read at call time", http.schemes.http.create({}) == peer.create)

local function early(label, reqt)
    local sink, seen = fake.sink()
    if type(reqt) == "table" then reqt.sink = sink end
    show(label, http.request(reqt))
    show(label .. " sink, sockets", seen(), #peer.sockets)
end

early("http.s.41", { host = "h", scheme = "http" })
early("http.s.42", "/localhost/x")
early("http.s.43", "http:///x")
early("http.s.44", { authority = "h", scheme = "http", path = "/" })
early("empty host", { url = "http://h/", host = "" })
show("number raises", (pcall(http.request, 5)))
show("nil raises", (pcall(http.request, nil)))

-- all calls on a socket
local function calls(label, prepared, reqt, body)
    peer = prepared
    socket.tcp = peer.create
    local sink, seen = fake.sink()
    if type(reqt) == "table" then reqt.sink = reqt.sink or sink end
    show.raise(label, http.request, reqt, body)
    show(label .. " sink", seen())
    for _, call in ipairs(peer.calls) do show(label .. " call", call) end
end

local function failing(name, ...)
    local p = fake.peer(REPLY)
    p.fail = { [name] = { ... } }
    return p
end

calls("http.s.47", fake.peer(), { url = "http://h.test/", create = function() return nil, "cerr" end })
calls("create that gives no reason", fake.peer(), { url = "http://h.test/", create = function() return nil end })
calls("http.s.48", fake.peer(), { url = "http://h.test/", create = function() error("boom", 0) end })
calls("http.s.48 table", fake.peer(), { url = "http://h.test/", create = function() error({ 1 }, 0) end })
calls("http.s.49", fake.peer(), {
    url = "http://h.test/",
    create = function(...) return nil, select("#", ...) .. " arguments" end,
})
calls("settimeout fails", failing("settimeout", "no limit"), { url = "http://h.test/" })
calls("http.s.50", failing("connect", "nope"), { url = "http://h.test/" })
calls("connect fails without a message", failing("connect"), { url = "http://h.test/" })
calls("http.s.51", failing("send", "sendfail"), { url = "http://h.test/" })
http.TIMEOUT = 7
calls("http.s.52", fake.peer(REPLY), { url = "http://h.test/" })
http.TIMEOUT = nil
calls("no limit", fake.peer(REPLY), { url = "http://h.test/" })
http.TIMEOUT = 60
calls("http.s.53", fake.peer(REPLY), { url = "http://h.test/" })
calls("http.s.54", fake.peer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
    { url = "http://h.test/" })
calls("http.s.55", fake.peer("HTTP/1.1 200 OK\r\n\r\nabc"), { url = "http://h.test/" })
calls("HTTP/0.9", fake.peer("hello world"), { url = "http://h.test/" })
calls("100 then 200", fake.peer("HTTP/1.1 100 C\r\nA: b\r\n\r\n" .. REPLY), { url = "http://h.test/" })
calls("HEAD", fake.peer(REPLY), { url = "http://h.test/", method = "HEAD" })
calls("204", fake.peer("HTTP/1.1 204 N\r\n\r\n"), { url = "http://h.test/" })
calls("trailers", fake.peer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nTrailer: b\r\nHost: d\r\n\r\n"),
    { url = "http://h.test/" })
calls("create of the user's", fake.peer(), { url = "http://h.test/", create = fake.peer(REPLY).create })
calls("string form", fake.peer(REPLY), "http://h.test/", "abc")
calls("body until timeout", (function()
    local p = fake.peer("HTTP/1.1 200 OK\r\n\r\nabc")
    p.ending = "timeout"
    return p
end)(), { url = "http://h.test/" })

local function sorted(t)
    local names = {}
    for name in pairs(t) do names[#names + 1] = name end
    table.sort(names)
    return table.concat(names, " ")
end
local reqt = { url = "http://h.test/", headers = { A = "b" } }
socket.tcp = fake.peer(REPLY).create
http.request(reqt)
show("http.s.56", sorted(reqt), reqt.headers)

-- http.module.5
show.raise("https without tcp", function()
    package.loaded["ssl.https"] = {}
    return http.request("https://h.test/")
end)
package.loaded["ssl.https"] = nil
package.preload["ssl.https"] = function() error("broken loader", 0) end
show("https whose loader fails", pcall(http.request, "https://h.test/") == false)
package.preload["ssl.https"] = nil
