-- needs: certs
-- Parameters of newcontext: accepted values, and the exact messages for refused ones.
local show = require("show")
local ssl = require("ssl")

local CERTS = os.getenv("COMPAT_CERTS") .. "/"

local function config(changes)
    local cfg = { mode = "client", protocol = "any", verify = "none" }
    for name, value in pairs(changes) do cfg[name] = value end
    return cfg
end

local function try(label, changes)
    local ok, context, message = pcall(ssl.newcontext, config(changes))
    if not ok then return print(label .. " raises: " .. show.without_position(context)) end
    print(label .. ": " .. tostring(context and true) .. ", " .. tostring(message))
end

-- The text in brackets comes from the TLS library.
local function try_prefix(label, changes)
    local context, message = ssl.newcontext(config(changes))
    print(label .. ": " .. tostring(context and true) .. ", " .. tostring(message):gsub("%(.*", "("))
end

-- The raised error without the function's name, which depends on LuaSec's internal calls.
local function raises(label, ...)
    local ok, message = pcall(...)
    print(label .. " raises: " .. tostring(not ok) .. ", " .. tostring(message):gsub("^.*bad argument #%d to '.-' ", ""))
end

show("A1 functions", type(ssl.newcontext), type(ssl.wrap), type(ssl.loadcertificate), ssl.checkcert)
local protocols, options = {}, {}
for name in pairs(ssl.config.protocols) do protocols[#protocols + 1] = name end
for name in pairs(ssl.config.options) do options[#options + 1] = name end
table.sort(protocols)
table.sort(options)
show("A2 protocols", protocols)
show("A2 options", options)
show("A2 alpn", ssl.config.capabilities.alpn)

for _, protocol in ipairs({ "any", "sslv23", "tlsv1_2", "tlsv1_3", "sslv3", "bogus", "" }) do
    try("A9 protocol " .. protocol, { protocol = protocol })
end
show.raise("A9 no protocol", ssl.newcontext, { mode = "client" })
show.raise("A9 protocol is a table", ssl.newcontext, { mode = "client", protocol = {} })
show.raise("A10 no mode", ssl.newcontext, { protocol = "any" })
try("A10 server", { mode = "server" })

local function keys(label, changes)
    try("A11-A14 " .. label, changes)
end
keys("key and certificate", { key = CERTS .. "good.key", certificate = CERTS .. "good.pem" })
keys("key alone", { key = CERTS .. "good.key" })
keys("certificate alone", { certificate = CERTS .. "good.pem" })
for _, name in ipairs({ "good-pkcs1.key", "good-text.key", "good-both.pem" }) do
    keys(name, { key = CERTS .. name, certificate = CERTS .. "good.pem" })
end
for _, name in ipairs({ "good-enc.key", "good-pkcs1-enc.key" }) do
    keys(name, { key = CERTS .. name, certificate = CERTS .. "good.pem", password = "secret" })
    keys(name .. ", function", { key = CERTS .. name, certificate = CERTS .. "good.pem", password = function() return "secret" end })
    try_prefix("A11 " .. name .. ", wrong password", { key = CERTS .. name, password = "wrong" })
end
keys("good-ec-sec1.key", { key = CERTS .. "good-ec-sec1.key", certificate = CERTS .. "good-ec.pem" })
keys("one file for both", { key = CERTS .. "good-both.pem", certificate = CERTS .. "good-both.pem" })
keys("a list of one", { certificates = { { key = CERTS .. "good.key", certificate = CERTS .. "good.pem" } } })
keys("mismatch", { key = CERTS .. "mismatch.key", certificate = CERTS .. "mismatch.pem" })
try("A12 password of a wrong type", { key = CERTS .. "good.key", password = 1 })
try("A12 password is a table", { key = CERTS .. "good-enc.key", password = {} })
for _, name in ipairs({ "garbage.pem", "empty.pem" }) do
    try("A13 " .. name, { certificate = CERTS .. name })
    try_prefix("A11 " .. name, { key = CERTS .. name })
end
try_prefix("A13 missing", { certificate = CERTS .. "missing" })
try_prefix("A11 missing", { key = CERTS .. "missing" })
try("A13 weak", { certificate = CERTS .. "weak-key.pem", key = CERTS .. "weak-key.key" })

for _, name in ipairs({ "ca.crt", "two-roots.pem", "ca-with-crl.pem" }) do try("A17 " .. name, { cafile = CERTS .. name }) end
for _, name in ipairs({ "missing", "garbage.pem", "empty.pem" }) do try_prefix("A17 " .. name, { cafile = CERTS .. name }) end
for _, name in ipairs({ "capath", "empty", "missing" }) do try("A17 capath " .. name, { capath = CERTS .. name }) end
show.raise("A17 a table", ssl.newcontext, config({ cafile = {} }))

for _, verify in ipairs({ "none", "peer", "client_once", "fail_if_no_peer_cert", "maybe", "" }) do
    try("A18 verify " .. verify, { verify = verify })
end
try("A18 a list", { verify = { "peer", "fail_if_no_peer_cert" } })
try("A18 a list with a wrong one", { verify = { "peer", "maybe" } })
try("A18 false", { verify = false })
try("A18 empty", { verify = {} })
raises("A18 true", ssl.newcontext, config({ verify = true }))
try("A19 verifyext", { verifyext = "bogus" })

try("A20 one", { options = "all" })
try("A20 list", { options = { "all", "no_sslv3", "no_tlsv1", "no_ticket", "no_compression", "single_dh_use" } })
try("A20 bogus", { options = "bogus" })
try("A20 bogus in a list", { options = { "all", "bogus" } })
raises("A20 true", ssl.newcontext, config({ options = true }))
show.raise("A21 depth of a wrong type", ssl.newcontext, config({ depth = "x" }))
try("A25 dhparam of a wrong type", { dhparam = 1 })

try("A26 string", { alpn = "h2" })
try("A26 list", { alpn = { "h2", "http/1.1" } })
try("A26 number", { alpn = 1 })
try("A26 empty string", { alpn = "" })
try("A26 empty list", { alpn = {} })
try("A26 too long", { alpn = ("x"):rep(256) })
try("A26 longest", { alpn = ("x"):rep(255) })
try("A26 no string in the list", { alpn = { "h2", {} } })
try("A27 server, string", { mode = "server", alpn = "h2" })
try("A27 server, list", { mode = "server", alpn = { "h2" } })
try("A30 unknown keys", { bogus = 1, url = "x", sink = print })

show("two errors: protocol first", ssl.newcontext({ protocol = "bogus", mode = "client", verify = "maybe" }))
try_prefix("two errors: key before certificate", { key = CERTS .. "garbage.pem", certificate = CERTS .. "garbage.pem" })
try_prefix("two errors: password before certificate",
    { key = CERTS .. "good-enc.key", password = "wrong", certificate = CERTS .. "garbage.pem" })
try_prefix("two errors: key before CA", { key = CERTS .. "missing", cafile = CERTS .. "missing" })
try_prefix("two errors: CA before verify", { cafile = CERTS .. "missing", verify = "maybe" })
try("two errors: verify before options", { verify = "maybe", options = "bogus" })
try("two errors: options before alpn", { options = "bogus", alpn = 1 })

show("A8 garbage", ssl.loadcertificate("garbage"))
show("A8 empty", ssl.loadcertificate(""))
local function content(name)
    local file = assert(io.open(CERTS .. name, "rb"))
    local text = file:read("*a")
    file:close()
    return text
end
show("A8 DER", ssl.loadcertificate(content("good.der")))
show("A8 a key", ssl.loadcertificate(content("good.key")))
show("A8 no argument", (pcall(ssl.loadcertificate)))
show("A8 key and certificate", tostring(ssl.loadcertificate(content("good-both.pem"))):gsub("0x%x+", "0x"))
