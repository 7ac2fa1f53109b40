-- needs: certs, openssl
-- OpenSSL's own programs at the other end, s_server and s_client, for each parameter that they have too. Numbers refer
-- to tls.md's items.
local check = require("check")
local tls = require("tls")
local ssl = require("ssl")
local socket = require("socket")

local CERTS = tls.certificates
local IN_CERTS = "cd '" .. CERTS .. "' && exec openssl "

-- Connects to s_server, which answers each line reversed. Returns the connection, or the message.
local function to_server(options, changes, name, before)
    local process = io.popen(IN_CERTS .. "s_server -accept 127.0.0.1:0 -naccept 1 -rev " .. options .. " </dev/null 2>&1")
    local line
    repeat line = process:read("*l") until not line or line:find("^ACCEPT")
    local port = assert(line, "s_server " .. options):match(":(%d+)%s*$")
    local cfg = tls.client(changes)
    if changes.cafile == false then cfg.cafile = nil end
    local object = assert(ssl.wrap(assert(socket.connect("127.0.0.1", tonumber(port))), cfg))
    object:settimeout(20)
    if name ~= false then object:sni(name or "localhost") end
    if before then before(object) end
    local ok, message = object:dohandshake()
    local answer = ok
    if ok then
        object:send("abc\n")
        answer, message = object:receive()
        ok = answer == "cba"
    end
    return ok and object or message or answer, function()
        object:close()
        local output = process:read("*a")
        process:close()
        return output
    end
end

local GOOD = "-cert good.pem -key good.key "

local function reaches(label, options, changes, look, expected, name, before)
    local object, finish = to_server(options, changes, name, before)
    check.ok("s_server, " .. label, type(object) ~= "string", object)
    if type(object) ~= "string" and look then check.equal("s_server, " .. label .. ": what it is", { look(object) }, expected) end
    return finish()
end

local function fails(label, options, changes, expected)
    local message, finish = to_server(options, changes)
    check.equal("s_server, " .. label, message, expected)
    finish()
end

local function cipher(object) return object:info("protocol"), object:info("cipher") end

reaches("A22 ciphers", GOOD .. "-tls1_2", { ciphers = "ECDHE-RSA-AES128-GCM-SHA256" }, cipher,
    { "TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256" })
fails("A22 no common cipher", GOOD .. "-tls1_2 -cipher AES256-SHA", { ciphers = "AES128-SHA" }, "sslv3 alert handshake failure")
reaches("A23 suites", GOOD .. "-tls1_3", { ciphersuites = "TLS_CHACHA20_POLY1305_SHA256" }, cipher,
    { "TLSv1.3", "TLS_CHACHA20_POLY1305_SHA256" })
reaches("A24 curve", GOOD .. "-groups P-384", { curve = "secp384r1" })
fails("A24 no common curve", GOOD .. "-groups P-384", { curveslist = "P-256:X25519" }, "sslv3 alert handshake failure")
reaches("A26 alpn", GOOD .. "-alpn h2,http/1.1", { alpn = { "x", "http/1.1" } }, function(object) return object:getalpn() end,
    { "http/1.1" })
reaches("A20 no_ticket", GOOD .. "-tls1_2", { options = "no_ticket" })
fails("A20 versions", GOOD .. "-tls1_2", { protocol = "tlsv1_3" }, "tlsv1 alert protocol version")
reaches("A25 Diffie-Hellman", GOOD .. "-tls1_2", { ciphers = "DHE-RSA-AES128-GCM-SHA256" }, cipher,
    { "TLSv1.2", "DHE-RSA-AES128-GCM-SHA256" })
reaches("A16 an EC certificate", "-cert good-ec.pem -key good-ec.key", { cafile = CERTS .. "two-roots.pem" },
    function(object) return (select(2, object:getpeercertificate():pubkey())) end, { "EC" })
local output = reaches("A18 a client certificate", GOOD .. "-tls1_2 -Verify 1 -verify_return_error -CAfile ca.crt",
    { certificate = CERTS .. "client.pem", key = CERTS .. "client.key" })
