-- needs: certs, openssl
-- Chains with more than one path, because an authority was signed by another one too. A chain is accepted if OpenSSL
-- finds a valid path. The server is s_server.
local check = require("check")
local ssl = require("ssl")
local socket = require("socket")

local NOW, PAST = "20200101000000Z 20450101000000Z", "20100101000000Z 20150101000000Z"

local function run(command)
    local ok = os.execute("{ " .. command .. "; } >>log 2>&1")
    assert(ok == true or ok == 0, command)
end

local function write(name, text)
    local file = assert(io.open(name, "w"))
    file:write(text)
    file:close()
end

local function read(name)
    local file = assert(io.open(name))
    local text = file:read("*a")
    file:close()
    return text
end

write("ca.cnf", "[ca]\ndefault_ca=one\n[one]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\n"
    .. "policy=any\nunique_subject=no\nemail_in_dn=no\n[any]\ncommonName=supplied\n[req]\ndistinguished_name=dn\n[dn]\n")
write("authority.ext", "basicConstraints=critical,CA:true\nkeyUsage=keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n")
write("leaf.ext", "basicConstraints=CA:false\nsubjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n")
write("index.txt", "")
write("serial", "1000\n")

local function request(name)
    run(("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out %s.key"):format(name))
    run(("openssl req -new -config ca.cnf -key %s.key -subj /CN=%s -out %s.csr"):format(name, name, name))
end

-- Makes `out`.pem: the request `name`, signed by the key and the certificate of `issuer`.
local function sign(name, out, issuer, dates, extensions)
    local from, to = dates:match("(%S+) (%S+)")
    local by = issuer == name and "-selfsign -keyfile " .. name .. ".key"
        or ("-cert %s.pem -keyfile %s.key"):format(issuer, issuer)
    run(("openssl ca -batch -notext -config ca.cnf -in %s.csr -out %s.pem %s -startdate %s -enddate %s -extfile %s.ext")
        :format(name, out, by, from, to, extensions))
end

for _, name in ipairs({ "old", "new", "inter", "leaf" }) do request(name) end
sign("old", "old", "old", PAST, "authority")
sign("new", "new", "new", NOW, "authority")
-- the new root, signed by the old one; and one that is signed by a root that is still valid
sign("new", "new-by-old", "old", NOW, "authority")
sign("inter", "inter", "new", NOW, "authority")
sign("leaf", "leaf", "inter", NOW, "leaf")
request("other")
sign("other", "other", "other", NOW, "authority")
sign("new", "new-by-other", "other", NOW, "authority")
sign("new", "new-expired", "new", PAST, "authority")

-- Makes a file of these certificates.
local function bundle(name, certificates)
    local parts = {}
    for i, certificate in ipairs(certificates) do parts[i] = read(certificate .. ".pem") end
    write(name, table.concat(parts))
end

-- Returns the results of a handshake with a server that sends sent.pem after its own certificate. The client trusts
-- trusted.pem.
local function connect()
    local process = io.popen("exec openssl s_server -accept 127.0.0.1:0 -naccept 1 -rev -cert leaf.pem -key leaf.key "
        .. "-cert_chain sent.pem </dev/null 2>&1")
    local line
    repeat line = process:read("*l") until not line or line:find("^ACCEPT")
    local port = assert(line, "s_server"):match(":(%d+)%s*$")
    local object = assert(ssl.wrap(assert(socket.connect("127.0.0.1", tonumber(port))),
        { mode = "client", protocol = "any", verify = "peer", cafile = "trusted.pem" }))
    object:settimeout(20)
    object:sni("localhost")
    local results = { object:dohandshake() }
    object:close()
    process:read("*a")
    process:close()
    return results
end

-- What OpenSSL's own program says of the same chain.
local function openssl()
    local process = io.popen("openssl verify -no-CAfile -no-CApath -no-CAstore -CAfile trusted.pem -untrusted sent.pem "
        .. "-purpose sslserver leaf.pem 2>&1")
    local output = process:read("*a")
    process:close()
    return output:find("leaf.pem: OK", 1, true) ~= nil
end

local ACCEPTED = { true, nil, nil }
local function refused(why) return { false, "certificate verify failed", why } end
local EXPIRED, UNKNOWN = refused("certificate has expired"), "unable to get local issuer certificate"
for _, case in ipairs({
    { "an expired root that signed the new one", { "inter", "new-by-old" }, { "old", "new" }, ACCEPTED },
    { "the same, the other order", { "inter", "new-by-old" }, { "new", "old" }, ACCEPTED },
    { "the new root alone", { "inter", "new-by-old" }, { "new" }, ACCEPTED },
    { "the expired root alone", { "inter", "new-by-old" }, { "old" }, EXPIRED },
    { "two cross-signed certificates", { "inter", "new-by-other", "new-by-old" }, { "other" }, ACCEPTED },
    -- OpenSSL 3.0 tries only the first one that the server sent
    { "the same, the one of an unknown root first", { "inter", "new-by-old", "new-by-other" }, { "other" } },
    { "both roots that signed it, one expired", { "inter", "new-by-other", "new-by-old" }, { "old", "other" }, ACCEPTED },
    { "an expired copy of the root, and the root", { "inter" }, { "new-expired", "new" }, ACCEPTED },
    { "an expired copy of the root alone", { "inter" }, { "new-expired" }, EXPIRED },
    { "a root that signed nothing", { "inter", "new-by-old" }, { "other" }, refused(UNKNOWN) },
}) do
    local name, sent, trusted, expected = (table.unpack or unpack)(case) -- luacheck: compat
    bundle("sent.pem", sent)
    bundle("trusted.pem", trusted)
    local got = connect()
    if expected then check.equal(name, got, expected) end
    check.equal(name .. ": as openssl says", openssl(), got[1])
end

check.done()
