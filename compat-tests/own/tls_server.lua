-- needs: certs, openssl
-- Our servers, with both ends in one process. Numbers refer to tls.md's scenarios.
local check = require("check")
local tls = require("tls")
local ssl = require("socket.tls")
local socket = require("socket")

local CERTS = tls.certificates
-- native-tls has servers up to TLS 1.2, without the parameters that only OpenSSL has
local complete = tls.is_complete()
local NEWEST = complete and "TLSv1.3" or "TLSv1.2"

local function server_context(changes) return assert(ssl.newcontext(tls.server(changes))) end

local function connect(listener)
    local address, port = listener:getsockname()
    return assert(socket.connect(address, port))
end

-- A connected pair: TLS objects of a server and a client, before the handshake.
local function pair(server, client)
    local listener = assert(socket.bind("127.0.0.1", 0))
    local c = assert(connect(listener))
    local s = assert(listener:accept())
    listener:close()
    return assert(ssl.wrap(s, server)), assert(ssl.wrap(c, client))
end

-- Runs functions in turn; they call `wait(object, message)` instead of blocking.
local function together(...)
    local threads, results = {}, {}
    for i, f in ipairs({ ... }) do threads[i] = coroutine.create(f) end
    local start = socket.gettime()
    while next(threads) do
        local moved = false
        for i, thread in pairs(threads) do
            local outcome = { coroutine.resume(thread) }
            if coroutine.status(thread) == "dead" then
                results[i], threads[i], moved = outcome, nil, true
            end
        end
        if not moved and socket.gettime() - start > 20 then error("no progress") end
    end
    for i = 1, #results do
        if not results[i][1] then error(results[i][2], 0) end
        table.remove(results[i], 1)
    end
    return results
end

local function handshake(object)
    object:settimeout(0)
    while true do
        local ok, message = object:dohandshake()
        if ok then return true end
        if message ~= "wantread" and message ~= "wantwrite" then return false, message end
        coroutine.yield()
    end
end

local function shake(server, client)
    local results = together(function() return handshake(server) end, function() return handshake(client) end)
    return results[1], results[2]
end

local function receive(object, pattern)
    local data, err, partial = object:receive(pattern)
    while not data and err == "wantread" do
        coroutine.yield()
        data, err, partial = object:receive(pattern, partial)
    end
    return data, err, partial
end

local plain = server_context()
local function client_context(changes) return tls.client(changes) end

