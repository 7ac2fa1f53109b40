-- Uses an HTTP proxy, for http and https URLs:  luasocket examples/proxy.lua PROXY URL [CAFILE]
-- For an https URL the proxy only forwards bytes: it sees the host name, but not the request.
local http = require("socket.http")
local ltn12 = require("ltn12")

-- Ends the program with one sentence; `error` would add a traceback.
local function stop(...)
    io.stderr:write(table.concat({ ... }), "\n")
    os.exit(1)
end

local proxy, address, cafile = ...
if not address then return stop("usage: proxy.lua PROXY URL [CAFILE]") end

-- `http.PROXY = proxy` would set it for all requests of the program.
local sink, chunks = ltn12.sink.table()
local ok, code, headers, why = http.request({ url = address, proxy = proxy, cafile = cafile, sink = sink })
if not ok then return stop("proxy: ", code, why and ", " .. why or "") end
print(code, headers.via or "no trace of a proxy")
io.write(table.concat(chunks))
