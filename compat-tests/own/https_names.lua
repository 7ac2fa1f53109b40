-- needs: certs, python3
-- Tests which certificates match a host, for every notation of the host. Numbers refer to tls.md.
local check = require("check")
local tls = require("tls")
local https = require("socket.https")
local http = require("socket.http")

https.cfg.cafile = tls.certificates .. "ca.crt"
local MISMATCH = { nil, "certificate verify failed", "hostname mismatch" }
local WRONG_ADDRESS = { nil, "certificate verify failed", "IP address mismatch" }
local IMPOSSIBLE = { nil, "invalid host name" }
local GOOD = { "hello tls", 200 }

-- A proxy connects every name to the server with this certificate, so the names need not exist.
local proxy
local function start(certificate)
    local server = tls.peer("cert=" .. certificate, "tls", "request", "page", "notify", "hold")
    proxy = "http://127.0.0.1:" .. tls.peer("connect:" .. server.port).port
end

local function expect(number, host, expected)
    for name, module in pairs({ https = https, http = http }) do
        http.PROXY = proxy
        local body, code, _, detail = module.request("https://" .. host .. "/")
        http.PROXY = nil
        check.equal(number .. " " .. host .. ", " .. name, { body, code, not body and detail or nil }, expected)
    end
end

start("wildcard")
for _, host in ipairs({ "a.tls.test", "A.TLS.TEST", "a.tls.test.", "a.TLS.test:443", "u:p@a.tls.test", "b\195\188cher.tls.test",
    "\239\188\161.tls.test" }) do
    expect("11", host, GOOD)
end
for _, host in ipairs({ "a.b.tls.test", "tls.test", "a.tls.test..", "xtls.test", "a.tls.test.evil.test", "evil.test", "127.0.0.1",
    "127.1", "[::1]" }) do
    expect("12", host, (host == "127.0.0.1" or host == "[::1]") and WRONG_ADDRESS or MISMATCH)
end
-- OpenSSL treats a leading dot as "any subdomain"
expect("12", ".tls.test", IMPOSSIBLE)
expect("12", "..tls.test", IMPOSSIBLE)

start("good")
for _, host in ipairs({ "localhost", "LOCALHOST", "localhost.", "127.0.0.1", "[::1]", "[0:0:0:0:0:0:0:1]", "[::1%lo]" }) do
    expect("5", host, GOOD)
end
for _, host in ipairs({ "127.1", "127.0.0.01", "0x7f.0.0.1", "2130706433" }) do expect("5 another way to write it", host, MISMATCH) end
for _, host in ipairs({ "127.0.0.2", "[::2]", "[::ffff:127.0.0.1]" }) do expect("7", host, WRONG_ADDRESS) end

start("dns-only")
expect("7", "localhost", GOOD)
expect("7", "127.0.0.1", WRONG_ADDRESS)
start("ip-as-dns")
expect("10", "127.0.0.1", WRONG_ADDRESS)

check.done()
