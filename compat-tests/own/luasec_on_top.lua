-- needs: lua-sec, certs, python3
-- The real LuaSec on our sockets, as client and server. R numbers refer to section 5 of tls.md.
local check = require("check")
local tls = require("tls")
local socket = require("socket")
local ssl = require("ssl")
local https = require("ssl.https")
local http = require("socket.http")
local url = require("socket.url")
local ltn12 = require("ltn12")

local CERTS = tls.certificates
local SERVER = tls.server({ verify = "none" })

check.ok("LuaSec is the real one", package.loaded["ssl.core"] ~= nil, ssl._VERSION)
check.ok("the sockets are ours", package.loaded["socket.native"] ~= nil)

-- R1-R3: the descriptor moves
local listener = assert(socket.bind("127.0.0.1", 0))
local address, port = listener:getsockname()
check.ok("R1 a listening socket's descriptor", listener:getfd() >= 0)
local s, c

-- the TCP objects are collected when this function returns
local function wrap_pair()
    local client = assert(socket.connect(address, port))
    local accepted = assert(listener:accept())
    local number = client:getfd()
    check.ok("R1 a number", type(number) == "number" and number >= 0 and number % 1 == 0, number)
    check.ok("R11 an accepted socket's descriptor", accepted:getfd() >= 0)
    check.equal("R1 none", socket.tcp():getfd(), -1)

    s, c = assert(ssl.wrap(accepted, assert(ssl.newcontext(SERVER)))), assert(ssl.wrap(client, tls.client()))
    check.equal("R2 LuaSec has the descriptor", c:getfd(), number)
    check.equal("R3 getfd", client:getfd(), -1)
    check.equal("R3 send", { client:send("x") }, { nil, "closed", 0 })
    check.equal("R3 receive", { client:receive() }, { nil, "closed", "" })
    check.equal("R3 settimeout", client:settimeout(1), 1)
    check.equal("R3 dirty", client:dirty(), false)
    check.equal("R3 close", { client:close(), client:close() }, { 1, 1 })
    check.equal("R11 close", accepted:close(), 1)
end
wrap_pair()
collectgarbage()
collectgarbage()

local function step(object, done)
    if done then return true end
    object:settimeout(0)
    local ok, message = object:dohandshake()
    if not ok and message ~= "wantread" and message ~= "wantwrite" then error(message, 0) end
    return ok
end
local a, b
repeat a, b = step(s, a), step(c, b) until a and b
check.ok("R4 a handshake on the descriptors", a and b)
s:settimeout(5)
c:settimeout(5)
check.equal("R4 send", (c:send("line\nrest")), 9)
check.equal("R4 receive", s:receive(), "line")

