-- The cost of requests with module `http`, and with other clients. `benches/client` runs it.
--
-- A row prints the CPU time of this process for a request, in microseconds, the lowest of seven series. Decoding prints
-- megabytes of output a second. The upload prints by how many KB the peak memory grows from a body of 1 MB to one of 100 MB.
local measure = require("measure")

local row = arg[1]
local count = tonumber(arg[2])
local plain = "http://localhost:" .. measure.setting("HTTP_PORT") .. "/1k"
local secure = "https://localhost:" .. measure.setting("HTTPS_PORT") .. "/1k"
local zipped = "http://localhost:" .. measure.setting("HTTP_PORT") .. "/text"
local tls = { cafile = measure.setting("CA") }

local SERIES = 7

-- The lowest time of a call in seconds.
local function lowest(f)
    f()
    local least = math.huge
    for _ = 1, SERIES do
        collectgarbage()
        collectgarbage()
        local start = os.clock()
        for _ = 1, count do f() end
        least = math.min(least, (os.clock() - start) / count)
    end
    return least
end

local function time(f) return ("%.3f"):format(lowest(f) * 1e6) end

local function get(url, options)
    local http = require("http")
    return time(function()
        local response, message = http.get(url, options)
        assert(response and response.ok, message)
    end)
end

local function request(fields)
    local http, ltn12 = require("socket.http"), require("ltn12")
    return time(function()
        local asked = { url = plain, sink = ltn12.sink.null() }
        for name, value in pairs(fields) do asked[name] = value end
        assert(http.request(asked))
    end)
end

local rows = {}

function rows.get() return get(plain) end

function rows.get_headers()
    local http = require("http")
    return time(function()
        local response, message = http.get(plain)
        assert(response and response.headers["Content-Type"], message)
    end)
end

function rows.get_limit() return get(plain, { timeout = 30 }) end

function rows.get_new() return get(plain, { pool = false }) end

function rows.pool() return request({ pool = true }) end

function rows.request_new() return request({}) end

function rows.https() return get(secure, { tls = tls }) end

function rows.https_resumed() return get(secure, { tls = tls, pool = false }) end

function rows.https_full()
    return get(secure, { tls = { cafile = tls.cafile, session = false }, pool = false })
end

-- Lua-cURLv3 with one handle.
function rows.curl()
    local easy = require("lcurl").easy()
    return time(function()
        local pieces = {}
        easy:setopt({ url = plain, writefunction = function(piece) pieces[#pieces + 1] = piece end })
        easy:perform()
        assert(easy:getinfo_response_code() == 200 and #table.concat(pieces) == 1024)
    end)
end

-- coro-http on luv, which keeps its connection.
function rows.coro_http()
    local uv, coro = require("luv"), require("coro-http")
    local time_of_request, problem
    coroutine.wrap(function()
        local ok, message = pcall(function()
            time_of_request = time(function()
                local head, body = coro.request("GET", plain)
                assert(head.code == 200 and #body == 1024)
            end)
        end)
        problem = not ok and message
        uv.stop()
    end)()
    uv.run()
    return assert(time_of_request, problem)
end

-- lua-http, which makes a connection for each request.
function rows.lua_http()
    local uri = require("http.request").new_from_uri
    return time(function()
        local headers, stream = assert(uri(plain):go(10))
        assert(headers:get(":status") == "200" and stream:get_body_as_string())
        stream:shutdown()
    end)
end

local function speed(size, f) return ("%.1f"):format(size / lowest(f) / 1e6) end

function rows.gzip()
    local http = require("http")
    local size = 0
    local function sink(piece)
        size = size + (piece and #piece or 0)
        return 1
    end
    assert(http.get(zipped, { sink = sink }))
    return speed(size, function() assert(http.get(zipped, { sink = sink })) end)
end

-- The same body in memory, in pieces of 64 KB.
function rows.zlib()
    local zlib = require("zlib")
    local packed = assert(io.open(arg[3], "rb")):read("*a")
    local size
    local function decode()
        local inflate = zlib.inflate()
        size = 0
        for from = 1, #packed, 65536 do size = size + #inflate(packed:sub(from, from + 65535)) end
    end
    decode()
    return speed(size, decode)
end

local MEGABYTE = ("x"):rep(1048576)     -- one for all files, so that this script's garbage does not count

-- Sends a file of this many megabytes to the peer. Returns the peak memory in bytes.
local function upload(megabytes)
    local http = require("http")
    local path = os.tmpname()
    local file = assert(io.open(path, "wb"))
    for _ = 1, megabytes do file:write(MEGABYTE) end
    file:close()
    collectgarbage()
    local url = "http://localhost:" .. measure.setting("PORT") .. "/"
    local response, message = http.post(url, { multipart = { { name = "file", file = path } }, pool = false })
    assert(response and response.ok, message)
    os.remove(path)
    return measure.memory()
end

function rows.upload()
    local small = upload(1)
    return ("%.0f"):format((upload(100) - small) / 1024)
end

print("figure=" .. assert(rows[row], "no such row")())
