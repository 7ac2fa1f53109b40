-- needs: certs, python3
-- Handshakes: time limits, and peers that stall, close or speak another protocol. Numbers refer to tls.md's scenarios.
local check = require("check")
local tls = require("tls")
local ssl = require("socket.tls")
local socket = require("socket")

local CERTS = tls.certificates
local EOF = "unexpected eof while reading"
local peers = {}

local function server(...)
    peers[#peers + 1] = tls.peer(...)
    return peers[#peers].port
end

local function elapsed(f)
    local start = socket.gettime()
    f()
    return socket.gettime() - start
end

-- names
local port = server("cert=wildcard", "tls", "hold")
check.equal("11 wildcard", tls.wrap(ssl, port, nil, "a.tls.test"):dohandshake(), true)
for _, name in ipairs({ "a.b.tls.test", "tls.test" }) do
    local ok, message, detail = tls.wrap(ssl, port, nil, name):dohandshake()
    check.equal("12 " .. name, { ok, message, detail }, { false, "certificate verify failed", "hostname mismatch" })
end
check.equal("3.2 no name, no check of names", tls.wrap(ssl, port, nil, false):dohandshake(), true)
check.equal("3.2 cfg.host goes first", tls.wrap(ssl, port, { host = "a.tls.test" }, "other"):dohandshake(), true)
check.equal("3.2 cfg.host is checked", (tls.wrap(ssl, port, { host = "localhost" }, "a.tls.test"):dohandshake()), false)
check.equal("verifyhost=false", tls.wrap(ssl, port, { verifyhost = false }):dohandshake(), true)
check.equal("3.2 cfg.host is what the object asks for", tls.wrap(ssl, port, { host = "a.tls.test" }, "other"):getsniname(), "a.tls.test")
for _, name in ipairs({ "", "a\0.tls.test", "\255.tls.test", ".tls.test" }) do
    local ok, message = tls.wrap(ssl, port, nil, name):dohandshake()
    check.equal("an impossible name is not no name: " .. ("%q"):format(name), { ok, message }, { false, "invalid host name" })
end
check.equal("an impossible cfg.host", { ssl.newcontext(tls.client({ host = "" })) }, { nil, "invalid host name" })

-- failures are permanent
port = server("cert=untrusted", "tls", "swallow")
local c = tls.wrap(ssl, port)
local ok, message, detail = c:dohandshake()
for i = 1, 3 do
    check.equal("26 again " .. i, { c:dohandshake() }, { ok, message, detail })
end
check.equal("26", { ok, message }, { false, "certificate verify failed" })
check.equal("27 receive", { c:receive() }, { nil, "closed", "" })
check.equal("27 send", { c:send("secret") }, { nil, "closed", 0 })
check.equal("27 getpeercertificate", { c:getpeercertificate() }, { nil, "closed" })
check.ok("27 getfd", c:getfd() >= 0)
c:close()
check.equal("26 closed", { c:dohandshake() }, { false, "closed" })
check.ok("28 nothing was said", peers[#peers].output:read("*l"):find("^failed"))

-- time limits
port = server("hello", "hold")
c = tls.wrap(ssl, port)
c:settimeout(0.3)
local result
local time = elapsed(function() result = { c:dohandshake() } end)
check.equal("31 silence", result, { false, "wantread" })
check.ok("31 in time", time >= 0.29 and time < 10, time)
check.equal("31 want", c:want(), "read")
c:settimeout(0)
time = elapsed(function() result = { c:dohandshake() } end)
check.equal("33 at once", result, { false, "wantread" })
check.ok("33 at once", time < 5, time)
c:close()

port = server("tls", "echo")
c = tls.wrap(ssl, port)
c:settimeout(0)
local rounds, wants = 0, true
repeat
    ok, message = c:dohandshake()
    if not ok then
        wants = wants and (message == "wantread" or message == "wantwrite")
        local list = { c }
        socket.select(message == "wantread" and list or nil, message == "wantwrite" and list or nil, 10)
        rounds = rounds + 1
    end
until ok or rounds > 1000 or not wants
check.ok("33 by select", ok and rounds > 0, message)
c:settimeout(10)
c:send("ping\n")
check.equal("33 goes on", c:receive(), "ping")
c:close()

port = server("drip:5", "send:x", "hold")
c = tls.wrap(ssl, port)
c:settimeout(0.2)
rounds = 0
repeat
    ok, message = c:dohandshake()
    rounds = rounds + 1
until ok or message ~= "wantread"
check.ok("35 byte by byte", ok, message)
check.ok("35 with pauses", rounds > 2, rounds)
c:settimeout(10)
check.equal("35 goes on", c:receive(1), "x")
c:close()

-- HelloRequest messages without end, which clients ignore
port = server("hello", "flood:\\x16\\x03\\x03\\x00\\x04\\x00\\x00\\x00\\x00")
c = tls.wrap(ssl, port)
c:settimeout(0)
c:dohandshake()
socket.select({ c }, nil, 5)
time = elapsed(function() result = { c:dohandshake() } end)
check.equal("33 a flood: at once", result, { false, "wantread" })
check.ok("33 a flood: at once", time < 10, time)
c:settimeout(0.3)
time = elapsed(function() result = { c:dohandshake() } end)
check.equal("31 a flood", result, { false, "wantread" })
check.ok("31 a flood: in time", time > 0.29 and time < 10, time)
c:close()

-- peers that speak another protocol
port = server("hello", "cut", "/", "cut", "/", "hello", "reset", "/",
    "hello", "plain:HTTP/1.1 400 Bad Request\\r\\n\\r\\n", "hold", "/",
    "plain:220 hello\\r\\n", "hello", "hold", "/",
    "min=1.0", "max=1.0", "tls", "/", "min=1.1", "max=1.1", "tls", "/",
    "max=1.2", "ciphers=ECDHE-RSA-AES128-SHA", "cert=good-ec", "tls", "/",
    "hello", "plain:\\x15\\x03\\x03\\x00\\x02\\x02\\x07", "hold")

local function outcome()
    local object = tls.wrap(ssl, port)
    object:settimeout(10)
    local done, why = object:dohandshake()
    object:close()
    return done or why
end
check.equal("36 ends after the hello", outcome(), EOF)
local why = outcome()
check.ok("37 ends at once", why == EOF or why == "closed", why)
why = outcome()
check.ok("37 resets", why == EOF or why == "closed", why)
check.equal("38 plain HTTP", outcome(), "wrong version number")
check.equal("39 greets first", outcome(), "wrong version number")
check.equal("40 TLS 1.0 only", outcome(), "tlsv1 alert protocol version")
check.equal("40 TLS 1.1 only", outcome(), "tlsv1 alert protocol version")
check.equal("43 no common cipher", outcome(), "sslv3 alert handshake failure")
check.equal("an alert that has no name", outcome(), "unknown alert")


-- OpenSSL's binding treats "not connected" as "not yet"
local unix = require("socket.unix")
c = ssl.wrap(unix.stream(), { mode = "client", protocol = "any", verify = "none" })
c:settimeout(5)
check.equal("B6 never connected", { c:dohandshake() }, { false, "Transport endpoint is not connected" })
c:close()

-- versions
port = server("max=1.2", "tls", "hold", "/", "min=1.3", "tls", "hold", "/", "min=1.3", "tls", "/", "max=1.2", "tls", "/",
    "tls", "hold", "/", "tls", "hold")

local function version(changes)
    local object = tls.wrap(ssl, port, changes)
    object:settimeout(10)
    local done, text = object:dohandshake()
    return done and object:info("protocol") or text
end
check.equal("41 TLS 1.2 only", version(), "TLSv1.2")
check.equal("41 TLS 1.3 only", version(), "TLSv1.3")
check.equal("42 1.3 against 1.2", version({ protocol = "tlsv1_2" }), "tlsv1 alert protocol version")
check.equal("42 1.2 against 1.3", version({ protocol = "tlsv1_3" }), "tlsv1 alert protocol version")
check.equal("no_tlsv1_3", version({ options = { "no_tlsv1_3" } }), "TLSv1.2")
check.equal("no_tlsv1_2", version({ options = "no_tlsv1_2" }), "TLSv1.3")
local NONE = { nil, "no protocols available" }
check.equal("a hole is not filled", { ssl.newcontext(tls.client({ options = { "no_tlsv1_2", "no_tlsv1_3" } })) }, NONE)
check.equal("named and excluded", { ssl.newcontext(tls.client({ protocol = "tlsv1_2", options = "no_tlsv1_2" })) }, NONE)

-- the name (SNI) and ALPN protocols that the server receives
port = server("alpn=h2,http/1.1", "tls", "report", "hold")
local output = peers[#peers].output

local function told(name, changes)
    local object = tls.connect(ssl, port, changes, name)
    local line = output:read("*l")
    local alpn = object:getalpn()
    object:close()
    return line:match("name=(%S+)"), alpn, line:match("alpn=(%S+)")
end
check.equal("68 a name", (told("localhost")), "localhost")
check.equal("68 Δ9 an address", (told("127.0.0.1")), "-")
check.equal("68 none", (told(false)), "-")
check.equal("68 verify none", (told("some.name", { verify = "none" })), "some.name")
check.equal("add.32 an international name", (told("b\195\188cher.test", { verify = "none" })), "xn--bcher-kva.test")
check.equal("69 alpn", { told("localhost", { alpn = { "http/1.1" } }) }, { "localhost", "http/1.1", "http/1.1" })
check.equal("69 no overlap", { told("localhost", { alpn = { "zz" } }) }, { "localhost", nil, "None" })
check.equal("69 the server's order", { told("localhost", { alpn = { "http/1.1", "h2" } }) }, { "localhost", "h2", "h2" })

-- client certificates
local DEMAND = "client=ca.crt"
port = server(DEMAND, "max=1.2", "tls", "send:in", "notify", "hold", "/", DEMAND, "tls", "send:in", "notify", "hold")

-- With TLS 1.2 and 1.3 in turn.
local function with_client(certificate)
    local object = tls.wrap(ssl, port,
        certificate and { certificate = CERTS .. certificate .. ".pem", key = CERTS .. certificate .. ".key" })
    object:settimeout(10)
    local done, text = object:dohandshake()
    local data, err
    if done then data, err = object:receive("*a") end
    return done or text, done and (data or err) or nil
end
local ALERTS = {
    { nil, "sslv3 alert handshake failure", "tlsv13 alert certificate required" },
    { "client-untrusted", "tlsv1 alert unknown ca", "tlsv1 alert unknown ca" },
    { "client-expired", "sslv3 alert certificate expired", "sslv3 alert certificate expired" },
    { "client-purpose", "sslv3 alert unsupported certificate", "sslv3 alert unsupported certificate" },
}
for i = 1, #ALERTS do
    local certificate, old, new = ALERTS[i][1], ALERTS[i][2], ALERTS[i][3]
    check.equal("71 " .. tostring(certificate), (with_client(certificate)), old)
    check.equal("72 " .. tostring(certificate), { with_client(certificate) }, { true, new })
end
check.equal("71 client", { with_client("client") }, { true, "in" })
check.equal("72 client", { with_client("client") }, { true, "in" })

check.done()
