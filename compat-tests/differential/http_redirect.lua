-- Redirects: the responses that are followed, and the requests that follow (http.redirect, http.s.124-159).
local show = require("show")
local fake = require("fake_http")
local socket = require("socket")
local http = require("socket.http")

local OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
local function moved(location, code)
    return ("HTTP/1.1 %d x\r\nContent-Length: 3\r\nLocation: %s\r\n\r\nred"):format(code or 302, location)
end

package.loaded["ssl.https"] = {
    tcp = function(reqt)
        return function()
            local sock = socket.tcp()
            sock.kind = "TLS:"
            show("factory of https sees", type(reqt), reqt.scheme, reqt.host, reqt.path)
            return sock
        end
    end,
}

local function run(label, reqt, ...)
    local peer = fake.peer(...)
    socket.tcp = peer.create
    local sink, seen = fake.sink()
    if type(reqt) == "table" then reqt.sink = sink end
    show.raise(label, http.request, reqt)
    show(label .. " requests", fake.requests(peer))
    show(label .. " sink", seen())
    local closed = {}
    for i, sock in ipairs(peer.sockets) do closed[i] = tostring(sock.closed) end
    -- LuaSocket leaves the connection of a 408 open (http.bugs.11)
    if not label:find("^408") then show(label .. " closed", table.concat(closed, " ")) end
    return peer
end

for i, code in ipairs({ 300, 301, 302, 303, 304, 305, 307 }) do
    run("http.s." .. 123 + i .. ": " .. code, { url = "http://h.test/a/b" }, moved("/n", code), OK)
end
for i, location in ipairs({ "rel", "../x", "?q", "//o.test/z", "http://o.test:81/z", "ftp://x/y" }) do
    run("http.s." .. 131 + i .. ": " .. location, { url = "http://h.test:8080/a/b;p?q=1" }, moved(location), OK)
end
run("http.s.139", { url = "http://h.test/a" }, moved(""), OK)
run("blank location", { url = "http://h.test/a" }, moved("  "), OK)
run("explicit default port", { url = "http://h.test:80/a" }, moved("b"), OK)
run("user in the URL, relative", { url = "http://u:p@h.test/a" }, moved("b"), OK)
run("http.s.140", { url = "http://h.test/a", method = "POST" }, moved("/x"), OK)
run("get in lower case", { url = "http://h.test/a", method = "get" }, moved("/x"), OK)
run("http.s.141", { url = "http://h.test/a", source = function() return nil end }, moved("/x"), OK)
run("http.s.142", { url = "http://h.test/a", redirect = false }, moved("/x"), OK)
run("redirect = true", { url = "http://h.test/a", redirect = true }, moved("/x"), OK)
local function hops(n)
    local replies = {}
    for i = 1, n do replies[i] = moved("/" .. i) end
    replies[n + 1] = OK
    return (unpack or table.unpack)(replies)
end
run("http.s.143", { url = "http://h.test/a" }, hops(6))
run("http.s.144", { url = "http://h.test/a", maxredirects = 1 }, hops(6))
run("http.s.145", { url = "http://h.test/a", maxredirects = 0 }, hops(6))
run("http.s.146", { url = "http://h.test/a", maxredirects = false }, hops(6))
run("http.s.147", { url = "http://h.test/a", nredirects = 5 }, hops(6))
run("http.s.148", { url = "http://h.test:99/a" }, moved("https://h.test/1"), OK)
run("http.s.149", { url = "https://h.test/a" }, moved("http://h.test/1"), OK)
run("http.s.150", { url = "https://h.test/a" }, moved("https://i.test/1"), OK)
run("http.s.151", { url = "http://h.test/a" }, moved("/1"),
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nLocation: foo\r\n\r\nok")
run("http.s.152", { url = "http://h.test/a" }, moved("/1"), "")
run("http.s.153", { url = "http://h.test/a" }, "HTTP/1.1 302 x\r\nContent-Length: 0\r\n\r\n", OK)
run("http.s.154", "http://h.test/a", moved("/1"), OK)
run("HTTP/0.9 after a redirect", { url = "http://h.test/a" }, moved("/1"), "hello world")
run("HTTP/0.9 after a redirect, string form", "http://h.test/a", moved("/1"), "hello world")
run("proxy is kept", { url = "http://h.test/a", proxy = "http://px.test:99" }, moved("/1"), OK)
run("no url, absolute location", { scheme = "http", host = "h.test", path = "/z" }, moved("http://o.test/1"), OK)

-- http.s.156
local created = 0
local peer = fake.peer(moved("/1"), OK)
show("http.s.156", http.request({
    url = "http://h.test/a", scheme = "http",
    create = function()
        created = created + 1
        return peer.create()
    end,
}))
show("http.s.156 created", created)

peer = run("http.s.159", { url = "http://h.test/a", headers = { ["Range"] = "1", Cookie = "c" } }, moved("/1"), OK)
show("http.s.159 headers", fake.header(peer.sockets[2], "range"), fake.header(peer.sockets[2], "cookie"))
