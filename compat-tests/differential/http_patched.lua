-- http.module.3, http.module.6, http.open: a request calls the functions that a script has replaced, in any module.
local show = require("show")
local fake = require("fake_http")
local socket = require("socket")
local http = require("socket.http")
local url = require("socket.url")
local mime = require("mime")
local ltn12 = require("ltn12")

http.USERAGENT = "test"
local HEAD = "HTTP/1.1 200 OK\r\n"
local LENGTH = HEAD .. "Content-Length: 2\r\n\r\nok"
local CLOSE = HEAD .. "\r\nok"
local CHUNKED = HEAD .. "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nA: b\r\n\r\n"
local MOVED = "HTTP/1.1 302 x\r\nLocation: n\r\n\r\n"

local peer
local function request(reqt, ...)
    peer = fake.peer(...)
    socket.tcp = peer.create
    return http.request(reqt)
end

-- A new table each time: LuaSocket writes into it on a redirect.
local REQUESTS = {
    { "length", function() return request({ url = "http://h.test/x" }, LENGTH) end },
    { "close", function() return request({ url = "http://h.test/x;p?q" }, CLOSE) end },
    { "chunks", function() return request({ url = "http://h.test/x" }, CHUNKED) end },
    { "HTTP/0.9", function() return request({ url = "http://h.test/", sink = ltn12.sink.null() }, "hello world") end },
    { "redirect", function() return request({ url = "http://h.test/x" }, MOVED, LENGTH) end },
    { "password", function() return request({ url = "http://u:p@h.test/x" }, LENGTH) end },
    { "proxy", function() return request({ url = "http://h.test/x", proxy = "http://a:b@px.test" }, LENGTH) end },
    { "upload", function()
        return request({ url = "http://h.test/", method = "PUT", source = ltn12.source.string("abc") }, LENGTH)
    end },
    { "upload of known length", function()
        return request({ url = "http://h.test/", source = ltn12.source.string("abc"), headers = { ["content-length"] = 3 } },
            LENGTH)
    end },
    { "string form", function() return request("http://h.test/", LENGTH) end },
    { "failure", function() return request("http://h.test/", "HTT") end },
}

local REPLACED = {
    { "socket", socket, { "newtry", "protect", "source", "sink", "choose" } },
    { "sourcet", socket.sourcet, { "by-length", "until-closed", "http-chunked", "default" } },
    { "sinkt", socket.sinkt, { "keep-open", "http-chunked", "close-when-done", "default" } },
    { "pump", ltn12.pump, { "all", "step" } },
    { "source", ltn12.source, { "empty", "string", "table" } },
    { "sink", ltn12.sink, { "null", "table" } },
    { "mime", mime, { "b64" } },
    { "url", url, { "absolute", "build_path", "parse_path", "escape" } },
    { "http", http, { "open", "request", "genericform" } },
    { "connection", getmetatable(http.open("h.test", 80, fake.peer("").create)).__index, {
        "sendrequestline", "sendheaders", "sendbody", "receivestatusline", "receiveheaders", "receivebody",
        "receive09body", "close",
    } },
}
for _, kind in ipairs(REQUESTS) do
    for _, place in ipairs(REPLACED) do
        for _, name in ipairs(place[3]) do
            local calls, original = 0, place[2][name]
            place[2][name] = function(...)
                calls = calls + 1
                return original(...)
            end
            -- the two libraries may call close, try and table functions a different number of times, but either both
            -- call them or neither
            local ok = pcall(kind[2])
            place[2][name] = original
            show(kind[1] .. ": " .. place[1] .. "." .. name, ok, name == "newtry" and calls > 0 or calls)
        end
    end
end

-- Source and sink constructors defined by the script.
local function with(t, name, value, label, ...)
    local original = t[name]
    t[name] = value
    show.raise(label, request, ...)
    t[name] = original
end
local function fixed(...)
    local pieces, i = { ... }, 0
    return function()
        return function()
            i = i + 1
            return pieces[i]
        end
    end
end
with(socket.sourcet, "by-length", fixed("one", "two"), "sourcet by-length", "http://h.test/", LENGTH)
with(socket.sourcet, "default", fixed("one", "two"), "sourcet default", "http://h.test/", CLOSE)
with(socket.sourcet, "default", fixed(" world", "!"), "sourcet default is not for HTTP/0.9", "http://h.test/", "hello")
with(socket.sourcet, "until-closed", fixed(" world", "!"), "sourcet until-closed", "http://h.test/", "hello")
with(socket.sourcet, "http-chunked", fixed("one"), "sourcet http-chunked", "http://h.test/", CHUNKED)
for _, name in ipairs({ "keep-open", "http-chunked" }) do
    local sent = {}
    with(socket.sinkt, name, function() return (ltn12.sink.table(sent)) end, "sinkt " .. name, {
        url = "http://h.test/", source = ltn12.source.string("abc"),
        headers = name == "keep-open" and { ["content-length"] = 3 } or nil,
    }, LENGTH)
    show("sinkt " .. name .. " got", sent, fake.body(peer.sockets[1]))
