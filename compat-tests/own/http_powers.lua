-- not on: lua5.2, lua5.3
-- needs: python3
-- The newer fields of http.request besides `pool`: decode, jar, deadline, maxbody, retries, headerlist, auth, pairs of
-- headers.
local check = require("check")
local client_peer = require("client_peer")
local peer = require("peer")
local http = require("socket.http")
local ltn12 = require("ltn12")
local socket = require("socket")

http.TIMEOUT = 20
local server = client_peer.start()
local base = server.base

local function get(path, fields) return client_peer.request(base, path, fields) end

-- decode
local body, code, headers = get("/zip/gzip?text=hello", { decode = true })
check.equal("client.s.14: gzip", { body, code, headers["content-encoding"], headers["content-length"] }, { "hello", 200 })
check.ok("A.decode.1: it was asked for", headers["x-accepted"]:find("^gzip, deflate"))
check.equal("A.decode.1: without the field it is not", select(3, get("/zip/gzip?text=hello"))["x-accepted"], "none")
local list = {}
get("/zip/gzip?text=hello", { decode = true, headerlist = list })
local kept
for _, pair in ipairs(list) do kept = kept or pair[1] == "Content-Encoding" and pair[2] end
check.equal("A.decode.6: headerlist keeps what is taken away", kept, "gzip")
for name, value in pairs({ Range = "bytes=0-", ["Accept-Encoding"] = "gzip" }) do
    local raw, _, left = get("/zip/gzip?text=hello", { decode = true, headers = { [name] = value } })
    check.ok("client.s.18: the caller sends " .. name, raw ~= "hello" and left["content-encoding"] == "gzip", raw)
end
headers = select(3, get("/zip/gzip?text=hello", { decode = true, method = "HEAD" }))
check.equal("client.s.19: HEAD", headers["content-encoding"], "gzip")
check.equal("client.s.20: an unknown coding", get("/zip/odd?text=hello", { decode = true }), "hello")
check.equal("client.s.20: strict", { get("/zip/odd?text=hello", { decode = "strict" }) }, { nil, "unsupported coding 'odd'", "" })
check.equal("client.s.17: cut", select(2, get("/zip/gzip?text=hello&cut=12", { decode = true })), "decoding failed (gzip)")
check.equal("A.decode: the setting", (function()
    http.DECODE = true
    local text = http.request(base .. "/zip/gzip?text=hello")
    http.DECODE = nil
    return text
end)(), "hello")

