-- needs: certs
-- Parameters that only OpenSSL has are refused by name where the system has another TLS library (tls.md, section 2).
local check = require("check")
local config = require("socket.tls_config")
local native = require("socket.native")("socket_tls_core")
local tls = require("tls")

local CERTS = tls.certificates
local GOOD = { certificate = CERTS .. "good.pem", key = CERTS .. "good.key" }
-- the native functions of such a system, as far as they decide this
local lacking = setmetatable({ complete = false, backend = "other" }, { __index = native })

local function message(mode, changes)
    local cfg = { mode = mode, protocol = "any", cafile = CERTS .. "ca.crt" }
    if mode == "server" then cfg.certificate, cfg.key = GOOD.certificate, GOOD.key end
    for name, value in pairs(changes) do cfg[name] = value end
    local context, why = config.newcontext(lacking, cfg)
    check.equal("no context", context, nil)
    return why
end

local function refused(mode, changes, name)
    check.equal(mode .. ": " .. name, message(mode, changes), name .. " not supported by this TLS backend")
end

for _, mode in ipairs({ "client", "server" }) do
    refused(mode, { depth = 1 }, "depth")
    refused(mode, { ciphers = "HIGH" }, "ciphers")
    refused(mode, { ciphersuites = "TLS_AES_128_GCM_SHA256" }, "ciphersuites")
    refused(mode, { curve = "secp384r1" }, "curve")
    refused(mode, { curveslist = "P-256" }, "curveslist")
    refused(mode, { dhparam = print }, "dhparam")
    refused(mode, { psk = print }, "psk")
    refused(mode, { dane = true }, "dane")
    refused(mode, { keylog = true }, "keylog")
    refused(mode, { certificates = { GOOD, GOOD } }, "several certificates")
    check.equal(mode .. ": verifyext", message(mode, { verifyext = "crl_check" }),
        "verifyext not supported by this TLS backend (crl_check)")
end
refused("server", { alpn = print }, "ALPN callback")
refused("server", { verify = "peer" }, "client certificate verification")
check.equal("server: TLS 1.3", message("server", { protocol = "tlsv1_3" }), "protocol not supported by this TLS backend (tlsv1_3)")

-- a key of another certificate, with the library's own functions
local function pair(certificate, key)
    local context, why = config.newcontext(native, {
        mode = "server", protocol = "any", certificate = CERTS .. certificate, key = CERTS .. key,
    })
    return context ~= nil or why
end
local MISMATCH = "private key does not match public key"
check.equal("RSA", pair("good.pem", "good.key"), true)
check.equal("EC", pair("good-ec.pem", "good-ec.key"), true)
check.equal("another RSA key", pair("good.pem", "rich.key"), MISMATCH)
check.equal("another EC key", pair("mismatch.pem", "mismatch.key"), MISMATCH)
check.equal("a key of another kind", pair("good.pem", "good-ec.key"), MISMATCH)
if not tls.is_complete() then
    for name, why in pairs({
        ["good-enc.key"] = "encrypted keys are not supported by this TLS backend",
        ["good-pkcs1.key"] = "expected PKCS#8 PEM", ["good.pfx"] = "expected PKCS#8 PEM",
    }) do
        check.equal(name, pair("good.pem", name), "error loading private key (" .. why .. ")")
    end
    check.equal("DER", pair("good.der", "good.key"), "error loading certificate (no start line)")
    check.equal("PKCS#12", pair("good.pfx", "good.key"), "error loading certificate (no start line)")
end

check.done()
