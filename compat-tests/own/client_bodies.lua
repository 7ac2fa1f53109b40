-- not on: lua5.2, lua5.3, runner-lua5.5
-- needs: python3
-- Module http: bodies received and sent in pieces (client.s.14 to 20, 46 to 48, 50, A.decode, B.body, B.options).
local check = require("check")
local client_peer = require("client_peer")
local http = require("http")
local ltn12 = require("ltn12")
local socket = require("socket")

local server = client_peer.start()
local base = server.base
local packed = client_peer.packed

local failure = client_peer.failure

-- decoding
local r = http.get(base .. "/zip/gzip?text=hello")
check.equal("client.s.14", { r.body, r.body_size, r.headers["content-encoding"], r.headers["content-length"] }, { "hello", 5 })
check.equal("A.decode.1", r.headers["x-accepted"], "gzip, deflate, br, zstd")
check.ok("A.decode.6 the list keeps it", r.header_list[3][1] == "Content-Encoding" or #r:values("content-encoding") == 1)
check.equal("client.s.16", failure(http.get(base .. "/zip/gzip?zeros=11534336")), { "oversized", "body" })
collectgarbage()
local before, size, largest = collectgarbage("count"), 0, 0
r = http.get(base .. "/zip/gzip?zeros=11534336", { sink = function(piece)
    if piece then size, largest = size + #piece, math.max(largest, #piece) end
    return 1
end })
check.equal("client.s.16 with a sink", { r.body, r.body_size, size }, { nil, 11534336, 11534336 })
check.ok("A.decode.4 pieces", largest <= 65536, largest)
collectgarbage()
check.ok("client.s.16 memory", collectgarbage("count") - before < 2048)
size = 0
check.equal("A.decode.4 maxbody with a sink", failure(http.get(base .. "/zip/gzip?zeros=100000", { maxbody = 70000, sink = function(piece)
    if piece then size = size + #piece end
    return 1
end })), { "oversized", "body" })
check.equal("A.decode.4 the sink has had", size, 70000)
check.equal("maxbody of a plain body", failure(http.get(base .. "/bytes/10", { maxbody = 9 })), { "oversized", "body" })
check.equal("maxbody reached", http.get(base .. "/bytes/10", { maxbody = 10 }).body_size, 10)
check.equal("maxbody = false", http.get(base .. "/zip/gzip?zeros=11534336", { maxbody = false }).body_size, 11534336)
check.equal("client.s.17 cut", failure(http.get(base .. "/zip/gzip?text=hello&cut=20")), { "decoding failed (gzip)", "body" })
check.equal("client.s.17 rubbish", failure(http.get(base .. "/zip/gzip?raw=" .. packed("rubbish"))), { "decoding failed (gzip)", "body" })
r = http.get(base .. "/zip/gzip?text=hello", { headers = { Range = "bytes=0-" } })
check.ok("client.s.18 Range", r.body:find("^\31\139") and r.headers["content-encoding"] == "gzip" and r.headers["x-accepted"] == "none")
r = http.get(base .. "/zip/gzip?text=hello", { headers = { ["accept-encoding"] = "gzip" } })
check.ok("client.s.18 Accept-Encoding", r.body:find("^\31\139") and r.headers["content-encoding"] == "gzip")
r = http.get(base .. "/zip/gzip?text=hello", { decode = false })
check.ok("decode = false", r.body:find("^\31\139") and r.headers["x-accepted"] == "none")
r = http.head(base .. "/zip/gzip?text=hello")
check.equal("client.s.19", { r.headers["content-encoding"], r.body }, { "gzip", "" })
r = http.get(base .. "/zip/x?text=raw")
check.equal("client.s.20", { r.body, r.headers["content-encoding"] }, { "raw", "x" })
check.equal("client.s.20 strict", failure(http.get(base .. "/zip/x?text=raw", { decode = "strict" })), { "unsupported coding 'x'", "body" })

-- client.s.46: the largest file that fits the time of a test
local MEGABYTES = 20
local file = assert(io.open("large", "wb"))
for i = 1, MEGABYTES * 16 do file:write((string.char(i % 256):rep(65536))) end
file:close()
collectgarbage()
before = collectgarbage("count")
local most = 0
r = http.post(base .. "/digest", {
    multipart = { { name = "text", value = "1" }, { name = "file", file = "large" } },
    progress = function()
        collectgarbage()
        most = math.max(most, collectgarbage("count"))
    end,
})
check.ok("client.s.46", tonumber(r.body:match("^%d+")) > MEGABYTES * 1048576, r.body)
check.ok("client.s.46 memory", most - before < 1024, most - before)
check.equal("client.s.46 missing", failure(http.post(base .. "/digest", { multipart = { { name = "f", file = "missing" } } })),
    { "cannot open 'missing': No such file or directory", "request" })
r = http.post(base .. "/echo", { multipart = { ['a"\r\n'] = "1", b = "2" } })
local _, fields, body = client_peer.echo(r.body)
local boundary = fields["Content-Type"][1]:match("^multipart/form%-data; boundary=(%w+)$")
check.equal("B.body.4 boundary", boundary and #boundary, 24)
check.equal("B.body.4 names", body, ("--%s\r\nContent-Disposition: form-data; name=\"a%%22%%0D%%0A\"\r\n\r\n1\r\n"
    .. "--%s\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n2\r\n--%s--\r\n"):format(boundary, boundary, boundary))
local given = false
r = http.post(base .. "/echo", { multipart = { { name = "s", filename = "n.txt", type = "text/x", source = function()
    if not given then
        given = true
        return "streamed"
    end
end } } })
_, fields, body = client_peer.echo(r.body)
check.ok("B.body.4 a source", fields["Transfer-Encoding"]
    and body:find('name="s"; filename="n.txt"\r\nContent-Type: text/x\r\n\r\nstreamed\r\n', 1, true), body)

-- client.s.47
local function watch(seen, stop)
    return function(direction, done, total)
        seen[#seen + 1] = { direction, done, total }
        if stop then return false end
    end
end
local function rising(seen, direction, total)
    local last = -1
    for _, entry in ipairs(seen) do
        if entry[1] == direction then
            if entry[2] <= last or entry[3] ~= total then return false end
            last = entry[2]
        end
    end
    return last == total
end
local seen = {}
r = http.get(base .. "/bytes/5000000", { progress = watch(seen) })
check.ok("client.s.47 download", r.body_size == 5000000 and rising(seen, "receive", 5000000))
seen = {}
r = http.post(base .. "/digest", { body = ("x"):rep(5000000), progress = watch(seen) })
check.ok("client.s.47 upload", r.body:find("^5000000 ") and rising(seen, "send", 5000000))
check.equal("client.s.47 stopped", failure(http.get(base .. "/bytes/5000000", { progress = watch({}, true) })), { "stopped", "body" })
check.equal("client.s.47 stopped sending", failure(http.post(base .. "/digest", { body = "x", progress = watch({}, true) })),
    { "stopped", "send" })

-- client.s.48
r = http.get(base .. "/lines", { stream = true })
check.equal("B.response.1 a stream has no body", { r.status, r.body }, { 200 })
local ends = socket.gettime() + 0.3
size = 0
while socket.gettime() < ends do size = size + #assert(r:read()) end
check.ok("client.s.48", size > 0 and size % 5 == 0, size)
r:close()
local closed
for _ = 1, 500 do
    closed = http.get(base .. "/count/lines/closed").body
    if closed == "1" then break end
    socket.sleep(0.01)
end
check.equal("client.s.48 the connection is gone", closed, "1")
r = http.get(base .. "/bytes/100", { stream = true })
check.equal("response:read", { #r:read(60), #r:read(60), (r:read(60)) }, { 60, 40, nil })
r:close()
r:close()
check.equal("after close", { r:read() }, { nil, "closed" })
r = http.get(base .. "/bytes/5000", { stream = true })
local ones = 0
while r:read(1) do ones = ones + 1 end
check.equal("response:read byte by byte", ones, 5000)
r = http.get(base .. "/zip/gzip?zeros=100000", { stream = true })
local got = {}
check.ok("response:source", ltn12.pump.all(r:source(), (ltn12.sink.table(got))))
check.equal("a stream is decoded", #table.concat(got), 100000)
r = http.get(base .. "/zip/gzip?text=hello&cut=20", { stream = true })
local piece, err
repeat piece, err = r:read() until not piece
check.equal("B.response.5 errors come from the source", err, "decoding failed (gzip)")

-- client.s.50
for _, status in ipairs({ 417, 401 }) do
    given = 0
    r = http.post(base .. "/expect/" .. status, { headers = { Expect = "100-continue", ["Content-Length"] = 5 }, body = function()
        given = given + 1
        return given == 1 and "12345" or nil
    end })
    check.equal("client.s.50 " .. status, { r and r.status, given }, { status, 0 })
    check.equal("client.s.50 nothing was sent", http.get(base .. "/count/body/after/" .. status).body, "0")
end
r = http.post(base .. "/echo", { headers = { Expect = "100-continue" }, body = "12345" })
check.equal("B.body.2 goes on after 100", { r.status, (select(3, client_peer.echo(r.body))) }, { 200, "12345" })

-- sinks, files
check.equal("a sink that fails", failure(http.get(base .. "/bytes/10", { sink = function() return nil, "full" end })), { "full", "body" })
local function content(path)
    local saved = assert(io.open(path or "part"))
    local text = saved:read("*a")
    saved:close()
    return text
end
r = http.get(base .. "/bytes/10", { file = "saved" })
check.equal("B.options file", { r.body, r.body_size, content("saved") }, { nil, 10, "xxxxxxxxxx" })
r = http.get(base .. "/status/404", { file = "other" })
check.equal("another status is not for the file", { r.body, (io.open("other")) }, { "status" })
-- resume: the request that is sent, and how each answer is handled
local function has(text)
    local out = assert(io.open("part", "wb"))
    out:write(text)
    out:close()
end
has("0123")
r = http.get(base .. "/ranged/well", { file = "part", resume = true })
check.equal("resume: 206", { r.status, r.body_size, content() }, { 206, 6, "0123456789" })
r = http.get(base .. "/ranged/well", { file = "part", resume = true })
check.equal("B.response.8 resume: all is there", { r.status, r.ok, content() }, { 416, true, "0123456789" })
has("01")
r = http.get(base .. "/ranged/whole", { file = "part", resume = true })
check.equal("resume: the whole is sent", { r.status, content() }, { 200, "0123456789" })
has("old")
r = http.get(base .. "/ranged/well", { file = "part", resume = '"v0"' })
check.equal("resume: it has changed", { r.status, content() }, { 200, "0123456789" })
has("0123")
r = http.get(base .. "/ranged/well", { file = "part", resume = '"v1"' })
check.equal("resume: it has not", { r.status, content() }, { 206, "0123456789" })
has("0123")
check.equal("resume: another part", failure(http.get(base .. "/ranged/shifted", { file = "part", resume = true })),
    { "invalid content-range", "body" })
check.equal("resume: the file is as it was", content(), "0123")
has("0123456789")
check.equal("resume: beyond the end", failure(http.get(base .. "/ranged/shrunk", { file = "part", resume = true })),
    { "range not satisfiable", "body" })
os.remove("part")
r = http.get(base .. "/ranged/well", { file = "part", resume = true })
check.equal("resume: no file yet", { r.status, content() }, { 200, "0123456789" })
check.equal("a file that cannot be opened", failure(http.get(base .. "/bytes/1", { file = "no/such/folder" })),
    { "cannot open 'no/such/folder': No such file or directory", "body" })

-- Time limits. On a busy machine the limit of a whole request may end in an earlier phase than meant. Then a longer limit
-- is tried.
local LONGEST = 64
local function check_limit(name, phase, limit, ask, has_come_so_far)
    local ended
    repeat
        ended = failure(ask(limit))
        limit = 2 * limit
    until has_come_so_far(ended) or ended[1] ~= "timeout" or limit > LONGEST
    check.equal(name, ended, { "timeout", phase })
end
local function is_in(phase) return function(ended) return ended[2] == phase end end

check_limit("client.s.28 body", "body", 2, function(limit) return http.get(base .. "/drip/0.1", { timeout = limit }) end, is_in("body"))
check_limit("client.s.28 head", "response", 1.5, function(limit)
    return http.get(base .. "/delay/70", { timeout = ("%dms"):format(limit * 1000) })
end, is_in("response"))
check.equal("B.options timeouts", failure(http.get(base .. "/delay/5", { timeouts = { first = 0.2 } })), { "timeout", "response" })
local silent = assert(socket.bind("127.0.0.1", 0))
local _, port = silent:getsockname()
check.equal("client.s.28 TLS", failure(http.get("https://127.0.0.1:" .. port .. "/", { timeouts = { tls = 0.2 } })), { "timeout", "tls" })
check_limit("client.s.28 TLS, by the whole limit", "tls", 1.5, function(limit)
    return http.get("https://127.0.0.1:" .. port .. "/", { timeout = limit })
end, is_in("tls"))
-- The first hop ends in the same phase. So the silent server looks for the request of the second.
silent:settimeout(0)
check_limit("client.s.28 the second hop", "response", 2, function(limit)
    return http.get(base .. "/redirect/302?to=http%3A%2F%2F127.0.0.1%3A" .. port .. "%2F", { timeout = limit })
end, function()
    local is_asked = false
    for connection in function() return (silent:accept()) end do
        connection:settimeout(0)
        is_asked = is_asked or connection:receive(4) == "GET "
        connection:close()
    end
    return is_asked
end)
check.equal("client.s.28 sending", failure(http.post("http://127.0.0.1:" .. port .. "/", { body = ("x"):rep(20000000),
    timeouts = { send = 0.3 } })), { "timeout", "send" })
check.done()
