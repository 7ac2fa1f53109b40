-- HTTPS and certificate verification:  luasocket examples/https.lua URL [CAFILE]
-- CAFILE is a PEM file of authorities to trust instead of the system's, for example for your own servers.
local http = require("socket.http")
local ltn12 = require("ltn12")
local socket = require("socket")
local ssl = require("ssl")
local url = require("socket.url")

-- Ends the program with one sentence; `error` would add a traceback.
local function stop(...)
    io.stderr:write(table.concat({ ... }), "\n")
    os.exit(1)
end

local address, cafile = ...
if not address then return stop("usage: https.lua URL [CAFILE]") end
local parts = assert(url.parse(address))
if not parts.host then return stop("https: no host in ", address) end

-- A request. The fourth result of a failure says what is wrong with the certificate.
local sink, body = ltn12.sink.table()
local ok, code, _, why = http.request({ url = address, cafile = cafile, sink = sink })
if not ok then return stop("refused: ", code, why and ", " .. why or "") end
print(code, #table.concat(body) .. " bytes")

-- Some failures have a third result with details.
local function must(result, message, reason)
    if not result then return stop("https: ", message, reason and ", " .. reason or "") end
    return result
end

-- The same, step by step, to inspect the connection.
local tcp = must(socket.tcp())
tcp:settimeout(10)
must(tcp:connect(parts.host, parts.port or 443))
local conn = must(ssl.wrap(tcp, { mode = "client", protocol = "any", verify = "peer", cafile = cafile }))
conn:settimeout(10)
conn:sni(parts.host)
must(conn:dohandshake())
local certificate = conn:getpeercertificate()
print(conn:info("protocol"), conn:info("cipher"))
for _, part in ipairs(certificate:subject()) do print(part.name, part.value) end
print("valid until " .. certificate:notafter())
conn:close()