-- a pair
local s, c = pair(plain, client_context())
c:sni("localhost")
local rs, rc = shake(s, c)
check.equal("75 server", rs, { true })
check.equal("75 client", rc, { true })
check.equal("75 version", { s:info("protocol"), c:info("protocol") }, { NEWEST, NEWEST })
check.equal("B27 both know the cipher", s:info("cipher"), c:info("cipher"))
check.equal("B25 the server knows the name", s:getsniname(), "localhost")
check.equal("B29 no client certificate", { s:getpeercertificate(), s:getpeerchain() }, { nil, {} })
check.equal("B31 own certificate", s:getlocalcertificate():pem(), c:getpeercertificate():pem())
check.equal("B31 own chain", #s:getlocalchain(), 1)
check.equal("B30 client", c:getpeerverification(), true)
check.equal("B30 server", { s:getpeerverification() }, { false, "certificate not verified" })
c:send("rest")
c:close()
s:settimeout(5)
check.equal("61 a client that closes", { s:receive("*a") }, { "rest", nil, nil })
s:close()

-- alpn
local function alpn(server, client)
    local a, b = pair(server_context({ alpn = server }), client_context({ alpn = client }))
    shake(a, b)
    local x, y = a:getalpn(), b:getalpn()
    a:close()
    b:close()
    return { x, y }
end
check.equal("70 alpn", alpn({ "h2", "http/1.1" }, { "http/1.1", "x" }), { "http/1.1", "http/1.1" })
check.equal("70 the server's order", alpn({ "h2", "http/1.1" }, { "http/1.1", "h2" }), { "h2", "h2" })
check.equal("70 no overlap", alpn({ "h2" }, "x"), { nil, nil })
-- a parameter that native-tls lacks is refused by name
local function needs_openssl(label, name, cfg)
    cfg.mode, cfg.protocol = "server", "any"
    local context, message = ssl.newcontext(cfg)
    check.equal(label, { context ~= nil, message }, { complete, not complete and name .. " not supported by this TLS backend" or nil })
end
needs_openssl("A27 callback", "ALPN callback", { alpn = print })

-- names
local function named(name, strict, known)
    local a, b = pair(plain, client_context({ verifyhost = false }))
    a:sni({ [known or "dns.test"] = server_context({ key = CERTS .. "good-ec.key", certificate = CERTS .. "good-ec.pem" }) }, strict)
    if name then b:sni(name) end
    rs, rc = shake(a, b)
    local certificate = b:getpeercertificate()
    local kind, _
    if certificate then _, kind = certificate:pubkey() end
    a:close()
    b:close()
    return { rs, rc, kind }
end
local YES = { true }
check.equal("B24 found", named("dns.test"), { YES, YES, "EC" })
check.equal("B24 found in other case", named("DNS.test", true, "Dns.Test"), { YES, YES, "EC" })
check.equal("B24 not found", named("other.test"), { YES, YES, "RSA" })
check.equal("B24 not found, strict", named("other.test", true),
    { { false, "callback failed" }, { false, "tlsv1 unrecognized name" }, nil })
check.equal("B24 no name, strict", named(nil, true), { YES, YES, "RSA" })
s, c = pair(plain, client_context())
check.raises("B24 not a context", "bad argument", s.sni, s, { ["a.test"] = 1 })
check.raises("B24 not a name", "bad argument", s.sni, s, { plain })
check.raises("B24 a name for a server", "table expected, got string", s.sni, s, "a.test")
check.raises("B24 nothing for a server", "table expected, got no", s.sni, s)
s:close()
c:close()

-- the other end is invalid
local function against(server, client)
    local a, b = pair(server, client)
    b:sni("localhost")
    rs, rc = shake(a, b)
    a:close()
    b:close()
    return { rs, rc }
end
check.equal("74 no certificate", against(assert(ssl.newcontext({ mode = "server", protocol = "any" })), client_context())[1],
    { false, "no shared cipher" })
local OLDER = { { false, "unsupported protocol" }, { false, "tlsv1 alert protocol version" } }
check.equal("42 a 1.3 client", against(plain, client_context({ protocol = "tlsv1_3" })),
    complete and { { true }, { true } } or OLDER)
check.equal("42 a 1.3 client and a 1.2 server",
    against(server_context({ protocol = "tlsv1_2" }), client_context({ protocol = "tlsv1_3" })), OLDER)
local others = against(server_context({ certificate = CERTS .. "untrusted.pem", key = CERTS .. "untrusted.key" }), client_context())
check.equal("an untrusted server", others, { { false, "tlsv1 alert unknown ca" }, { false, "certificate verify failed" } })
s, c = pair(client_context(), client_context())
s:sni("localhost")
c:sni("localhost")
rs, rc = shake(s, c)
check.equal("B6 two clients", { rs, rc }, { { false, "unexpected message" }, { false, "unexpected message" } })
s:close()
c:close()
local listener = socket.bind("127.0.0.1", 0)
local tcp = connect(listener)
s = assert(ssl.wrap(listener:accept(), plain))
tcp:send("GET / HTTP/1.0\r\n\r\n")
s:settimeout(5)
check.ok("a client in clear", (s:dohandshake()) == false)
local why = select(2, s:dohandshake())
check.ok("a client in clear: why", why == "http request" or why == "wrong version number", why)
s:close()
tcp:close()
tcp = connect(listener)
s = assert(ssl.wrap(listener:accept(), plain))
tcp:close()
s:settimeout(5)
check.equal("a client that ends", { s:dohandshake() }, { false, "unexpected eof while reading" })
s:close()
tcp = connect(listener)
s = assert(ssl.wrap(listener:accept(), plain))
s:settimeout(0.2)
check.equal("a client that is silent", { s:dohandshake() }, { false, "wantread" })
check.equal("a client that is silent: want", s:want(), "read")
s:close()
tcp:close()

-- a name that is not a string counts as missing from the map
local names = socket.bind("127.0.0.1", 0)
local function asked_for(name, strict)
    local client = io.popen("openssl s_client -connect 127.0.0.1:" .. math.floor(select(2, names:getsockname()))
        .. " -servername \"$(printf '" .. name .. "')\" </dev/null 2>&1")
    local object = assert(ssl.wrap(names:accept(), plain))
    object:sni({ ["dns.test"] = plain }, strict)
    object:settimeout(10)
    local done, text = object:dohandshake()
    object:close()
    client:close()
    return done or text
end
check.equal("B24 found by openssl", asked_for("DNS.test", true), true)
check.equal("B24 not a text, strict", asked_for("\\377.test", true), "callback failed")
check.equal("B24 not a text", asked_for("\\377.test", false), true)
names:close()

-- refusals
for _, verify in ipairs({ "peer", "fail_if_no_peer_cert", "client_once" }) do
    needs_openssl("73 verify " .. verify, "client certificate verification", { verify = verify })
end
check.ok("73 verify none", ssl.newcontext({ mode = "server", protocol = "any", verify = "none" }))
needs_openssl("A16 two certificates", "several certificates", { certificates = { {}, {} } })
check.equal("A10 B a wrong mode fails at once", { ssl.newcontext({ mode = "peer", protocol = "any" }) }, { nil, "invalid mode (peer)" })

-- 97: many handshakes of one context, in turn
local shared = assert(ssl.newcontext(client_context()))
local tasks, expected = {}, {}
for i = 1, 8 do
    local a, b = pair(plain, shared)
    b:sni("localhost")
    tasks[#tasks + 1] = function()
        assert(handshake(a))
        a:send("from " .. i .. "\n")
        return receive(a)
    end
    tasks[#tasks + 1] = function()
        assert(handshake(b))
        b:send("to " .. i .. "\n")
        return receive(b)
    end
    expected[#expected + 1] = { "to " .. i, nil, nil }
    expected[#expected + 1] = { "from " .. i, nil, nil }
end
check.equal("97 no cross-talk", together((unpack or table.unpack)(tasks)), expected)

-- 65: plain first, then TLS. The ClientHello came with the line before it, and is in the TCP object's read-ahead
-- buffer.
local b_tcp = connect(listener)
local a_tcp = listener:accept()
b_tcp:send("STARTTLS\n")
local b2 = ssl.wrap(b_tcp, shared)
b2:sni("localhost")
b2:settimeout(0)
check.equal("65 the hello is out", { b2:dohandshake() }, { false, "wantread" })
check.equal("65 its line", a_tcp:receive(), "STARTTLS")
check.ok("65 read ahead", a_tcp:dirty())
local a2 = ssl.wrap(a_tcp, plain)
rs, rc = shake(a2, b2)
check.equal("65 goes on with what was read ahead", { rs, rc }, { YES, YES })
a2:close()
b2:close()

-- another object's descriptor, and its read-ahead buffer
b_tcp = connect(listener)
a_tcp = listener:accept()
b_tcp:send("STARTTLS\n")
b2 = ssl.wrap(b_tcp, shared)
b2:sni("localhost")
b2:settimeout(0)
b2:dohandshake()
a_tcp:receive()
local foreign = {
    getfd = function() return a_tcp:getfd() end,
    setfd = function(_, fd) a_tcp:setfd(fd) end,
    dirty = function() return a_tcp:dirty() end,
    settimeout = function(_, ...) return a_tcp:settimeout(...) end,
    receive = function(_, ...) return a_tcp:receive(...) end,
}
a2 = ssl.wrap(foreign, plain)
rs, rc = shake(a2, b2)
check.equal("A4 any object with getfd and setfd", { rs, rc, a_tcp:getfd() }, { YES, YES, -1 })
a2:close()
b2:close()
listener:close()

-- openssl s_client
local port
listener = socket.bind("127.0.0.1", 0)
port = select(2, listener:getsockname())
local process = io.popen("printf 'hello\\n' | openssl s_client -connect 127.0.0.1:" .. math.floor(port)
    .. " -quiet -verify_return_error -CAfile '" .. CERTS .. "ca.crt' -servername localhost 2>&1")
s = assert(ssl.wrap(listener:accept(), plain))
s:settimeout(10)
check.equal("75 openssl s_client", { s:dohandshake() }, { true })
check.equal("75 its line", s:receive(), "hello")
s:send("answer\n")
s:close()
local output = process:read("*a")
process:close()
check.ok("75 it got the answer", output:find("answer", 1, true), output)
check.ok("75 it saw no truncation", not output:find("unexpected eof", 1, true), output)
listener:close()

check.done()
