-- http.wire, http.fields, http.proxy: the bytes sent, and their target (http.s.1-40).
local show = require("show")
local fake = require("fake_http")
local socket = require("socket")
local http = require("socket.http")

local REPLY = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
local peer

local function fresh()
    peer = fake.peer(REPLY)
    socket.tcp = peer.create
end

local function run(label, reqt, body)
    fresh()
    show(label .. " result", http.request(reqt, body))
    local sock = peer.sockets[1]
    if not sock then return show(label .. " connects", false) end
    show(label .. " connects", sock.host, sock.port)
    show(label .. " request line", fake.request_line(sock))
    for _, line in ipairs(fake.headers(sock)) do
        -- the two libraries may have different versions
        show(label .. " header", (line:gsub("LuaSocket [%d.]+$", "LuaSocket <version>")))
    end
    show(label .. " body", fake.body(sock))
    show(label .. " sends", #sock.sent)
end

run("http.s.1-5", "http://h.test")
run("http.s.6", "http://h.test:8080")
run("http.s.7", "http://h.test:80/")
run("http.s.8", "http://h.test:/a")
run("http.s.9", "http://h.test/p;x=1?y=2")

local function text(...)
    local pieces, i = { ... }, 0
    return function()
        i = i + 1
        return pieces[i]
    end
end

run("http.s.10", { url = "http://h.test/", source = text("abc"), headers = { ["content-length"] = 3 } })

local form = http.genericform("http://h.test/", "abc")
show("http.s.11", form.headers, form.method, form.url, type(form.source), type(form.sink), type(form.target))
form = http.genericform("http://h.test/")
show("http.s.11 without body", form.headers, form.method, form.url, type(form.source), type(form.sink), form.target)
form = http.genericform("http://h.test/", false)
show("http.s.11 false body", form.headers, form.method)
show("http.s.11 number", http.genericform("http://h.test/", 12).headers)

run("http.s.12", "http://h.test/x", "a=b")
run("http.s.13", "http://h.test/x", "")
run("number as a body", "http://h.test/x", 125)
run("false as a body", "http://h.test/x", false)
run("http.s.14", { url = "http://h.test/", source = text("abc") })
run("http.s.15", { url = "http://h.test/", source = text("hello", ("x"):rep(18)) })
run("http.body.send: numbers", { url = "http://h.test/", source = text(1, 2.5, 125) })
run("http.s.16", { url = "http://h.test/", source = text() })
run("http.s.17", { url = "http://h.test/", source = text("hello"), headers = { ["CONTENT-length"] = 5 } })
run("http.body.send.2: wrong length is not checked",
    { url = "http://h.test/", source = text("hello", "!"), headers = { ["content-length"] = 2 } })
run("http.body.send.3: another coding is still chunked",
    { url = "http://h.test/", source = text("hello"), headers = { ["transfer-encoding"] = "gzip" } })
run("http.body.send.3: both", {
    url = "http://h.test/", source = text("hello"),
    headers = { ["transfer-encoding"] = "chunked", ["content-length"] = 5 },
})
run("http.wire.9: POST without a source", { url = "http://h.test/", method = "POST" })
run("http.s.18", "http://u:p%40q@h.test/")
run("http.s.20", "http://u:@h.test/")
run("http.wire.6: explicit fields", { url = "http://h.test/", user = "a", password = "b%20c" })
run("http.s.21", { url = "http://u:p@h.test/", headers = { AUTHORIZATION = "X" } })
run("http.s.22", { url = "http://h.test/", headers = { Host = "other" } })
run("http.s.24", { url = "http://h.test/", headers = { ["content-md5"] = "q" } })
run("header value that is a number", { url = "http://h.test/", headers = { Range = 12 } })
run("empty header value", { url = "http://h.test/", headers = { ["Accept"] = "" } })
run("TAB in a header value", { url = "http://h.test/", headers = { ["Accept"] = "a\tb" } })
run("headers = false", { url = "http://h.test/", headers = false })
run("http.wire.14: Expect", {
    url = "http://h.test/", source = text("hello"), headers = { Expect = "100-continue", ["content-length"] = 5 },
})
run("http.s.27", { url = "http://h.test/", method = "" })
run("http.s.28", { url = "http://h.test/", method = "get" })
run("http.s.29", { url = "http://h.test/", uri = "*", method = "OPTIONS" })
run("empty uri", { url = "http://h.test/", uri = "" })
run("blank in the path", "http://h.test/a b")
run("empty path", { url = "http://h.test/x", path = "" })
run("path without a slash", { url = "http://h.test/x", path = "z" })
run("http.s.30", { url = "http://h.test/a?b", port = 81, path = "/c", query = "d" })
run("http.s.31", { scheme = "http", host = "h.test", path = "/z" })
run("explicit empty port", { scheme = "http", host = "h.test", path = "/z", port = "" })
run("host with capitals", "http://H.Test/")
run("http.s.32", { url = "http://h.test/a?b", proxy = "http://px.test:3129" })
run("http.s.33,34", { url = "http://h.test:81/a", proxy = "http://px.test" })
run("http.s.35", { url = "http://h.test/", proxy = "http://pu:pw@px.test" })
run("http.proxy.2: the rest of the proxy's URL", { url = "http://h.test/", proxy = "http://px.test/p;a?b" })
run("proxy, no path", { scheme = "http", host = "h.test", proxy = "http://px.test" })
run("proxy, explicit uri", { url = "http://h.test/", uri = "u v", proxy = "http://px.test" })
run("http.proxy.4: no scheme", { url = "http://h.test/", proxy = "//px.test:99" })
http.PROXY = "http://glob.test:77"
run("http.s.36", "http://h.test/a")
run("http.s.37", { url = "http://h.test/a", proxy = "http://px.test:99" })
run("http.s.38", { url = "http://h.test/a", proxy = false })
http.PROXY = nil
http.USERAGENT = "me/1"
run("http.s.39", "http://h.test/")
http.USERAGENT = nil
run("http.s.40", "http://h.test/")
