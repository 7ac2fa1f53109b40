-- http.open, http.chunked, and the settings read at each call (http.s.173-190).
local show = require("show")
local fake = require("fake_http")
local socket = require("socket")
local http = require("socket.http")

local function opened(reply)
    local peer = fake.peer(reply)
    local h = http.open("h.test", 80, peer.create)
    return h, peer.sockets[1], peer
end

local h, sock = opened("")
show("http.open.1", h.c == sock, type(h.try), sock.host, sock.port)
show("http.s.173", h:sendrequestline(nil, "/x"))
show("http.s.173 sent", sock.sent)
h, sock = opened("")
show("http.s.174", h:sendheaders({ ["content-type"] = "x" }))
show("http.s.174 sent", sock.sent)
h, sock = opened("")
show("names are not lower-cased here", h:sendheaders({ ["X-CuStom"] = "x" }))
show("names are not lower-cased here, sent", sock.sent)
h, sock = opened("")
show("http.s.175", h:sendheaders({}))
show("http.s.175 sent", sock.sent)
h, sock = opened("")
show("http.s.176", h:sendbody({}))
show("http.s.176 sent", sock.sent)
h, sock = opened("")
show("http.s.177", h:sendbody({ ["content-length"] = 1 }))
show("http.s.177 sent", sock.sent)
h = opened("HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody")
show("http.s.178", h:receivestatusline())
show("http.s.179", h:receiveheaders())
local got = {}
local function gather(chunk)
    got[#got + 1] = chunk
    return 1
end
show("http.s.180", h:receivebody({}, gather))
show("http.s.180 sink", got)
show("http.s.181", h:close())
h = opened("hello world")
show("http.s.182", h:receivestatusline())
got = {}
show("http.s.183", h:receive09body("hello", gather))
show("http.s.183 sink", got)
h = opened("body")
show("body without a sink", h:receivebody({ ["content-length"] = "4" }))

local peer
h, sock, peer = opened("")
local ok, err = pcall(h.receivestatusline, h)
show("http.s.184", ok, type(err), err[1], peer.calls[#peer.calls], sock.closed)
show("http.s.184 protected", socket.protect(function() return h:receivestatusline() end)())

sock = fake.peer("3\r\nabc\r\n0\r\nX-T: 1\r\ny: 2\r\n\r\n").create()
local headers = { ["x-t"] = "0" }
local source = socket.source("http-chunked", sock, headers)
show("http.s.185", source())
show("http.s.185 end", source())
show("http.s.185 headers", headers)
sock = fake.peer("").create()
local sink = socket.sink("http-chunked", sock)
show("http.s.186", sink("hello"))
show("http.chunked.3: a number", sink(125))
show.raise("http.chunked.3: a table", function() return (pcall(sink, {})) end)
show("http.s.186 end", sink(nil))
show("http.s.186 sent", sock.sent)
sock.peer.fd = 5
show("http.s.187", type(source), type(source.getfd), type(source.dirty), type(sink), sink.getfd(), sink.dirty())

local REPLY = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
local open = http.open
local seen
http.open = function(...)
    seen = { count = select("#", ...), ... }
    return open(...)
end
peer = fake.peer(REPLY)
show("http.s.188", http.request({ url = "http://h.test/", create = peer.create }))
show("http.s.188 arguments", seen.count, seen[1], seen[2], seen[3] == peer.create)
http.open = open

peer = fake.peer(REPLY)
http.schemes.gopher = { port = 70, create = function() return peer.create end }
show("http.s.189", http.request("gopher://h.test/"))
show("http.s.189 Host", fake.header(peer.sockets[1], "host"), peer.sockets[1].host, peer.sockets[1].port)
http.schemes.gopher = nil

socket.headers.canonic["x-foo"] = "X-FOO"
peer = fake.peer(REPLY)
show("http.s.190", http.request({ url = "http://h.test/", headers = { ["X-Foo"] = 1 }, create = peer.create }))
show("http.s.190 sent", fake.header(peer.sockets[1], "x-foo"))

-- http.module.6: replaced functions are used
local ltn12, mime = require("ltn12"), require("mime")
local used = {}
local function watch(t, name)
    local original = t[name]
    t[name] = function(...)
        used[name] = true
        return original(...)
    end
    return function() t[name] = original end
end
local undo = {
    watch(socket, "source"), watch(socket, "sink"), watch(ltn12.pump, "all"), watch(ltn12.pump, "step"),
    watch(socket, "newtry"), watch(socket.url, "parse"), watch(mime, "b64"),
}
peer = fake.peer(REPLY)
socket.tcp = peer.create
show("http.module.6", http.request("http://u:p@h.test/", "body"))
show("http.module.6 used", used)
for _, restore in ipairs(undo) do restore() end
