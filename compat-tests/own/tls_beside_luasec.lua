-- needs: certs, lua-sec
-- not on: lua5.1, lua5.2, lua5.3, lua5.5, runner
-- The real LuaSec at one end and this library at the other, in both roles: each parameter has the same effect. Numbers
-- refer to tls.md's items. Here `ssl` is LuaSec and `socket.tls` is this library.
local check = require("check")
local tls = require("tls")
local luasec = require("ssl")
local ours = require("socket.tls")
local socket = require("socket")

local CERTS = tls.certificates
local GOOD = { certificate = CERTS .. "good.pem", key = CERTS .. "good.key" }
local WAITING = { wantread = true, wantwrite = true }

local function wrap(maker, sock, cfg, label)
    local context, message = maker.newcontext(cfg)
    if not context then error(label .. ": " .. message, 0) end
    local object = assert(maker.wrap(sock, context))
    object:settimeout(0)
    return object
end

-- A conversation between a server and a client, each made by the given module. `ask` gets both ends after the
-- handshake. The result is a table of its results, or of the error messages.
local function converse(server, client, server_cfg, client_cfg, ask, label)
    local listener = assert(socket.bind("127.0.0.1", 0))
    local address, port = listener:getsockname()
    local c = assert(socket.connect(address, port))
    local s = assert(listener:accept())
    listener:close()
    s = wrap(server, s, tls.merged({ mode = "server", protocol = "any" }, server_cfg), label)
    c = wrap(client, c, tls.client(client_cfg), label)
    if client_cfg.name ~= false then c:sni(client_cfg.name or "localhost") end
    if server_cfg.names then s:sni(server_cfg.names(server), server_cfg.strict) end
    if client_cfg.before then client_cfg.before(c) end
    local done, start = {}, socket.gettime()
    while done[1] == nil or done[2] == nil do
        for i, object in ipairs({ s, c }) do
            if done[i] == nil then
                local ok, message = object:dohandshake()
                if ok then done[i] = false elseif not WAITING[message] then done[i] = message end
            end
        end
        if done[1] then s:close() end
        if done[2] then c:close() end
        assert(socket.gettime() - start < 20, label)
    end
    if done[1] or done[2] then return done end
    s:settimeout(5)
    c:settimeout(5)
    -- data that TLS 1.3 sends late
    local sent, problem = s:send("x")
    if not sent then return { "late", problem } end
    local byte, message = c:receive(1)
    if not byte then return { "late", message } end
    local result = { ask(s, c) }
    c:close()
    s:close()
    return result
end

-- The same conversation between two LuaSec ends, and with each end replaced.
local function alike(label, server_cfg, client_cfg, ask)
    ask = ask or function() return "done" end
    local expected = converse(luasec, luasec, server_cfg, client_cfg, ask, label)
    check.equal(label .. ", our server", converse(ours, luasec, server_cfg, client_cfg, ask, label), expected)
    check.equal(label .. ", our client", converse(luasec, ours, server_cfg, client_cfg, ask, label), expected)
    check.equal(label .. ", both", converse(ours, ours, server_cfg, client_cfg, ask, label), expected)
    return expected
end

local function info(s, c) return c:info(), s:info() end

for _, protocol in ipairs({ "tlsv1_2", "tlsv1_3" }) do
    local only = { protocol = protocol }
    alike("B27 info " .. protocol, tls.server(only), only, info)
    alike("B32 B33 " .. protocol, tls.server(only), only, function(s, c)
        return c:getfinished() == s:getpeerfinished(), s:getfinished() == c:getpeerfinished(),
            c:exportkeyingmaterial("EXPORTER-a", 16) == s:exportkeyingmaterial("EXPORTER-a", 16)
    end)
    local chain = tls.merged(only, { certificate = CERTS .. "chain.pem", key = CERTS .. "chain.key" })
    alike("B29 chain " .. protocol, chain, only, function(_, c)
        local subjects = {}
        for i, certificate in ipairs(c:getpeerchain()) do subjects[i] = certificate:digest("sha256") end
        return subjects
    end)
end
for _, ciphers in ipairs({ "ECDHE-RSA-AES128-GCM-SHA256", "AES256-SHA256", "ALL:!AESGCM:@SECLEVEL=1", "HIGH:!kRSA" }) do
    alike("A22 " .. ciphers, tls.server({ protocol = "tlsv1_2" }), { ciphers = ciphers }, info)
end
for _, suites in ipairs({ "TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256" }) do
    alike("A23 " .. suites, GOOD, { ciphersuites = suites }, info)
