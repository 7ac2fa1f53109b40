-- The cost of requests with module `http`, in one process:
--     lua benches/client.lua URL [HTTPS_URL CAFILE [GZIP_URL]]
-- URL and HTTPS_URL must lead to a file of 1 KB, GZIP_URL to a large body that the server sends with `Content-Encoding:
-- gzip`. Prints the CPU time of this process per request, the best of five. For comparison, `client_floor.c` measures
-- the same traffic without Lua.
local http = require("http")
local old = require("socket.http")
local ltn12 = require("ltn12")

local plain, secure, cafile, zipped = ...
if not plain then
    io.stderr:write("usage: client.lua URL [HTTPS_URL CAFILE [GZIP_URL]]\n")
    os.exit(1)
end

local function best(count, f)
    local least = math.huge
    for _ = 1, 5 do
        collectgarbage()
        local start = os.clock()
        for _ = 1, count do f() end
        least = math.min(least, (os.clock() - start) / count)
    end
    return least
end

local function row(name, count, f)
    f()
    print(("%-44s %8.1f µs"):format(name, best(count, f) * 1e6))
end

local function get(url, options)
    return function()
        local response, message = http.get(url, options)
        assert(response and response.ok, message)
    end
end

row("http.get, kept", 5000, get(plain))
row("http.get with a time limit, kept", 5000, get(plain, { timeout = 30 }))
row("http.get, a new connection each", 1000, get(plain, { pool = false }))
row("socket.http, pool = true", 5000, function() assert(old.request({ url = plain, pool = true, sink = ltn12.sink.null() })) end)
row("socket.http, a new connection each", 1000, function() assert(old.request({ url = plain, sink = ltn12.sink.null() })) end)
if secure and secure ~= "" then
    row("http.get, https, kept", 3000, get(secure, { tls = { cafile = cafile } }))
    row("http.get, https, a new connection each", 100, get(secure, { tls = { cafile = cafile }, pool = false }))
end
if zipped then
    local size = 0
    local function count(piece)
        size = size + (piece and #piece or 0)
        return 1
    end
    assert(http.get(zipped, { sink = count }))
    local whole = size
    print(("%-44s %8.0f MB/s"):format("gzip to a sink", whole / best(1, get(zipped, { sink = count })) / 1e6))
end
