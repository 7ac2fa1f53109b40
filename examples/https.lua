-- HTTPS, and what verification means:  luasocket examples/https.lua URL [CAFILE]
-- CAFILE: a PEM file of authorities to trust instead of the system's, for servers of your own.
local http = require("socket.http")
local ltn12 = require("ltn12")
local socket = require("socket")
local ssl = require("ssl")
local url = require("socket.url")

local address, cafile = ...
local parts = assert(url.parse((assert(address, "usage: https.lua URL [CAFILE]"))))

-- A request. The fourth result of a failure says what was wrong with the certificate.
local sink, body = ltn12.sink.table()
local ok, code, _, why = http.request({ url = address, cafile = cafile, sink = sink })
if not ok then
    print("refused: " .. code .. (why and ", " .. why or ""))
    os.exit(1)
end
print(code, #table.concat(body) .. " bytes")

-- The same by hand, to look at the connection.
local tcp = socket.tcp()
tcp:settimeout(10)
assert(tcp:connect(parts.host, parts.port or 443))
local conn = assert(ssl.wrap(tcp, { mode = "client", protocol = "any", verify = "peer", cafile = cafile }))
conn:settimeout(10)
conn:sni(parts.host)
assert(conn:dohandshake())
local certificate = conn:getpeercertificate()
print(conn:info("protocol"), conn:info("cipher"))
for _, part in ipairs(certificate:subject()) do print(part.name, part.value) end
print("valid until " .. certificate:notafter())
conn:close()
