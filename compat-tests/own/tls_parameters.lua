-- needs: certs, openssl
-- luacheck: ignore 311
-- LuaSec's parameters and methods on OpenSSL, with both ends in one process. Numbers refer to tls.md's items.
local check = require("check")
local tls = require("tls")
local ssl = require("ssl")
local socket = require("socket")

local CERTS = tls.certificates
local unpack = table.unpack or unpack -- luacheck: ignore 143

local function server(changes) return assert(ssl.newcontext(tls.server(changes))) end
local function client(changes) return assert(ssl.newcontext(tls.client(changes))) end

-- A pair of TLS objects before their handshake.
local function pair(server_context, client_context, name)
    local listener = assert(socket.bind("127.0.0.1", 0))
    local address, port = listener:getsockname()
    local c = assert(socket.connect(address, port))
    local s = assert(listener:accept())
    listener:close()
    s, c = assert(ssl.wrap(s, server_context)), assert(ssl.wrap(c, client_context))
    s:settimeout(0)
    c:settimeout(0)
    if name ~= false then c:sni(name or "localhost") end
    return s, c
end

local WAITING = { wantread = true, wantwrite = true }

-- Does both handshakes. Returns the error messages, or false on success.
local function shake(s, c)
    local ends, failures = { s, c }, {}
    local start = socket.gettime()
    while failures[1] == nil or failures[2] == nil do
        for i = 1, 2 do
            if failures[i] == nil then
                local ok, message = ends[i]:dohandshake()
                if ok then failures[i] = false elseif not WAITING[message] then failures[i] = message end
            end
        end
        -- after a failure the other end could wait forever
        if failures[1] then s:close() end
        if failures[2] then c:close() end
        if socket.gettime() - start > 20 then error("no progress") end
    end
    s:settimeout(10)
    c:settimeout(10)
    return failures[1], failures[2]
end

local function connected(server_changes, client_changes, name)
    local s, c = pair(server(server_changes), client(client_changes), name)
    local by_server, by_client = shake(s, c)
    return s, c, by_server, by_client
end

local function outcome(label, server_changes, client_changes, expected)
    local _, _, by_server, by_client = connected(server_changes, client_changes)
    check.equal(label, { by_server, by_client }, expected)
end

-- A2: the capabilities
check.equal("A2 capabilities", ssl.config.capabilities,
    { alpn = true, curves_list = true, dane = { no_ee_namechecks = true }, ecdh_auto = true, psk = true })
check.ok("A2 curves", ssl.config.curves["P-256"] and ssl.config.curves.X25519 and ssl.config.algorithms.ec)

-- A22, A23: ciphers
local s, c = connected({}, { protocol = "tlsv1_2", ciphers = "ECDHE-RSA-AES128-GCM-SHA256" })
check.equal("A22 cipher", { c:info("cipher"), s:info("cipher") }, { "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256" })
check.equal("B27 info of TLS 1.2", c:info(), {
    protocol = "TLSv1.2", cipher = "ECDHE-RSA-AES128-GCM-SHA256", bits = 128, algbits = 128, key = "ECDH",
    authentication = "RSA", encryption = "AESGCM(128)", mac = "AEAD", export = false,
})
s, c = connected({ ciphersuites = "TLS_CHACHA20_POLY1305_SHA256" })
check.equal("A23 suite of a server", { c:info("cipher"), s:info("protocol") }, { "TLS_CHACHA20_POLY1305_SHA256", "TLSv1.3" })
outcome("A22 no common cipher", { protocol = "tlsv1_2", ciphers = "AES256-SHA" },
    { protocol = "tlsv1_2", ciphers = "ECDHE-RSA-AES128-GCM-SHA256" },
    { "no shared cipher", "sslv3 alert handshake failure" })

-- LuaSec's inner modules are ours, also where LuaSec is installed
check.ok("ssl.context", require("ssl.context") == ssl.context)
check.ok("ssl.config", require("ssl.config") == ssl.config)
check.equal("ssl.x509", require("ssl.x509").load, ssl.loadcertificate)

-- ciphers of an existing context, as Prosody sets them
local late = client({ protocol = "tlsv1_2" })
check.equal("setcipher", ssl.context.setcipher(late, "ECDHE-RSA-AES256-GCM-SHA384"), true)
check.equal("setcipher of none", { ssl.context.setcipher(late, "none") }, { false, "error setting cipher list (no cipher match)" })
s, c = pair(server(), late)
check.equal("setcipher holds", { shake(s, c) }, { false, false })
check.equal("setcipher chose", c:info("cipher"), "ECDHE-RSA-AES256-GCM-SHA384")

