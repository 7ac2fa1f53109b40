-- needs: certs, python3, openssl
-- Certificate verification: every kind of certificate, over https.request. Numbers refer to tls.md's scenarios.
local check = require("check")
local tls = require("tls")
local https = require("socket.https")
local http = require("socket.http")
local socket = require("socket")
local ssl = require("socket.tls")

local CERTS = tls.certificates
local CA = CERTS .. "ca.crt"
local FAILED = "certificate verify failed"

-- One connection for each case, in this order.
local peer, port
local function start(certificates, ...)
    peer = tls.peer("cert=" .. certificates, ...)
    port = peer.port
end

-- A request to a server with these parameters. Returns the outcome as one word: 200, or the message and detail.
local function get(host, changes, request)
    local chunks = {}
    local reqt = { url = "https://" .. host .. ":" .. port .. "/", cafile = CA, sink = function(chunk)
        chunks[#chunks + 1] = chunk
        return 1
    end }
    for name, value in pairs(changes or {}) do reqt[name] = value end
    if reqt.cafile == "" then reqt.cafile = nil end
    local ok, code, headers, detail = (request or https.request)(reqt)
    if ok then return code .. " " .. table.concat(chunks) end
    return code .. (detail and ": " .. detail or "") .. (headers and " with headers" or "")
end

local GOOD = "200 hello tls"
local function good(name, host, changes) check.equal(name, get(host, changes), GOOD) end
local function bad(name, host, why, changes) check.equal(name, get(host, changes), FAILED .. ": " .. why) end

local PAGE = { "tls", "request", "page", "notify", "hold" }
local unpack = unpack or table.unpack

start("good", unpack(PAGE))
good("1 good", "localhost")
check.equal("1 good, http.request", get("localhost", nil, http.request), GOOD)
good("1 good-ec's authority too", "localhost", { cafile = CERTS .. "two-roots.pem" })
bad("3 not among the system's", "localhost", "unable to get local issuer certificate", { cafile = "" })
check.equal("3 http.request", get("localhost", { cafile = "" }, http.request), FAILED .. ": unable to get local issuer certificate")
good("4 verify none", "localhost", { cafile = "", verify = "none" })
good("4 verify false", "localhost", { cafile = "", verify = false })
bad("fails closed: an empty list", "localhost", "unable to get local issuer certificate", { cafile = "", verify = {} })
bad("fails closed: none and peer", "localhost", "unable to get local issuer certificate", { cafile = "", verify = { "none", "peer" } })
good("5 by address", "127.0.0.1")
good("a name in capitals", "LOCALHOST")
good("30 capath", "localhost", { cafile = "", capath = CERTS .. "capath" })
good("30 several", "localhost", { cafile = "", capath = CERTS .. "empty:" .. CERTS .. "missing:" .. CERTS .. "capath" })
bad("30 empty capath", "localhost", "unable to get local issuer certificate", { cafile = "", capath = CERTS .. "empty" })
bad("30 missing capath", "localhost", "unable to get local issuer certificate", { cafile = "", capath = CERTS .. "missing" })

https.VERIFY = "none"
good("Δ1 https.VERIFY", "localhost", { cafile = "" })
check.equal("Δ1 https.VERIFY, http.request", get("localhost", { cafile = "" }, http.request), GOOD)
bad("Δ1 a request takes precedence over https.VERIFY", "localhost", "unable to get local issuer certificate",
    { cafile = "", verify = "peer" })
https.VERIFY = nil
https.cfg.verify = "none"
good("https.cfg.verify", "localhost", { cafile = "" })
https.VERIFY = "peer"
bad("https.VERIFY takes precedence over https.cfg", "localhost", "unable to get local issuer certificate", { cafile = "" })
https.VERIFY, https.cfg.verify = nil, "peer"
https.cfg.cafile = CA
good("https.cfg.cafile", "localhost", { cafile = "" })
local body, code, _, status = https.request("https://localhost:" .. port .. "/")
check.equal("https.cfg.cafile, string form", { body, code, status }, { "hello tls", 200, "HTTP/1.1 200 OK" })
bad("a request's capath takes precedence over https.cfg.cafile", "localhost", "unable to get local issuer certificate",
    { cafile = "", capath = CERTS .. "empty" })
https.cfg.cafile, https.cfg.capath = nil, CERTS .. "capath"
bad("a request's cafile takes precedence over https.cfg.capath", "localhost", "unable to get local issuer certificate",
    { cafile = CERTS .. "otherca.crt" })
https.cfg.capath = nil

start("good", "ip=::1", unpack(PAGE))
good("6 by IPv6 address", "[::1]")

start("dns-only,wrong-host,wrong-host,wrong-host,ip-as-dns,cn-only", unpack(PAGE))
bad("7 dns-only", "127.0.0.1", "IP address mismatch")
bad("8 wrong-host", "localhost", "hostname mismatch")
good("9 verifyhost=false", "localhost", { verifyhost = false })
good("verify none of a wrong host", "localhost", { verify = "none" })
bad("10 ip-as-dns", "127.0.0.1", "IP address mismatch")
local common_name = get("localhost")
check.ok("13 cn-only", common_name == GOOD or common_name:find(FAILED, 1, true), common_name)

local refused = {
    { "14", "expired", "certificate has expired" },
    { "14", "notyet", "certificate is not yet valid" },
    { "15", "self-signed", "self-signed certificate" },
    { "17", "untrusted", "unable to get local issuer certificate" },
    { "17", "untrusted-root", "self-signed certificate in certificate chain" },
    { "19", "chain-missing", "unable to get local issuer certificate" },
    { "20", "old-inter", "certificate has expired" },
    { "20", "old-root", "unable to get local issuer certificate" },
    { "20", "not-ca", "invalid CA certificate" },
    { "20", "path-len", "path length constraint exceeded" },
    { "20", "name-con", "permitted subtree violation" },
    { "21", "purpose", "unsuitable certificate purpose" },
    { "21", "bad-ku", "unsuitable certificate purpose" },
    { "21", "critical", "unhandled critical extension" },
    { "22", "weak-key", "EE certificate key too weak" },
    { "22", "weak-sig", "CA signature digest algorithm too weak" },
    { "25", "bad-signature", "certificate signature failure" },
}
local names = {}
for _, case in ipairs(refused) do
    for _ = 1, 4 do names[#names + 1] = case[2] end
end
start(table.concat(names, ","), unpack(PAGE))
for _, case in ipairs(refused) do
    bad(case[1] .. " " .. case[2], "localhost", case[3])
    good(case[1] .. " " .. case[2] .. ", verify none", "localhost", { verify = "none" })
    check.equal(case[1] .. " " .. case[2] .. ", http.request", get("localhost", nil, http.request), FAILED .. ": " .. case[3])
    check.equal(case[1] .. " " .. case[2] .. ", http.request, verify none", get("localhost", { verify = "none" }, http.request), GOOD)
end

start("self-signed,untrusted,chain,chain-root,chain-disorder,rich,good-ec,revoked", unpack(PAGE))
good("16 self-signed, itself trusted", "localhost", { cafile = CERTS .. "self-signed.crt" })
good("18 untrusted, with two roots", "localhost", { cafile = CERTS .. "two-roots.pem" })
for _, name in ipairs({ "19 chain", "19 chain-root", "19 chain-disorder", "rich", "good-ec", "23 revoked" }) do
    good(name, "localhost")
end

start("good", unpack(PAGE))
-- Each way to give a parameter. It is refused even when verification is off.
local function refused_everywhere(name, value, message)
    for _, verify in ipairs({ "peer", "none" }) do
        if name == "verify" then verify = value end
        local fields = { verify = verify, [name] = value }
        local label = "3.1.8 refused, not ignored: " .. name
        check.equal(label .. ", https.request", get("localhost", fields), message)
        check.equal(label .. ", http.request", get("localhost", fields, http.request), message)
        https.cfg[name], fields[name] = value, nil
        check.equal(label .. ", https.cfg", get("localhost", fields), message)
        https.cfg[name] = name == "verify" and "peer" or nil
        for _, mode in ipairs(name == "verify" and { "client" } or { "client", "server" }) do
            local cfg = { mode = mode, protocol = "any", [name] = value, verify = mode == "client" and verify or nil }
            check.equal(label .. ", newcontext, " .. mode, { ssl.newcontext(cfg) }, { nil, message })
            local tcp = socket.tcp4()
            check.equal(label .. ", wrap, " .. mode, { ssl.wrap(tcp, cfg) }, { nil, message })
            check.ok(label .. ", wrap leaves the socket alone", tcp:getfd() >= 0)
            tcp:close()
        end
    end
end
local complete = tls.is_complete()
for name, message in pairs(complete and {
    ciphers = "error setting cipher list (no cipher match)",
    ciphersuites = "error setting cipher list (no cipher match)",
    curve = "elliptic curve 'x' not supported",
    curveslist = "unknown elliptic curve in \"x\"",
    psk = "invalid PSK configuration",
    dhparam = "invalid DH parameter type",
    verifyext = "invalid verify option (x)",
} or {
    ciphers = "ciphers not supported by this TLS backend",
    ciphersuites = "ciphersuites not supported by this TLS backend",
    curve = "curve not supported by this TLS backend",
    curveslist = "curveslist not supported by this TLS backend",
    psk = "invalid PSK configuration",
    dhparam = "invalid DH parameter type",
    verifyext = "invalid verify option (x)",
}) do
    refused_everywhere(name, "x", message)
end
refused_everywhere("verify", { "peer", "bogus" }, "invalid verify option (bogus)")
refused_everywhere("options", { "no_tlsv1_2", "no_tlsv1_3" }, "no protocols available")
local LACKING = not complete and "verifyext not supported by this TLS backend (crl_check)"
check.equal("24 crl_check", get("localhost", { verifyext = "crl_check", cafile = CERTS .. "ca-with-crl.pem" }), LACKING or "200 hello tls")
check.equal("24 crl_check without a list", get("localhost", { verifyext = "crl_check" }),
    LACKING or "certificate verify failed: unable to get certificate CRL")
check.equal("D8 protocol", get("localhost", { protocol = "bogus" }), "invalid protocol (bogus)")
check.equal("D8 option", get("localhost", { options = "bogus" }), "invalid option (bogus)")
check.equal("D8 verify", get("localhost", { verify = "bogus" }), "invalid verify option (bogus)")
check.ok("29 no such cafile", get("localhost", { cafile = CERTS .. "missing" }):find("^error loading CA locations %("))
check.ok("29 garbage as cafile", get("localhost", { cafile = CERTS .. "garbage.pem" }):find("^error loading CA locations %("))
check.ok("29 empty cafile", get("localhost", { cafile = CERTS .. "empty.pem" }):find("^error loading CA locations %("))

-- 28: a request line never reaches an untrusted server
start("untrusted", "tls", "swallow")
bad("28 untrusted", "localhost", "unable to get local issuer certificate")
check.ok("28 nothing was said", peer.output:read("*l"):find("^failed"))

-- a certificate with a client's key
start("good", "client=ca.crt", "max=1.2", unpack(PAGE))
good("71 with a client certificate", "localhost", { key = CERTS .. "client.key", certificate = CERTS .. "client.pem" })
check.equal("71 without", get("localhost"), "sslv3 alert handshake failure")
https.cfg.certificates = { { key = CERTS .. "client-untrusted.key", certificate = CERTS .. "client-untrusted.pem" } }
good("71 a request's key takes precedence over https.cfg.certificates", "localhost",
    { key = CERTS .. "client.key", certificate = CERTS .. "client.pem" })
https.cfg.certificates = nil

-- 2: the system's authorities, which the TLS library reads once per process
start("good", unpack(PAGE))
local program = os.tmpname()
local file = assert(io.open(program, "w"))
file:write(("print((require('socket.http').request('https://localhost:%d/')))\n"):format(port))
file:close()
local function by_system(authority)
    local process = io.popen("SSL_CERT_FILE='" .. CERTS .. authority .. "' " .. (os.getenv("COMPAT_LUA") or "lua") .. " " .. program)
    local line = process:read("*l")
    process:close()
    return line
end
check.equal("2 among the system's authorities", by_system("ca.crt"), "hello tls")
check.equal("3 not among them", by_system("otherca.crt"), "nil")

if not complete then
    -- native-tls looks for the system's authorities once per process
    os.remove(program)
    return check.done()
end

-- a long-running process uses the system's current authorities
local bundle = os.tmpname()
file = assert(io.open(program, "w"))
file:write(([[
local certificates, bundle = %q, %q
local http = require("socket.http")
for _, name in ipairs({ "otherca.crt", "ca.crt", "otherca.crt" }) do
    local from, to = assert(io.open(certificates .. name, "rb")), assert(io.open(bundle .. ".new", "wb"))
    to:write(from:read("*a"))
    from:close()
    to:close()
    assert(os.rename(bundle .. ".new", bundle))
    io.write(tostring((http.request("https://localhost:%d/"))), ";")
end
]]):format(CERTS, bundle, port))
file:close()
local process = io.popen("SSL_CERT_FILE='" .. bundle .. "' " .. (os.getenv("COMPAT_LUA") or "lua") .. " " .. program)
check.equal("2 the system's bundle is replaced", process:read("*a"), "nil;hello tls;nil;")
process:close()
os.remove(bundle)

-- and those of the directory that SSL_CERT_DIR names, also when a file is written into
local hashing = assert(io.popen("openssl x509 -hash -noout -in '" .. CA .. "'"))
local hash = hashing:read("*l")
hashing:close()
local directory = os.tmpname()
os.remove(directory)
os.execute("mkdir '" .. directory .. "'")
file = assert(io.open(program, "w"))
file:write(([[
local certificates, path = %q, %q
local http = require("socket.http")
local gettime, sleep = require("socket").gettime, require("socket").sleep
local function trusted() return http.request("https://localhost:%d/") == "hello tls" end
for _, name in ipairs({ "ca.crt", "otherca.crt", "ca.crt" }) do
    local from, to = assert(io.open(certificates .. name, "rb")), assert(io.open(path, "wb"))
    to:write(from:read("*a"))
    from:close()
    to:close()
    local deadline, expected = gettime() + 60, name == "ca.crt"
    while trusted() ~= expected and gettime() < deadline do sleep(0.05) end
    io.write(tostring(trusted()), ";")
end
]]):format(CERTS, directory .. "/" .. hash .. ".0", port))
file:close()
process = io.popen("SSL_CERT_FILE=/dev/null SSL_CERT_DIR='" .. directory .. "' " .. (os.getenv("COMPAT_LUA") or "lua") .. " " .. program)
check.equal("2 a file of SSL_CERT_DIR is written into", process:read("*a"), "true;false;true;")
process:close()
os.execute("rm -r '" .. directory .. "'")
os.remove(program)

check.done()
