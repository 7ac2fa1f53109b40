-- Goes through an HTTP proxy, for http and https URLs:  luasocket examples/proxy.lua PROXY URL [CAFILE]
-- To an https server the proxy only passes bytes on: it sees the host's name and nothing of the request.
local http = require("socket.http")
local ltn12 = require("ltn12")

local proxy, address, cafile = ...
assert(address, "usage: proxy.lua PROXY URL [CAFILE]")

-- `http.PROXY = proxy` would do it for all requests of the program.
local sink, chunks = ltn12.sink.table()
local ok, code, headers = http.request({ url = address, proxy = proxy, cafile = cafile, sink = sink })
if not ok then error(code, 0) end
print(code, headers.via or "no trace of a proxy")
io.write(table.concat(chunks))