check.ok("s_server saw it", output:find("Peer certificate: [^\n]*CN = client"), output)
fails("A18 none", GOOD .. "-tls1_2 -Verify 1 -verify_return_error -CAfile ca.crt", {}, "sslv3 alert handshake failure")
reaches("A21 depth", "-cert chain.pem -key chain.key -cert_chain chain.pem", { depth = 1 })
fails("A21 depth 0", "-cert chain.pem -key chain.key -cert_chain chain.pem", { depth = 0 }, "certificate verify failed")
fails("24 crl_check", "-cert revoked.pem -key revoked.key", { verifyext = "crl_check", cafile = CERTS .. "ca-with-crl.pem" },
    "certificate verify failed")
reaches("A19 lsec_continue", "-cert untrusted.pem -key untrusted.key", { verifyext = "lsec_continue" },
    function(object) return (object:getpeerverification()) end, { false })
output = reaches("B24 a name", GOOD .. "-servername dns.test -cert2 good-ec.pem -key2 good-ec.key -tlsextdebug",
    { cafile = CERTS .. "two-roots.pem", verifyhost = false },
    function(object) return (select(2, object:getpeercertificate():pubkey())) end, { "EC" }, "dns.test")
check.ok("s_server got the name", output:find("dns.test", 1, true), output)
for _, version in ipairs({ "-tls1_2", "-tls1_3" }) do
    local key = ("4b"):rep(32)
    reaches("A29 psk " .. version, "-nocert -psk " .. key .. " -psk_identity me " .. version
        .. (version == "-tls1_2" and " -psk_hint who -cipher PSK" or ""), {
        cafile = false, ciphers = "PSK", psk = function() return "me", ("K"):rep(32) end,
    }, nil, nil, false)
end
do
    local process = io.popen(IN_CERTS:gsub("exec ", "") .. "x509 -in untrusted.pem -outform DER | openssl dgst -sha256 -r")
    local digest = process:read("*l"):match("^%x+"):gsub("%x%x", function(hex) return string.char(tonumber(hex, 16)) end)
    process:close()
    reaches("A28 dane", "-cert untrusted.pem -key untrusted.key", { cafile = false, dane = true },
        function(object) return (object:getpeerverification()) end, { true }, nil, function(object)
            object:setdane("localhost")
            object:settlsa(3, 0, 1, digest)
        end)
end

-- s_client at our server. Returns what the handshake returned, the connection and what s_client printed.
local listener = assert(socket.bind("127.0.0.1", 0))
local port = math.floor((select(2, listener:getsockname())))
local function from_client(options, changes, names)
    local cfg = tls.server()
    for name, value in pairs(changes) do cfg[name] = value or nil end
    local context = assert(ssl.newcontext(cfg))
    local process = io.popen(IN_CERTS:gsub("exec ", "(echo line; cat) </dev/null | exec ") .. "s_client -connect 127.0.0.1:" .. port
        .. " -ign_eof " .. options .. " 2>&1")
    local object = assert(ssl.wrap(assert(listener:accept()), context))
    if names then object:sni(names) end
    object:settimeout(20)
    local ok, message = object:dohandshake()
    local line = ok and object:receive()
    local facts = { cipher = object:info("cipher"), alpn = object:getalpn(), name = object:getsniname(),
        verified = object:getpeerverification(), reused = object:reused() }
    facts.keys = ok and object:exportkeyingmaterial("EXPORTER-a", 16) or nil
    object:send("answer\n")
    object:close()
    local text = process:read("*a")
    process:close()
    return ok and line or message, facts, text
end

local TRUST = "-CAfile ca.crt -verify_return_error "
local function served(label, options, changes, field, value, names)
    local line, facts, text = from_client(options, changes, names)
    check.equal("s_client, " .. label, line, "line")
    check.ok("s_client, " .. label .. ": the answer", text:find("answer", 1, true), text)
    if field then check.equal("s_client, " .. label .. ": " .. field, facts[field], value) end
    return text, facts
end
local function refuses(label, options, changes, expected)
    check.equal("s_client, " .. label, (from_client(options, changes)), expected)
end