end
alike("A22 nothing in common", tls.server({ protocol = "tlsv1_2", ciphers = "AES256-SHA" }), { ciphers = "AES128-SHA" })
alike("A24 curve", tls.server({ curve = "secp384r1" }), {}, info)
alike("A24 curves", tls.server({ curveslist = "X448:P-521" }), { curveslist = "P-521" }, info)
alike("A24 nothing in common", tls.server({ protocol = "tlsv1_2", curveslist = "P-384" }), { curveslist = "P-256", ciphers = "ECDHE" })
for _, options in ipairs({ "cipher_server_preference", "no_ticket", "no_renegotiation", "no_encrypt_then_mac", "prioritize_chacha" }) do
    alike("A20 " .. options, tls.server({ protocol = "tlsv1_2", options = options, ciphers = "AES256-SHA:AES128-SHA" }),
        { ciphers = "AES128-SHA:AES256-SHA" }, info)
end
for depth = 0, 2 do
    alike("A21 depth " .. depth, { certificate = CERTS .. "chain.pem", key = CERTS .. "chain.key" }, { depth = depth })
end
for _, name in ipairs({ "client", "client-untrusted", "client-expired", "client-purpose" }) do
    local own = { certificate = CERTS .. name .. ".pem", key = CERTS .. name .. ".key" }
    for _, verify in ipairs({ "peer", "client_once", "fail_if_no_peer_cert" }) do
        for _, protocol in ipairs({ "tlsv1_2", "tlsv1_3" }) do
            alike(("A18 %s %s %s"):format(name, verify, protocol),
                tls.server({ verify = { "peer", verify }, cafile = CERTS .. "ca.crt", protocol = protocol }), own,
                function(s) return s:getpeerverification(), #s:getpeerchain() end)
        end
        alike(("A19 %s %s, go on"):format(name, verify), tls.server({
            verify = { "peer", verify }, cafile = CERTS .. "ca.crt", verifyext = { "lsec_continue", "lsec_ignore_purpose" },
        }), own, function(s) return s:getpeerverification() end)
    end
end
alike("A18 a client without", tls.server({
    verify = { "peer", "fail_if_no_peer_cert" }, cafile = CERTS .. "ca.crt", protocol = "tlsv1_2",
}), {})
for _, name in ipairs({ "untrusted", "self-signed", "expired", "purpose", "not-ca", "path-len" }) do
    local own = { certificate = CERTS .. name .. ".pem", key = CERTS .. name .. ".key" }
    alike("B30 " .. name, own, { verify = "none" }, function(_, c) return c:getpeerverification() end)
    alike("A19 lsec_continue " .. name, own, { verifyext = "lsec_continue" }, function(_, c) return c:getpeerverification() end)
    alike("A19 lsec_ignore_purpose " .. name, own, { verifyext = "lsec_ignore_purpose" })
end
alike("24 crl_check", { certificate = CERTS .. "revoked.pem", key = CERTS .. "revoked.key" },
    { verifyext = "crl_check", cafile = CERTS .. "ca-with-crl.pem" })
alike("24 crl_check, not revoked", GOOD, { verifyext = "crl_check", cafile = CERTS .. "ca-with-crl.pem" })
alike("A26 A27 alpn", tls.server({ alpn = { "b", "c" } }), { alpn = { "a", "c", "b" } },
    function(s, c) return s:getalpn(), c:getalpn() end)
alike("A27 alpn by a function", tls.server({ alpn = function(names) return { names[#names] } end }), { alpn = { "a", "c", "b" } },
    function(s, c) return s:getalpn(), c:getalpn() end)
alike("A27 alpn, nothing", tls.server({ alpn = function() return nil end }), { alpn = "a" },
    function(s, c) return s:getalpn(), c:getalpn() end)
alike("A16 certificates", { protocol = "tlsv1_2", certificates = {
    GOOD, { certificate = CERTS .. "good-ec.pem", key = CERTS .. "good-ec.key" },
} }, { ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256" }, info)
alike("B24 names", tls.server({ names = function(maker)
    return { ["a.tls.test"] = assert(maker.newcontext(tls.server({
        certificate = CERTS .. "wildcard.pem", key = CERTS .. "wildcard.key" }))) }
end }), { name = "a.tls.test" }, function(s, c) return s:getsniname(), c:getpeercertificate():digest("sha256") end)
alike("A28 dane", { certificate = CERTS .. "untrusted.pem", key = CERTS .. "untrusted.key" }, { dane = true, before = function(c)
    c:setdane("localhost")
    check.ok("A28 a record that cannot be", not c:settlsa(3, 1, 1, "short"))
    c:settlsa(3, 0, 1, (("x"):rep(32)))
end })

check.done()
