-- needs: certs
-- Certificate objects: the fields of several kinds of certificates.
local show = require("show")
local ssl = require("ssl")

local CERTS = os.getenv("COMPAT_CERTS") .. "/"

local function load(name)
    local file = assert(io.open(CERTS .. name, "rb"))
    local text = file:read("*a")
    file:close()
    return (assert(ssl.loadcertificate(text), name))
end

for _, name in ipairs({
    "rich", "good", "good-ec", "ca", "inter", "dns-only", "wildcard", "cn-only", "ip-as-dns", "self-signed", "expired",
    "notyet", "weak-key", "weak-sig", "critical", "client", "bad-signature", "otherca", "chain",
}) do
    local x = load(name .. ".crt")
    show(name .. " C2 subject", x:subject())
    show(name .. " C2 issuer", x:issuer())
    show(name .. " C3 extensions", x:extensions())
    show(name .. " C4 serial", (x:serial():gsub("%x", "x", x:serial():sub(1, 2) == "10" and 0 or nil)))
    show(name .. " C5 dates", x:notbefore(), x:notafter())
    for _, time in ipairs({ 1577836799, 1577836800, 1700000000, 2366841600, 2366841601 }) do
        show(name .. " C6 validat", x:validat(time))
    end
    show(name .. " C7 pem", ssl.loadcertificate(x:pem()):pem() == x:pem(), #x:pem(), x:pem())
    local pem, kind, bits = x:pubkey()
    show(name .. " C8 pubkey", pem, kind, bits)
    show(name .. " C9 digest", x:digest(), x:digest("sha1"), x:digest("sha256"), x:digest("sha512"))
    show(name .. " C10 signature", x:getsignaturename())
end

local x, ca = load("good.crt"), load("ca.crt")
show("C1 tostring", (tostring(x):gsub("0x%x+", "0x")))
show("C9 other algorithm", x:digest("md5"))
show.raise("C9 nil", function() return x:digest(nil) end)
show("C11 issued", ca:issued(x))
show("C11 issued by another", load("otherca.crt"):issued(x))
show("C11 by itself", x:issued(x))
show("C11 expired", ca:issued(load("expired.crt")))
show("C11 with an intermediate", ca:issued(load("chain.crt"), load("inter.crt")))
show("C11 without it", ca:issued(load("chain.crt")))
show("C11 the issuer is no root", load("inter.crt"):issued(load("chain.crt")))
show("C11 bad signature", (ca:issued(load("bad-signature.crt"))))
show("C12 utf8", x:setencode("utf8"), x:subject())
show("C12 ai5", x:setencode("ai5"), x:subject())
show("C12 other", x:setencode("latin1"))
show.raise("C12 nothing", x.setencode, x)
show.raise("C6 nothing", x.validat, x)
show("not a certificate", (pcall(x.subject, io.stdout)))

local function fields(object)
    local meta = getmetatable(object)
    local names = {}
    for name in pairs(meta) do names[#names + 1] = name end
    table.sort(names)
    local functions = {}
    for name, value in pairs(meta.__index) do functions[#functions + 1] = name .. ":" .. type(value) end
    table.sort(functions)
    return names, functions
end
show("metatable of a certificate", fields(x))