-- the recipe for old devices (cases 02 and 03)
outcome("TLS 1.0 by the recipe", { protocol = "tlsv1", ciphers = "ALL:@SECLEVEL=0" },
    { protocol = "tlsv1", ciphers = "DEFAULT:@SECLEVEL=0", options = { "all", "legacy_server_connect" } }, { false, false })
check.ok("TLS 1.0 without it", (select(4, connected({ protocol = "tlsv1", ciphers = "ALL:@SECLEVEL=0" }, { protocol = "tlsv1" }))))

-- A24: curves
outcome("A24 no common curve", { curve = "secp384r1" }, { curveslist = "P-256:P-521" },
    { "no suitable key share", "sslv3 alert handshake failure" })
outcome("A24 a common one", { curveslist = "X25519:secp384r1" }, { curve = "secp384r1" }, { false, false })
check.equal("A24 one that is unknown", { ssl.newcontext(tls.client({ curve = "nope" })) },
    { nil, "elliptic curve 'nope' not supported" })
check.equal("A24 unknown in a list", { ssl.newcontext(tls.client({ curveslist = "P-256:zz" })) },
    { nil, 'unknown elliptic curve in "P-256:zz"' })

-- A20: options take effect
outcome("A20 no_tlsv1_3 of a server", { options = "no_tlsv1_3" }, { protocol = "tlsv1_3" },
    { "unsupported protocol", "tlsv1 alert protocol version" })
s, c = connected({ options = { "no_tlsv1_3", "cipher_server_preference" }, ciphers = "AES256-SHA:AES128-SHA" },
    { ciphers = "AES128-SHA:AES256-SHA" })
check.equal("A20 cipher_server_preference", c:info("cipher"), "AES256-SHA")
s, c = connected({ options = "no_tlsv1_3", ciphers = "AES256-SHA:AES128-SHA" }, { ciphers = "AES128-SHA:AES256-SHA" })
check.equal("A20 without it the client's order counts", c:info("cipher"), "AES128-SHA")

-- A21: depth
outcome("A21 depth 0 and an intermediate", { certificate = CERTS .. "chain.pem", key = CERTS .. "chain.key" }, { depth = 0 },
    { "tlsv1 alert unknown ca", "certificate verify failed" })
outcome("A21 depth 1", { certificate = CERTS .. "chain.pem", key = CERTS .. "chain.key" }, { depth = 1 }, { false, false })

-- A18: a server demands certificates
local DEMAND = { verify = { "peer", "fail_if_no_peer_cert" }, cafile = CERTS .. "ca.crt", protocol = "tlsv1_2" }
outcome("A18 a client without certificate", DEMAND, {},
    { "peer did not return a certificate", "sslv3 alert handshake failure" })
local OWN = { certificate = CERTS .. "client.pem", key = CERTS .. "client.key" }
local by_server, by_client
s, c, by_server, by_client = connected(DEMAND, OWN)
check.equal("A18 a client with one", { by_server, by_client }, { false, false })
check.equal("B30 of a server", { s:getpeerverification() }, { true })
check.equal("B29 chain of a server", s:getpeerchain()[1]:pem(), c:getlocalcertificate():pem())
check.equal("B28 second certificate", s:getpeercertificate(9), nil)
outcome("A18 a client of another authority", DEMAND,
    { certificate = CERTS .. "client-untrusted.pem", key = CERTS .. "client-untrusted.key" },
    { "certificate verify failed", "tlsv1 alert unknown ca" })
outcome("A18 without cafile no client is trusted", { verify = "peer", protocol = "tlsv1_2" }, OWN,
    { "certificate verify failed", "tlsv1 alert unknown ca" })
s = connected({ verify = "peer", cafile = CERTS .. "ca.crt" }, {})
check.equal("A18 peer alone takes clients without", { s:getpeerverification() }, { false, "certificate not verified" })
check.equal("B29 an empty chain", s:getpeerchain(), {})
-- B7: with TLS 1.3 the refusal arrives at the first receive
s, c, by_server, by_client = connected(tls.merged(DEMAND, { protocol = "any" }), {})
check.equal("B7 of a server", { by_server, by_client }, { "peer did not return a certificate", false })
check.equal("B7 of a client", { c:receive() }, { nil, "tlsv13 alert certificate required", "" })

