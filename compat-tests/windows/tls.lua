-- needs: certs, python3
-- TLS by SChannel: which certificates are accepted, how a stream ends, and what is refused by name. wine's SChannel has
-- no TLS 1.3, no servers and no client certificates, and does not compare addresses.
local check = require("check")
local https = require("ssl.https")
local ltn12 = require("ltn12")
local ssl = require("ssl")
local tls = require("tls")

https.TIMEOUT = 30
local CA = tls.certificates .. "ca.crt"

-- The body and the code of a request to a server with these certificates, or nil, the message and its detail.
local function get(certificate, fields)
    local server = tls.peer("cert=" .. certificate, "tls", "request", "page")
    local body = {}
    local request = { url = "https://localhost:" .. server.port .. "/", cafile = CA, sink = ltn12.sink.table(body) }
    for name, value in pairs(fields or {}) do request[name] = value end
    local ok, code, _, status = https.request(request)
    if ok then return table.concat(body), code end
    return nil, code, status
end

check.equal("the right name and authority", { get("good") }, { "hello tls", 200 })
check.equal("an elliptic curve", { get("good-ec") }, { "hello tls", 200 })
check.equal("with an intermediate", { get("chain") }, { "hello tls", 200 })
for certificate, detail in pairs({
    expired = "certificate has expired", ["wrong-host"] = "hostname mismatch", ["self-signed"] = true,
    ["untrusted-root"] = true, untrusted = true,
}) do
    local body, message, why = get(certificate)
    check.equal(certificate .. " is refused", { body, message }, { nil, "certificate verify failed" })
    check.ok(certificate .. " says why: " .. tostring(why), type(why) == "string" and not why:find("os error", 1, true)
        and (detail == true or why == detail), why)
end
check.equal("without verification", { get("expired", { verify = "none" }) }, { "hello tls", 200 })

-- The end of a stream: with close_notify and without, after much data and little.
for _, size in ipairs({ 5, 200000 }) do
    for _, ending in ipairs({ "notify", "cut" }) do
        local server = tls.peer("tls", "fill:" .. size, ending, ending == "notify" and "cut" or nil)
        local object = tls.connect(ssl, server.port)
        local data, message, partial = object:receive("*a")
        local name = size .. " bytes, " .. ending
        check.equal(name .. ": every byte", #(data or partial or ""), size)
        check.equal(name .. ": the end", message, ending == "cut" and "unexpected eof while reading" or nil)
        object:close()
    end
end

-- Large data in both directions.
local server = tls.peer("tls", "echo")
local object = tls.connect(ssl, server.port)
local sent = ("0123456789abcdef"):rep(8192)
local last
local received, at = {}, 1
while at <= #sent do
    last = assert(object:send(sent, at, at + 16383))
    received[#received + 1] = assert(object:receive(last - at + 1))
    at = last + 1
end
check.equal("echo", table.concat(received) == sent, true)
check.equal("version", object:info("protocol"), "TLSv1.2")
check.ok("cipher", type(object:info("cipher")) == "string")
check.ok("the peer's certificate", object:getpeercertificate():pem():find("BEGIN CERTIFICATE", 1, true))
object:close()

-- A peer that speaks another protocol is told apart at once.
for name, steps in pairs({ ["plain HTTP"] = { "hello", "plain:HTTP/1.1 400 Bad Request\\r\\n\\r\\n", "hold" },
    ["a greeting"] = { "plain:220 hello\\r\\n", "hello", "hold" } }) do
    object = tls.wrap(ssl, tls.peer((table.unpack or unpack)(steps)).port) -- luacheck: ignore 143
    object:settimeout(30)
    check.equal(name, { object:dohandshake() }, { false, "wrong version number" })
    object:close()
end

-- This backend refuses by name the parameters that it does not support.
check.equal("the backend", require("socket.tls").backend, "schannel")
for name, value in pairs({ ciphers = "HIGH", ciphersuites = "TLS_AES_128_GCM_SHA256", curve = "P-256", depth = 3 }) do
    local context, message = ssl.newcontext(tls.client({ [name] = value }))
    check.ok(name .. " is refused by name", not context and message:find(name, 1, true), message)
end
check.done()