-- maxbody
check.equal("A.decode.4: the first byte too many", { get("/bytes/100", { maxbody = 99 }) }, { nil, "oversized", ("x"):rep(99) })
check.equal("A.decode.4: not one too many", #get("/bytes/100", { maxbody = 100 }), 100)
local _, message, seen = get("/zip/gzip?zeros=11000000", { decode = true, maxbody = 1000000 })
check.equal("client.s.16: counted after decoding", { message, #seen }, { "oversized", 1000000 })
check.raises("maxbody that is none", "number expected", http.request, { url = base, maxbody = "x" })

-- deadline
local started = socket.gettime()
check.equal("client.s.27: the time is up", { get("/delay/5", { deadline = 0.3 }) }, { nil, "timeout", "" })
check.ok("client.s.27: about then", socket.gettime() - started < 4.5, socket.gettime() - started)
check.equal("A.deadline: a duration", { get("/delay/5", { deadline = "300ms" }) }, { nil, "timeout", "" })
check.equal("A.deadline: none", { get("/delay/5", { deadline = "soon" }) }, { nil, "invalid duration 'soon'", "" })
check.equal("A.deadline: in time", get("/delay/0", { deadline = "20s" }), "late")
check.equal("A.deadline.1: a chain", { get("/redirect/302?to=/delay/5", { deadline = 0.4 }) }, { nil, "timeout", "" })
local asked = {}
check.equal("A.deadline.2: with a create of the user's", { get("/delay/5", { deadline = 0.3, create = function()
    local sock = socket.tcp()
    return setmetatable({}, { __index = function(_, name)
        return function(_, ...)
            asked[#asked + 1] = name == "settimeout" and ... or nil
            return sock[name](sock, ...)
        end
    end })
end }) }, { nil, "timeout", "" })
check.ok("A.deadline.2: it gets the time left", #asked > 1 and asked[1] <= 0.3 and asked[#asked] < asked[1])

-- headerlist
list = { "old" }
get("/headers", { headerlist = list })
local names = {}
for _, pair in ipairs(list) do
    if pair[1] ~= "Server" and pair[1] ~= "Date" then names[#names + 1] = pair[1] .. "=" .. pair[2] end
end
check.equal("client.s.34: in order, case kept", names,
    { "Set-Cookie=a=1; Path=/", "set-cookie=b=2", "X-One=1", "ETag=\"x\"", "Content-Length=2" })

-- jar
local jar = http.jar()
get("/set?a=x%3D1&b=y%3D2", { jar = jar })
check.ok("A.jar: sent back", get("/echo", { jar = jar }):find("\nCookie: x=1; y=2\n", 1, true))
check.ok("A.jar.3: a header of the caller's replaces it", get("/echo", { jar = jar, headers = { cookie = "z=3" } })
    :find("\nCookie: z=3\n", 1, true))
check.ok("client.s.26: each answer of a chain", get("/redirect/302?to=/echo&cookie=r%3D1%3B%20Path%3D%2F", { jar = jar })
    :find("r=1", 1, true))
check.raises("A.jar: one that is none", "jar expected", http.request, { url = base, jar = {} })

-- retries
check.equal("B.retry.1: none", select(2, get("/retry/1/a")), 503)
check.equal("B.retry.1: one", get("/retry/1/b", { retries = true }), "after 2")
check.equal("B.retry.1: two are needed", select(2, get("/retry/3/c?after=0", { retries = 2 })), 503)
check.equal("B.retry.1: a POST is not", select(2, get("/retry/1/d",
    { retries = 1, method = "POST", source = ltn12.source.string("x") })), 503)
check.equal("B.retry.1: closed", get("/cut/1/e", { retries = 1 }), "at last")
check.equal("B.retry.1: Retry-After beyond a minute", select(2, get("/retry/1/f?after=3600", { retries = 1 })), 503)

-- pairs of headers
local echo = get("/echo", { headers = { ["X-B"] = "0", { "X-A", "1" }, { "x-a", "2" } } })
check.ok("A.headers.2: in order, after the others", echo:find("X%-B: 0\n.*X%-A: 1\nx%-a: 2\n\n"), echo)
check.equal("A.headers.2: checked", { get("/echo", { headers = { { "X-A", "1\r\nB: c" } } }) },
    { nil, "invalid header 'X-A'", "" })
check.equal("A.headers.2: a name", { get("/echo", { headers = { { false, "1" } } }) }, { nil, "invalid header 'false'", "" })
check.equal("A.headers.2: one length", get("/digest", { method = "PUT", source = ltn12.source.string("abc"),
    headers = { { "Content-Length", 3 } } }):match("^%d+"), "3")

-- an early answer, and `response_headers`
local early = peer.lua([[
local socket = require("socket")
local listener = assert(socket.bind("127.0.0.1", 0))
print((select(2, listener:getsockname())))
for _ = 1, 3 do
    local c = listener:accept()
    repeat local line = c:receive() until not line or line == ""
    c:send("HTTP/1.1 413 Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig")
    c:shutdown("send")
    c:settimeout(0.3)
    c:receive(1)
    c:close()
end
]])
for _, fields in ipairs({ {}, { pool = true }, { deadline = 20 } }) do
    fields.method, fields.headers = "PUT", { ["content-length"] = 20000000 }
    fields.source = ltn12.source.string(("x"):rep(20000000))
    body, code = get("http://127.0.0.1:" .. early.port .. "/", fields)
    check.equal("add.45: an answer before the body was sent", { body, code }, { "big", 413 })
end
early:close()
for _, pool in ipairs({ false, true }) do
    local calls = {}
    body = get("/redirect/302?to=/bytes/4", { pool = pool, response_headers = function(status, fields, line, sock)
        calls[#calls + 1] = { status, fields["content-length"], line, fields.location, type(sock) }
        return true
    end })
    check.equal("add.55: once, for the final answer", calls, { { 200, "4", "HTTP/1.1 200 OK", "/bytes/4", "userdata" } })
    check.equal("add.55: it goes on", body, "xxxx")
    local other = {}
    check.equal("add.55: with another sink", { get("/bytes/4", { pool = pool, response_headers = function()
        return true, ltn12.sink.table(other)
    end }), table.concat(other) }, { "", "xxxx" })
    local result = { http.request({ url = base .. "/bytes/4", pool = pool, response_headers = function() return nil, "no" end }) }
    check.equal("add.55: refused", { result[1], result[2], result[3]["content-length"], result[4] },
        { nil, "no", "4", "HTTP/1.1 200 OK" })
    check.raises("add.55: what it raises passes through", "boom", http.request,
        { url = base .. "/bytes/4", pool = pool, response_headers = function() error("boom") end })
end

-- issue 14.5
for _, fields in ipairs({ {}, { deadline = 20 }, { proxy = base } }) do
    fields.create = function() return socket.tcp() end
    check.equal("https over a plain socket", { get("https://127.0.0.1:" .. server.port .. "/echo", fields) },
        { nil, "https over a plain socket refused", "" })
end

-- MAXHEADERLINE below the first five bytes
for _, most in ipairs({ 0, 1, 4 }) do
    http.MAXHEADERLINE = most
    check.equal("MAXHEADERLINE " .. most, { get("/bytes/1") }, { nil, "oversized", "" })
    check.equal("MAXHEADERLINE " .. most .. ", pool", { get("/bytes/1", { pool = true }) }, { nil, "oversized", "" })
end
http.MAXHEADERLINE = 65536
check.done()