-- A19: verifyext
local UNTRUSTED = { certificate = CERTS .. "untrusted.pem", key = CERTS .. "untrusted.key" }
s, c, by_server, by_client = connected(UNTRUSTED, { verifyext = "lsec_continue" })
check.equal("A19 lsec_continue goes on", { by_server, by_client }, { false, false })
local ok, reasons = c:getpeerverification()
check.equal("B30 the reasons", { ok, type(reasons) == "table" and reasons[1] and reasons[1][1] },
    { false, "unable to get local issuer certificate" })
s, c = connected({}, { verifyext = "lsec_continue" })
check.equal("A19 nothing to go on from", { c:getpeerverification() }, { true })
local PURPOSE = { certificate = CERTS .. "purpose.pem", key = CERTS .. "purpose.key" }
outcome("A19 another purpose", PURPOSE, {}, { "sslv3 alert unsupported certificate", "certificate verify failed" })
outcome("A19 lsec_ignore_purpose is about clients", PURPOSE, { verifyext = "lsec_ignore_purpose" },
    { "sslv3 alert unsupported certificate", "certificate verify failed" })
local FOR_SERVERS = { certificate = CERTS .. "client-purpose.pem", key = CERTS .. "client-purpose.key" }
outcome("A19 a client's certificate for servers", DEMAND, FOR_SERVERS,
    { "certificate verify failed", "sslv3 alert unsupported certificate" })
outcome("A19 lsec_ignore_purpose takes it", tls.merged(DEMAND, { verifyext = "lsec_ignore_purpose" }), FOR_SERVERS, { false, false })
local REVOKED = { certificate = CERTS .. "revoked.pem", key = CERTS .. "revoked.key" }
local LIST = { cafile = CERTS .. "ca-with-crl.pem" }
outcome("23 a revoked certificate, without a check", REVOKED, LIST, { false, false })
for _, flag in ipairs({ "crl_check", "crl_check_chain" }) do
    outcome("24 " .. flag, REVOKED, tls.merged(LIST, { verifyext = flag }),
        { "sslv3 alert certificate revoked", "certificate verify failed" })
    outcome("24 " .. flag .. ", not revoked", {}, tls.merged(LIST, { verifyext = flag }), { false, false })
end
local context = client(LIST)
check.equal("A19 setverifyext", { context:setverifyext("crl_check") }, { true })
check.equal("A19 setverifyext of another", { context:setverifyext("x") }, { false, "invalid verify option (x)" })
s, c = pair(server(REVOKED), context)
check.equal("A19 setverifyext holds", (select(2, shake(s, c))), "certificate verify failed")
s, c = pair(server(REVOKED), client(LIST))
check.equal("A19 it holds for that context alone", { shake(s, c) }, { false, false })
-- a revocation list that was replaced counts at the next context
do
    local directory = os.tmpname()
    os.remove(directory)
    local process = assert(io.popen("openssl x509 -hash -noout -in '" .. CERTS .. "ca.crt'"))
    local hash = process:read("*l")
    process:close()
    os.execute(("mkdir '%s' && cp '%sca.crt' '%s/%s.0'"):format(directory, CERTS, directory, hash))
    local BY_LIST = { capath = directory, verifyext = "crl_check" }
    local function by_list()
        local cfg = tls.client(BY_LIST)
        cfg.cafile = nil
        s, c = pair(server(), assert(ssl.newcontext(cfg)))
        return { shake(s, c) }
    end
    check.equal("24 no list", by_list()[2], "certificate verify failed")
    os.execute(("cp '%sca.crl' '%s/%s.r0'"):format(CERTS, directory, hash))
    check.equal("24 a list", by_list(), { false, false })
    os.execute(("printf x > '%s/%s.r0'"):format(directory, hash))
    check.equal("24 a list that is no longer valid", by_list()[2], "certificate verify failed")
    os.execute("rm -r '" .. directory .. "'")
end