served("A22 ciphers", TRUST .. "-tls1_2", { ciphers = "ECDHE-RSA-AES128-GCM-SHA256" }, "cipher", "ECDHE-RSA-AES128-GCM-SHA256")
refuses("A22 no common cipher", "-tls1_2 -cipher AES256-SHA", { ciphers = "AES128-SHA" }, "no shared cipher")
served("A23 suites", TRUST, { ciphersuites = "TLS_AES_128_GCM_SHA256" }, "cipher", "TLS_AES_128_GCM_SHA256")
served("A24 curve", TRUST .. "-groups P-384:P-256", { curve = "secp384r1" })
refuses("A24 no common curve", "-groups P-256", { curveslist = "P-384" }, "no suitable key share")
served("A27 alpn", TRUST .. "-alpn x,h2", { alpn = { "h2" } }, "alpn", "h2")
served("A27 alpn by a function", TRUST .. "-alpn x,h2", { alpn = function(names) return names[1] end }, "alpn", "x")
served("A16 certificates", "-CAfile two-roots.pem -verify_return_error -tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256", {
    certificate = false, key = false, certificates = {
        { certificate = CERTS .. "good.pem", key = CERTS .. "good.key" },
        { certificate = CERTS .. "good-ec.pem", key = CERTS .. "good-ec.key" },
    },
}, "cipher", "ECDHE-ECDSA-AES128-GCM-SHA256")
local DEMAND = { verify = { "peer", "fail_if_no_peer_cert" }, cafile = CERTS .. "ca.crt" }
served("A18 a client certificate", TRUST .. "-cert client.pem -key client.key", DEMAND, "verified", true)
refuses("A18 none", "-tls1_2", DEMAND, "peer did not return a certificate")
refuses("A18 one of another authority", "-cert client-untrusted.pem -key client-untrusted.key", DEMAND, "certificate verify failed")
refuses("24 crl_check", "-cert client-revoked.pem -key client-revoked.key",
    { verify = DEMAND.verify, cafile = CERTS .. "ca-with-crl.pem", verifyext = "crl_check" }, "certificate verify failed")
served("B24 a name", "-servername dns.test -CAfile two-roots.pem -verify_return_error", {}, "name", "dns.test",
    { ["dns.test"] = assert(ssl.newcontext(tls.server({ certificate = CERTS .. "good-ec.pem", key = CERTS .. "good-ec.key" }))) })
refuses("A20 versions", "-tls1_2", { options = "no_tlsv1_2" }, "unsupported protocol")
for _, version in ipairs({ "-tls1_2", "-tls1_3" }) do
    local cipher_option = version == "-tls1_2" and " -cipher PSK" or ""
    served("A29 psk " .. version, "-psk " .. ("4b"):rep(32) .. " -psk_identity me " .. version .. cipher_option,
        { certificate = false, key = false, ciphers = "PSK", psk = function(identity) return identity == "me" and ("K"):rep(32) end })
    local text, facts = served("B33 exported keys " .. version, TRUST .. "-keymatexport EXPORTER-a -keymatexportlen 16 " .. version, {})
    local hex = facts.keys:gsub(".", function(c) return ("%02X"):format(c:byte()) end)
    check.ok("s_client, B33 the same keys " .. version, text:upper():find("KEYING MATERIAL: " .. hex, 1, true), text)
    local session = os.tmpname()
    served("sessions, the first " .. version, TRUST .. "-sess_out " .. session .. " " .. version, {}, "reused", false)
    served("sessions, resumed " .. version, TRUST .. "-sess_in " .. session .. " " .. version, {}, "reused", true)
    served("sessions, without tickets " .. version, TRUST .. "-sess_in " .. session .. " " .. version, { options = "no_ticket" },
        "reused", false)
    os.remove(session)
end
local dh = os.tmpname()
os.execute("openssl dhparam -dsaparam -out '" .. dh .. "' 2048 2>/dev/null")
served("A25 dhparam", TRUST .. "-tls1_2 -cipher DHE-RSA-AES128-GCM-SHA256", { dhparam = function()
    local file = assert(io.open(dh))
    local pem = file:read("*a")
    file:close()
    return pem
end }, "cipher", "DHE-RSA-AES128-GCM-SHA256")
os.remove(dh)
listener:close()

check.done()
