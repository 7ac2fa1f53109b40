-- A short test of LuaSec's parameters with both ends in one process, for valgrind: callbacks, sessions, refusals.
local check = require("check")
local tls = require("tls")
local ssl = require("ssl")
local socket = require("socket")

local CERTS = tls.certificates
local GOOD = { certificate = CERTS .. "good.pem", key = CERTS .. "good.key" }
local EC = { certificate = CERTS .. "good-ec.pem", key = CERTS .. "good-ec.key" }

local function server(changes) return assert(ssl.newcontext(tls.server(changes))) end

local listener = assert(socket.bind("127.0.0.1", 0))
local address, port = listener:getsockname()
local WAITING = { wantread = true, wantwrite = true }

-- Does both handshakes. `prepare` gets both ends first, `look` after success. The result is what `look` returns, or
-- both messages.
local function converse(server_context, client_changes, prepare, look)
    local c = assert(ssl.wrap(assert(socket.connect(address, port)), tls.client(client_changes)))
    local s = assert(ssl.wrap(assert(listener:accept()), server_context))
    c:sni("localhost")
    if prepare then prepare(s, c) end
    s:settimeout(0)
    c:settimeout(0)
    local ends, done = { s, c }, {}
    repeat
        for i = 1, 2 do
            if done[i] == nil then
                local called, ok, message = pcall(ends[i].dohandshake, ends[i])
                if not called then ok, message = false, "raised" end
                if ok or not WAITING[message] then done[i] = ok or message end
                if not ok and not WAITING[message] then ends[i]:close() end
            end
        end
    until done[1] ~= nil and done[2] ~= nil
    local result = done
    if done[1] == true and done[2] == true then
        s:settimeout(50)
        c:settimeout(50)
        s:send("x")
        c:receive(1)
        result = { look(s, c) }
    end
    s:close()
    c:close()
    collectgarbage()
    return result
end

local function cipher(_, c) return c:info("cipher") end

check.equal("several certificates", converse(server({ certificates = { GOOD, EC } }), {
    protocol = "tlsv1_2", ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256", cafile = CERTS .. "two-roots.pem",
}, nil, cipher), { "ECDHE-ECDSA-AES128-GCM-SHA256" })
check.equal("a client's certificate, ALPN by a function, key material", converse(server({
    verify = { "peer", "fail_if_no_peer_cert" }, cafile = CERTS .. "ca-with-crl.pem", verifyext = "crl_check",
    alpn = function(names) return names[2] end,
}), { certificate = CERTS .. "client.pem", key = CERTS .. "client.key", alpn = { "a", "b" }, keylog = true }, nil, function(s, c)
    return s:getpeerverification(), #s:getpeerchain(), c:getalpn(), #s:exportkeyingmaterial("EXPORTER-a", 16),
        s:getpeerfinished() == c:getfinished()
end), { true, 2, "b", 16, true })
check.equal("a refused client goes on", converse(server({
    verify = "peer", cafile = CERTS .. "ca.crt", verifyext = "lsec_continue",
}), { certificate = CERTS .. "client-untrusted.pem", key = CERTS .. "client-untrusted.key" }, nil, function(s)
    return s:getpeerverification() == false and type(select(2, s:getpeerverification()))
end), { "table" })
check.equal("an error in a callback", converse(server({ alpn = function() error("mine") end }), { alpn = "a" })[1], "raised")
local closing
check.ok("closed in a callback", converse(server({ alpn = function()
    closing:close()
    collectgarbage()
    return "a"
end }), { alpn = "a" }, function(s) closing = s end)[1] ~= true)
check.equal("a context for a name", converse(server(), { cafile = CERTS .. "two-roots.pem" }, function(s)
    s:sni({ localhost = server(EC) }, true)
end, function(s, c) return s:getsniname(), (select(2, c:getpeercertificate():pubkey())) end), { "localhost", "EC" })
for _, protocol in ipairs({ "tlsv1_2", "tlsv1_3" }) do
    local context = server({ protocol = protocol })
    local function reused(_, c) return c:reused() end
    check.equal("a session " .. protocol, converse(context, { session = true }, nil, reused), { false })
    check.equal("a resumed session " .. protocol, converse(context, { session = true }, nil, reused), { true })
    local shared = assert(ssl.newcontext({
        mode = "server", protocol = protocol, ciphers = "PSK", psk = function(name) return name == "me" and ("k"):rep(32) or nil end,
    }))
    check.equal("a pre-shared key " .. protocol, converse(shared, {
        ciphers = "PSK", psk = function() return "me", ("k"):rep(32) end,
    }, nil, function() return "done" end), { "done" })
end
check.equal("DANE", converse(server(), { dane = true }, function(_, c)
    c:setdane("localhost")
    check.ok("an unusable record", not c:settlsa(3, 1, 1, "short"))
    c:settlsa(3, 0, 1, ("x"):rep(32))
end)[2], "certificate verify failed")
check.ok("an unusable list", not ssl.newcontext(tls.client({ ciphers = "none" })))
check.ok("an unusable curve", not ssl.newcontext(tls.client({ curveslist = "P-256:none" })))

listener:close()
check.done()