-- R8: select
check.ok("R8 dirty", s:dirty())
local readable, writable = socket.select({ s, listener }, { s }, 5)
check.equal("R8 dirty objects do not wait", { #readable, readable[1] == s, readable[s] ~= nil }, { 1, true, true })
check.equal("R8 the rest", s:receive(4), "rest")
check.equal("R8 writable as well", writable[1] == s, true)
readable = socket.select({ s, c }, nil, 0.05)
check.ok("R8 nothing there", #readable == 0 or readable[1] == c)
s:send("back\n")
readable, writable = socket.select({ c }, { c }, 5)
check.equal("R8 both directions", { readable[1] == c, writable[1] == c }, { true, true })
check.equal("R4 back", c:receive(), "back")

-- R9: sources and sinks
assert(ltn12.pump.all(ltn12.source.string("through a sink\n"), socket.sink("keep-open", s)))
check.equal("R9 sink", c:receive(), "through a sink")
s:send("0123456789")
local chunks = {}
assert(ltn12.pump.all(socket.source("by-length", c, 10), (ltn12.sink.table(chunks))))
check.equal("R9 source", table.concat(chunks), "0123456789")
local sink = socket.sink("close-when-done", s)
assert(ltn12.pump.all(ltn12.source.string("last"), sink))
chunks = {}
assert(ltn12.pump.all(socket.source("until-closed", c), (ltn12.sink.table(chunks))))
check.equal("R9 until closed", table.concat(chunks), "last")
c:close()
readable = socket.select({ s, c }, nil, 0)
check.equal("R8 closed objects are passed over", #readable, 0)
check.equal("R11 the listening socket goes on", (function()
    local again = assert(socket.connect(address, port))
    local other = assert(listener:accept())
    again:send("x\n")
    local line = other:receive()
    again:close()
    other:close()
    return line
end)(), "x")
listener:close()

-- R5, R6
local sock = socket.tcp()
local index = getmetatable(sock).__index
check.equal("R5 a readable metatable", { type(index), type(index.settimeout) }, { "table", "function" })
check.equal("R5 its function works", index.settimeout(sock, 5), 1)
check.equal("R6 connect fails", { sock:connect("127.0.0.1", port) }, { nil, "connection refused" })
sock:close()

-- R7
local raised = { pcall(socket.try, nil, "message") }
check.ok("R7 try raises a table", raised[1] == false and type(raised[2]) == "table")
check.equal("R7 protect", { socket.protect(function() socket.try(nil, "message") end)() }, { nil, "message" })
check.equal("R7 newtry", { socket.protect(function() socket.newtry(function() end)(nil, "other") end)() }, { nil, "other" })

-- R10: HTTPS by LuaSec
local page = tls.peer("tls", "request", "page", "notify", "hold")
local target = "https://localhost:" .. page.port .. "/"
check.equal("R10 https.request", { (https.request(target)) }, { "hello tls" })
check.equal("R10 http.request", { (http.request(target)) }, { "hello tls" })
local body = {}
local ok, code = https.request({ url = target, sink = ltn12.sink.table(body), verify = "peer", cafile = CERTS .. "ca.crt" })
check.equal("R10 a table", { ok, code, table.concat(body) }, { 1, 200, "hello tls" })
check.equal("R10 POST", (https.request(target, "a=b")), "hello tls")
local stranger = tls.peer("cert=self-signed", "tls")
local strange = "https://localhost:" .. stranger.port .. "/"
check.equal("R10 refused", { http.request({ url = strange, verify = "peer", cafile = CERTS .. "ca.crt" }) },
    { nil, "certificate verify failed" })
check.equal("R10 refused port", (select(2, https.request("https://localhost:" .. math.floor(port) .. "/"))), "connection refused")
http.PROXY = "http://127.0.0.1:" .. page.port
check.equal("no way around a proxy, nor in clear through it", { http.request(target) }, { nil, "proxy not supported" })
http.PROXY = nil
check.equal("http to https", (function()
    local from = tls.peer("hello", "plain:HTTP/1.1 302 Found\\r\\nLocation: " .. target .. "\\r\\nContent-Length: 0\\r\\n\\r\\n", "hold")
    return (http.request("http://localhost:" .. from.port .. "/"))
end)(), "hello tls")

-- R13
check.equal("R13 url", url.build(url.parse("https://u:p@h.test/a;b?c#d", { port = 443 })), "https://u:p@h.test:443/a;b?c#d")

-- R14: a send to a closed peer raises no signal
local gone = tls.peer("tls", "line", "reset")
c = assert(ssl.wrap(assert(socket.connect("127.0.0.1", gone.port)), tls.client()))
assert(c:dohandshake())
c:send("go\n")
c:receive("*a")
for _ = 1, 5 do c:send(("x"):rep(100000)) end
check.ok("R14 still here", true)
c:close()

-- 94: both libraries in one process
local ours = require("socket.tls")
check.ok("94 both load", ours.backend ~= nil and package.loaded["ssl.core"] ~= nil and package.loaded["socket.tls"] ~= nil)
local mine = assert(ours.wrap(assert(socket.connect("127.0.0.1", page.port)), tls.client()))
mine:sni("localhost")
check.equal("94 ours works beside it", mine:dohandshake(), true)
mine:close()
check.equal("94 our HTTPS under its own name", (function()
    local own = require("socket.https")
    own.cfg.cafile = CERTS .. "ca.crt"
    return (own.request(target))
end)(), "hello tls")

-- R12: only entry points are exported; checked where a program can list them
local function exported()
    for template in package.cpath:gmatch("[^;]+") do
        local name = template:gsub("%?", "socket/core")
        local file = io.open(name, "rb")
        if file then
            file:close()
            local nm = io.popen("nm -D --defined-only '" .. name .. "' 2>/dev/null")
            local symbols = nm:read("*a")
            nm:close()
            return symbols
        end
    end
end
local symbols = exported()
if symbols and symbols ~= "" then
    local strangers = {}
    for symbol in symbols:gmatch("%x+ %a (%S+)") do
        if not symbol:find("^luaopen_") then strangers[#strangers + 1] = symbol end
    end
    check.ok("R12 entry points", symbols:find("luaopen_socket_core", 1, true))
    check.equal("R12 nothing but entry points", strangers, {})
end

-- LuaSec and our library communicate with each other
local function talk(name, server_ssl, server_cfg, client_ssl, changes)
    local l = assert(socket.bind("127.0.0.1", 0))
    local host, p = l:getsockname()
    local y = assert(socket.connect(host, p))
    local x = assert(l:accept())
    l:close()
    local server, user = assert(server_ssl.wrap(x, server_cfg)), assert(client_ssl.wrap(y, tls.client(changes)))
    user:sni("localhost")
    local up, down
    repeat up, down = step(server, up), step(user, down) until up and down
    server:settimeout(5)
    user:settimeout(5)
    user:send("question\n")
    local question = server:receive()
    server:send("answer\n")
    local answer = user:receive()
    server:close()
    check.equal(name, { question, answer, (select(2, user:receive())) }, { "question", "answer", "closed" })
    check.equal(name .. ": alpn", { user:getalpn() }, { changes and changes.alpn })
    user:close()
end
talk("LuaSec as a client of this library", ours, SERVER, ssl)
talk("ours as a client of LuaSec's", ssl, SERVER, ours)
SERVER.alpn = { "h2", "x" }
talk("LuaSec as a client of this library, alpn", ours, SERVER, ssl, { alpn = "x" })
talk("ours as a client of LuaSec's, alpn", ssl, SERVER, ours, { alpn = "x" })

check.done()