end

-- An http.open that changes the result.
local open = http.open
local function opening(label, f, ...)
    http.open = f
    show.raise(label, request, ...)
    http.open = open
end
opening("open fails", function() socket.try(nil, "no way") end, "http://h.test/", LENGTH)
opening("open raises", function() error("boom", 0) end, "http://h.test/", LENGTH)
opening("open raises a table", function() error({ "boom" }, 0) end, "http://h.test/", LENGTH)
for _, reply in ipairs({ LENGTH, CLOSE, CHUNKED, "hello world", "HTTP/1.1 100 x\r\n\r\n" .. LENGTH, "HTTP/1.1 204 x\r\n\r\n", "HTT" }) do
    local calls = {}
    opening("open whose object records its calls", function(...)
        local h = open(...)
        return setmetatable({}, {
            __index = function(_, name)
                if type(h[name]) ~= "function" then return h[name] end
                return function(_, ...)
                    local kinds = { name }
                    for i = 1, select("#", ...) do kinds[i + 1] = type((select(i, ...))) end
                    calls[#calls + 1] = table.concat(kinds, " ")
                    return h[name](h, ...)
                end
            end,
        })
    end, { url = "http://h.test/", source = ltn12.source.string("abc"), sink = ltn12.sink.null() }, reply)
    show("calls", calls)
end
local function changed(changes)
    return function(...)
        local h = open(...)
        for name, value in pairs(changes) do h[name] = value end
        return h
    end
end
opening("receiveheaders", changed({ receiveheaders = function() return { ["content-length"] = "1" } end }), "http://h.test/",
    HEAD .. "ok")
opening("receivestatusline", changed({ receivestatusline = function() return 299, "line" end }), "http://h.test/",
    "Content-Length: 2\r\n\r\nok")
opening("close that fails", changed({ close = function() return nil, "E" end }), "http://h.test/", LENGTH)
opening("close that raises", changed({ close = function() error("E", 0) end }), "http://h.test/", LENGTH)

-- A scheme's `create` gets the merged request and may add to it; port, method and uri are already set.
local function create(label, reqt, f)
    http.schemes.x = { port = 70, create = f }
    show.raise(label, request, reqt, LENGTH)
    local sock = peer.sockets[1]
    if sock then
        show(label .. " sent", sock.host, sock.port, fake.request_line(sock), fake.header(sock, "host"), fake.body(sock))
    end
end
local FIELDS = {
    host = "other.test", port = 7, method = "PUT", path = "/p", query = "r", uri = "/u", user = "n", password = "w",
}
for _, name in ipairs({ "host", "port", "method", "path", "query", "uri", "user", "password" }) do
    for _, reqt in ipairs({ "x://h.test/a?b", { url = "x://h.test/a?b" } }) do
        create("create sets " .. name .. ", " .. type(reqt), reqt, function(merged)
            merged[name] = FIELDS[name]
            return socket.tcp
        end)
    end
end
create("create adds a source", { url = "x://h.test/" }, function(merged)
    merged.source = ltn12.source.string("abc")
    return socket.tcp
end)
create("create sees", { url = "x://u:p@H.test:9/a;b?c", port = "", method = "", extra = 1 }, function(merged)
    show("merged", merged)
    return socket.tcp
end)
http.schemes.x = { port = "70", create = function() return socket.tcp end }
show("port that is text", request("x://h.test:70/", LENGTH))
show("port that is text, sent", peer.sockets[1].port, fake.header(peer.sockets[1], "host"))
http.schemes.x = { create = function() return socket.tcp end }
show("no port", request("x://h.test/", LENGTH))
show("no port, sent", peer.sockets[1].port, fake.header(peer.sockets[1], "host"))
http.schemes.x = nil

-- A different table of spellings.
local canonic = socket.headers.canonic
socket.headers.canonic = { accept = "ACCEPT" }
show("headers.canonic", request({ url = "http://h.test/", headers = { Accept = "x", Host = "y" } }, LENGTH))
show("headers.canonic, sent", fake.headers(peer.sockets[1]))
socket.headers.canonic = setmetatable({}, { __index = function(_, name) return "x-" .. name end })
show("headers.canonic with a metatable", request({ url = "http://h.test/", headers = { Accept = "x" } }, LENGTH))
show("headers.canonic with a metatable, sent", fake.headers(peer.sockets[1]))
socket.headers.canonic = canonic
