-- Requests `/index.html` over HTTP, and over HTTPS with socket.http and, where it exists, ssl.https. The modules named
-- on the command line are required first.
for _, name in ipairs(arg) do require(name) end
local http = require("socket.http")
local ltn12 = require("ltn12")

local plain, status = http.request("http://127.0.0.1:" .. os.getenv("COMPAT_HTTP_PORT") .. "/index.html")
assert(plain, status)
assert(status == 200 and #plain > 0, status)

local requests = { http.request }
local found, https = pcall(require, "ssl.https")
if found then requests[2] = https.request end
for _, request in ipairs(requests) do
    local parts = {}
    local done, code = request({
        url = "https://localhost:" .. os.getenv("COMPAT_HTTPS_PORT") .. "/index.html",
        sink = ltn12.sink.table(parts),
        protocol = "any",
        verify = "peer",
        cafile = os.getenv("COMPAT_CERTS") .. "/ca.crt",
    })
    assert(done, code)
    assert(code == 200 and table.concat(parts) == plain, code)
end
print(1 + #requests .. " requests answered")
