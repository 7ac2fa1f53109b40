-- socket.http and ssl.https: whole requests, each on a new connection.
local measure = require("measure")
local http = require("socket.http")
local ltn12 = require("ltn12")

local ROUTES = {
    nginx = function() return "http://127.0.0.1:" .. measure.setting("HTTP_PORT") end,
    peer = function() return "http://127.0.0.1:" .. measure.setting("PORT") end,
    tls = function() return "https://localhost:" .. measure.setting("HTTPS_PORT") end,
}

-- The TLS parameters for both libraries, so that both verify the server's certificate.
local function with_tls(request)
    request.protocol, request.verify, request.cafile = "any", "peer", measure.setting("CA")
    return request
end

-- Counts the bytes and keeps nothing.
local function counting_sink()
    local total = 0
    return function(chunk)
        total = total + #(chunk or "")
        return 1
    end, function() return total end
end

local function download(request, expected)
    local sink, total = counting_sink()
    local transfer = request.verify and require("ssl.https").request or http.request
    request.sink = sink
    return function()
        local ok, status = transfer(request)
        assert(ok and status == 200, status)
        assert(total() == expected, "short body")
    end, expected
end

local cases = {}

-- The bare loops: the pieces that `next_piece` of the C library `floor` returns go into the same sink.
local function bare(port, path, next_piece, expected)
    local floor = require("floor")
    local sink, total = counting_sink()
    return function()
        floor.open(port, path)
        local receive = floor[next_piece]
        repeat
            local chunk = receive()
            sink(chunk)
        until not chunk
        assert(total() == expected, "short body")
    end, expected
end

function cases.floor_download(total)
    return bare(measure.setting("HTTP_PORT"), "/100m", "piece", total)
end

function cases.floor_chunked(total, size)
    return bare(measure.setting("PORT"), ("/chunked/%d/%d"):format(total, size), "chunk", total)
end

-- Many requests for a small file.
local function small(url, count)
    return function()
        for _ = 1, count do
            local body, status = http.request(url)
            assert(status == 200 and #body == 1024, status)
        end
    end, count
end

function cases.small(count)
    return small(ROUTES.nginx() .. "/1k", count)
end

-- The same with a name that must be looked up.
function cases.named(count)
    return small(("http://localhost:%s/1k"):format(measure.setting("HTTP_PORT")), count)
end

function cases.download(total)
    return download({ url = ROUTES.nginx() .. "/100m" }, total)
end

function cases.string(total)
    local url = ROUTES.nginx() .. "/100m"
    return function()
        local body, status = http.request(url)
        assert(status == 200 and #body == total, status)
    end, total
end

function cases.chunked(total, size)
    return download({ url = ("%s/chunked/%d/%d"):format(ROUTES.peer(), total, size) }, total)
end

function cases.post(size, count)
    local url, body = ROUTES.peer() .. "/", ("x"):rep(size)
    return function()
        for _ = 1, count do
            local _, status = http.request(url, body)
            assert(status == 200, status)
        end
    end, size * count
end

-- The time per header line: the responses contain only header lines.
function cases.headers(lines, count)
    -- longer than luasocket-rs accepts by default
    http.MAXHEADERSIZE = math.huge
    local url = ("%s/headers/%d"):format(ROUTES.peer(), lines)
    return function()
        for _ = 1, count do
            local _, status, headers = http.request(url)
            assert(status == 200 and headers["x-field-" .. (lines - 1)])
        end
    end, lines * count
end

local function request_over_tls()
    local body = {}
    local ok, status = require("ssl.https").request(with_tls({
        url = ROUTES.tls() .. "/1k",
        sink = ltn12.sink.table(body),
    }))
    assert(ok and status == 200, status)
    assert(#table.concat(body) == 1024)
end

-- The first request of a process, which initializes TLS.
function cases.tls_first()
    return request_over_tls, 1
end

function cases.tls_small(count)
    request_over_tls()
    return function()
        for _ = 1, count do
            request_over_tls()
        end
    end, count
end

function cases.tls_download(total)
    request_over_tls()
    return download(with_tls({ url = ROUTES.tls() .. "/100m" }), total)
end

measure.run(cases)