-- A16: several certificates
local BOTH = { certificates = {
    { certificate = CERTS .. "good.pem", key = CERTS .. "good.key" },
    { certificate = CERTS .. "good-ec.pem", key = CERTS .. "good-ec.key" },
} }
for _, kind in ipairs({ "RSA", "ECDSA" }) do
    s, c = pair(server(BOTH), client({ protocol = "tlsv1_2", ciphers = "ECDHE-" .. kind .. "-AES128-GCM-SHA256" }))
    check.equal("A16 " .. kind, { shake(s, c) }, { false, false })
    check.equal("A16 kind " .. kind, (select(2, c:getpeercertificate():pubkey())), kind == "RSA" and "RSA" or "EC")
    check.equal("B31 the one that was sent " .. kind, s:getlocalcertificate():pem(), c:getpeercertificate():pem())
end
-- the chain of each, in its order
s, c = connected({ certificate = CERTS .. "chain.pem", key = CERTS .. "chain.key" })
check.equal("B29 B31 chains", { #c:getpeerchain(), #s:getlocalchain() }, { 2, 2 })

-- A25: dhparam
local asked = {}
local parameters = assert(io.popen("openssl dhparam -dsaparam 2048 2>/dev/null"))
local dh = parameters:read("*a")
parameters:close()
local function dhparam(...)
    asked[#asked + 1] = { ... }
    return dh
end
local DHE = { protocol = "tlsv1_2", ciphers = "DHE-RSA-AES128-GCM-SHA256" }
s, c, by_server, by_client = connected({ protocol = "tlsv1_2", dhparam = dhparam }, DHE)
check.equal("A25 dhparam", { by_server, by_client, c:info("cipher") }, { false, false, "DHE-RSA-AES128-GCM-SHA256" })
check.equal("A25 its arguments", { type(asked[1][1]), type(asked[1][2]) }, { "boolean", "number" })
outcome("A25 without", { protocol = "tlsv1_2" }, DHE, { "no shared cipher", "sslv3 alert handshake failure" })

-- A27: a function chooses the protocol
local offered
local function choose(names)
    offered = names
    return names[2]
end
s, c = connected({ alpn = choose }, { alpn = { "a", "b", "c" } })
check.equal("A27 offered", offered, { "a", "b", "c" })
check.equal("A27 chosen", { s:getalpn(), c:getalpn() }, { "b", "b" })
s, c, by_server, by_client = connected({ alpn = function() return nil end }, { alpn = "a" })
check.equal("A27 nothing chosen", { by_server, by_client, c:getalpn() }, { false, false, nil })
s = connected({ alpn = function() return { "x", "c", "a" } end }, { alpn = { "a", "c" } })
check.equal("A27 a list, best first", s:getalpn(), "c")
-- an error raised in a callback is raised from the handshake, and everything else still works
local raised = {}
s, c = pair(server({ alpn = function() error(raised) end }), client({ alpn = "a" }))
c:dohandshake()
s:settimeout(5)
check.equal("98 raised in a callback", select(2, pcall(s.dohandshake, s)) == raised, true)
check.equal("98 afterwards", s:dohandshake(), false)
-- a callback may close its connection and run the collector
s, c = pair(server({ alpn = function()
    s:close()
    collectgarbage()
    return "a"
end }), client({ alpn = "a" }))
c:dohandshake()
s:settimeout(5)
check.equal("98 closed in a callback", s:dohandshake(), false)
check.ok("98 it is closed", tostring(s):find("closed", 1, true))
-- the closed object's unsent data does not go to a socket that has its number now
do
    local listener = assert(socket.bind("127.0.0.1", 0))
    local address, port = listener:getsockname()
    local others = {}
    s, c = pair(server({ alpn = function()
        local number = s:getfd()
        s:close()
        repeat
            local n = #others
            others[n + 1] = assert(socket.connect(address, port))
            others[n + 2] = assert(listener:accept())
        until others[n + 1]:getfd() == number or others[n + 2]:getfd() == number or n > 50
        return "a"
    end }), client({ alpn = "a" }))
    c:dohandshake()
    s:settimeout(5)
    s:dohandshake()
    check.equal("98 nothing to another socket", #socket.select(others, nil, 0.2), 0)
    for i = 1, #others do others[i]:close() end
    listener:close()
end
-- callbacks live as long as a connection that needs them
do
    local calls = 0
    local own = server({ alpn = function(list)
        calls = calls + 1
        return list[1]
    end })
    s, c = pair(own, client({ alpn = "p" }))
    s:sni({ ["other.test"] = server() })
    own = nil -- luacheck: ignore 331
    collectgarbage()
    collectgarbage()
    check.equal("A27 with contexts of other names", { { shake(s, c) }, c:getalpn(), calls }, { { false, false }, "p", 1 })
end
do
    local names = { localhost = server({ alpn = choose }) }
    s, c = pair(server(), client({ alpn = { "p", "q" } }))
    s:sni(names)
    names.localhost = nil -- luacheck: ignore 331
    collectgarbage()
    collectgarbage()
end
check.equal("A27 of a name's context", { shake(s, c) }, { false, false })

-- A29: pre-shared keys
local KEY = ("k"):rep(32)
local hints = {}
local function give(hint, longest_identity, longest_key)
    hints[#hints + 1] = { hint or false, type(longest_identity), type(longest_key) }
    return "me", KEY
end
local function psk(server_psk, client_psk, protocol)
    local context_s = assert(ssl.newcontext({ mode = "server", protocol = protocol, psk = server_psk, ciphers = "PSK" }))
    local context_c = assert(ssl.newcontext({ mode = "client", protocol = protocol, psk = client_psk, ciphers = "PSK" }))
    s, c = pair(context_s, context_c, false)
    return shake(s, c)
end
local function find(identity) return identity == "me" and KEY or nil end
check.equal("A29 TLS 1.2", { psk({ hint = "who", callback = find }, give, "tlsv1_2") }, { false, false })
check.equal("A29 the hint", hints[1], { "who", "number", "number" })
check.ok("A29 cipher", c:info("cipher"):find("PSK", 1, true), c:info("cipher"))
check.equal("A29 TLS 1.3", { psk(find, give, "tlsv1_3") }, { false, false })
by_server = psk(function() return ("x"):rep(32) end, give, "tlsv1_2")
check.ok("A29 another key", by_server)
check.ok("A29 no key", (psk(function() return nil end, give, "tlsv1_2")))
check.equal("A29 no function", { ssl.newcontext({ mode = "client", protocol = "any", psk = {} }) },
    { nil, "invalid PSK configuration" })

-- A28: DANE
local der = io.popen("openssl x509 -in '" .. CERTS .. "untrusted.pem' -outform DER | openssl dgst -sha256 -binary")
local hash = der:read("*a")
der:close()
local function dane(record, changes)
    s, c = pair(server(UNTRUSTED), client(tls.merged({ dane = true }, changes)))
    local set = { c:setdane("localhost"), c:settlsa(unpack(record)) }
    return set, { shake(s, c) }
end
local set, result = dane({ 3, 0, 1, hash })
check.equal("A28 a record for the certificate", { set, result }, { { true, true }, { false, false } })
set, result = dane({ 3, 0, 1, ("x"):rep(32) })
check.equal("A28 a record for another", { set, result[2] }, { { true, true }, "certificate verify failed" })
check.equal("A28 a record of the wrong length", (dane({ 3, 0, 1, "x" })), { true, false })
-- what one connection does not accept is no failure of another
do
    local s2, c2 = pair(server(), client())
    check.equal("A28 another connection", { shake(s2, c2) }, { false, false })
    c2:settimeout(0)
    c2:receive(1)
    s, c = pair(server(), client({ dane = true }))
    check.equal("A28 refused", { c:setdane("localhost"), c:settlsa(3, 1, 1, "x") }, { true, false })
    check.equal("A28 it goes on", { c2:receive(1) }, { nil, "wantread", "" })
end
s, c = pair(server(), client())
check.equal("A28 a context without", { c:setdane("localhost") }, { false })

-- B24: names of a server
local other = server({ certificate = CERTS .. "wildcard.pem", key = CERTS .. "wildcard.key" })
s, c = pair(server(), client(), "a.tls.test")
s:sni({ ["a.tls.test"] = other })
check.equal("B24 the name's context", { shake(s, c) }, { false, false })
check.equal("B25 name", { s:getsniname(), c:getsniname() }, { "a.tls.test", "a.tls.test" })
s, c = pair(server(), client(), "b.tls.test")
s:sni({ ["a.tls.test"] = other }, true)
check.equal("B24 strict", { shake(s, c) }, { "callback failed", "tlsv1 unrecognized name" })

-- B32, B33
for _, protocol in ipairs({ "tlsv1_2", "tlsv1_3" }) do
    s, c = connected({}, { protocol = protocol })
    check.ok("B32 " .. protocol, c:getfinished() == s:getpeerfinished() and s:getfinished() == c:getpeerfinished())
    check.ok("B32 they differ " .. protocol, c:getfinished() ~= s:getfinished())
    local bytes = c:exportkeyingmaterial("EXPORTER-x", 20, "context")
    check.equal("B33 " .. protocol, { #bytes, bytes == s:exportkeyingmaterial("EXPORTER-x", 20, "context") }, { 20, true })
    check.ok("B33 another context " .. protocol, bytes ~= c:exportkeyingmaterial("EXPORTER-x", 20, "other"))
end
s, c = pair(server(), client())
check.equal("B1 before", { c:getfinished() }, { nil, "closed" })
check.equal("B1 nothing before", select("#", c:getpeerfinished()) + select("#", c:exportkeyingmaterial("x", 1)), 0)

-- certificates in other files (15.27)
local made = os.tmpname()
os.execute(("cd '%s' && openssl pkcs12 -export -in chain.pem -inkey chain.key -passout pass:secret -out '%s.p12' 2>/dev/null && "
    .. "openssl x509 -in good.pem -outform DER -out '%s.der' && cat good.pem good.key > '%s'"):format(CERTS, made, made, made))
local function served(changes)
    s, c = pair(assert(ssl.newcontext(tls.merged({ mode = "server", protocol = "any" }, changes))), client())
    return shake(s, c)
end
check.equal("PKCS#12", { served({ certificate = made .. ".p12", password = "secret" }) }, { false, false })
check.equal("PKCS#12, its chain", #c:getpeerchain(), 2)
check.equal("PKCS#12, password by a function",
    { served({ certificate = made .. ".p12", password = function() return "secret" end }) }, { false, false })
check.equal("PKCS#12, for both", { served({ certificate = made .. ".p12", key = made .. ".p12", password = "secret" }) },
    { false, false })
check.ok("PKCS#12, wrong password", (select(2, ssl.newcontext({
    mode = "server", protocol = "any", certificate = made .. ".p12", password = "x",
}))):find("^error loading certificate %("))
check.equal("DER", { served({ certificate = made .. ".der", key = CERTS .. "good.key" }) }, { false, false })
-- OpenSSL would ask for its password at the terminal
do
    local file = assert(io.open(CERTS .. "good.pem"))
    local pem = file:read("*a")
    file:close()
    pem = pem:gsub("(BEGIN CERTIFICATE%-%-%-%-%-\n)", "%1Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,"
        .. ("0"):rep(32) .. "\n\n", 1)
    local path = os.tmpname()
    file = assert(io.open(path, "w"))
    file:write(pem)
    file:close()
    check.equal("an encrypted certificate", { ssl.newcontext({ mode = "server", protocol = "any", certificate = path }) },
        { nil, "error loading certificate (encrypted certificates are not supported)" })
    check.equal("an encrypted authority", { ssl.newcontext(tls.client({ cafile = path })) },
        { nil, "error loading CA locations (no certificate or crl found)" })
    os.remove(path)
end
check.equal("one file for both", { served({ certificate = made }) }, { false, false })
os.execute(("rm '%s' '%s.p12' '%s.der'"):format(made, made, made))

-- data right behind a handshake leaves the descriptor readable, for event loops that only wait on descriptors
for _, protocol in ipairs({ "tlsv1_2", "tlsv1_3" }) do
    s, c = pair(server({ protocol = protocol }), client())
    local done, sent
    local start = socket.gettime()
    repeat
        done = done or c:dohandshake()
        -- the server's last step reads the data that follows the client's last message
        if done and not sent then sent = c:send("at once") end
        local finished = s:dohandshake()
        assert(socket.gettime() - start < 20, "no progress")
    until finished and sent
    local blind = { getfd = function() return s:getfd() end }
    check.ok("B18 readable after the handshake " .. protocol, #socket.select({ blind }, nil, 5) == 1)
    s:settimeout(5)
    check.equal("B18 data " .. protocol, s:receive(7), "at once")
end

-- the message names a missing file (14.9)
check.equal("29 the file is named", (select(2, ssl.newcontext(tls.client({ cafile = "/nowhere/ca.pem" })))),
    "error loading CA locations (/nowhere/ca.pem: No such file or directory)")

check.done()
