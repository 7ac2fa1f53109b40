-- The cost of requests with module `http`, in one process:
--     lua benches/client.lua URL [HTTPS_URL CAFILE [GZIP_URL]]
-- URL and HTTPS_URL must lead to a file of 1 KB, GZIP_URL to a large body that the server sends with `Content-Encoding:
-- gzip`. Prints the CPU time of this process per request, the best of five, and the peak memory of an upload of 100 MB.
-- Other clients and the C library zlib are measured beside it where they are installed: lcurl, http.request of
-- lua-http, zlib. For comparison, `client_floor.c` measures the same traffic without Lua.
local http = require("http")
local old = require("socket.http")
local ltn12 = require("ltn12")
local socket = require("socket")

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
    print(("%-48s %8.1f µs"):format(name, best(count, f) * 1e6))
end

-- Runs `measure` with a module that may be absent.
local function with(name, measure)
    local ok, module = pcall(require, name)
    if not ok then return print(("%-48s not installed"):format(name)) end
    local fine, problem = pcall(measure, module)
    if not fine then print(("%-48s %s"):format(name, tostring(problem):match("[^\n]*"))) end
end

local function get(url, options)
    return function()
        local response, message = http.get(url, options)
        assert(response and response.ok, message)
    end
end

row("http.get, kept", 5000, get(plain))
row("http.get, kept, with its table of headers", 5000, function()
    local response, message = http.get(plain)
    assert(response and response.headers["Content-Type"], message)
end)
row("http.get with a time limit, kept", 5000, get(plain, { timeout = 30 }))
row("http.get, a new connection each", 1000, get(plain, { pool = false }))
row("socket.http, pool = true", 5000, function() assert(old.request({ url = plain, pool = true, sink = ltn12.sink.null() })) end)
row("socket.http, a new connection each", 1000, function() assert(old.request({ url = plain, sink = ltn12.sink.null() })) end)
if secure and secure ~= "" then
    row("http.get, https, kept", 3000, get(secure, { tls = { cafile = cafile } }))
    row("http.get, https, a resumed handshake each", 100, get(secure, { tls = { cafile = cafile }, pool = false }))
    row("http.get, https, a full handshake each", 100,
        get(secure, { tls = { cafile = cafile, session = false }, pool = false }))
end

-- Other clients, each with one kept connection.
for _, name in ipairs({ "lcurl", "cURL" }) do
    with(name, function(curl)
        local easy = curl.easy()
        row(name .. ", a kept handle", 5000, function()
            local pieces = {}
            easy:setopt({ url = plain, writefunction = function(piece) pieces[#pieces + 1] = piece end })
            easy:perform()
            assert(easy:getinfo_response_code() == 200 and #table.concat(pieces) > 0)
        end)
    end)
end
with("http.request", function(request)
    if not request.new_from_uri then error("not lua-http's") end
    row("lua-http, a new connection each", 1000, function()
        local headers, stream = assert(request.new_from_uri(plain):go(10))
        assert(headers:get(":status") == "200" and stream:get_body_as_string())
        stream:shutdown()
    end)
end)

-- Decoding of gzip.
local function throughput(name, size, f)
    f()
    print(("%-48s %8.0f MB/s"):format(name, size / best(1, f) / 1e6))
end

if zipped then
    local size = 0
    local function count(piece)
        size = size + (piece and #piece or 0)
        return 1
    end
    assert(http.get(zipped, { sink = count }))
    local whole = size
    throughput("gzip to a sink", whole, get(zipped, { sink = count }))
    local packed = assert(http.get(zipped, { decode = false, maxbody = false, headers = { ["Accept-Encoding"] = "gzip" } })).body
    with("zlib", function(zlib)
        throughput("lua-zlib, the same body in pieces of 64 KB", whole, function()
            local inflate = zlib.inflate()
            local got = 0
            for from = 1, #packed, 65536 do got = got + #inflate(packed:sub(from, from + 65535)) end
            assert(got == whole)
        end)
    end)
end

-- Memory of an upload.
local function peak()
    local file = io.open("/proc/self/status")
    local text = file and file:read("*a")
    if file then file:close() end
    return text and tonumber(text:match("VmHWM:%s*(%d+)"))
end

-- Sends a file of this many megabytes to a server in another task, which drops it. Returns the peak memory in KB.
local function upload(megabytes)
    local tasks = require("socket.tasks")
    local path = os.tmpname()
    local file = assert(io.open(path, "wb"))
    local piece = ("x"):rep(1048576)
    for _ = 1, megabytes do file:write(piece) end
    file:close()
    local listener = assert(socket.bind("127.0.0.1", 0))
    local url = ("http://127.0.0.1:%d/"):format((select(2, listener:getsockname())))
    tasks.run(function()
        tasks.start(function()
            local client = listener:accept()
            local length
            repeat
                local line = assert(client:receive())
                length = tonumber(line:lower():match("^content%-length: (%d+)")) or length
            until line == ""
            while length > 0 do length = length - #assert(client:receive({ most = 65536 })) end
            client:send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            client:close()
        end)
        assert(http.post(url, { multipart = { { name = "file", file = path } }, pool = false }))
    end)
    listener:close()
    os.remove(path)
    return peak()
end

if peak() then
    local small, large = upload(1), upload(100)
    print(("%-48s %8d KB more than 1 MB"):format("peak memory of 100 MB as multipart", large - small))
end
