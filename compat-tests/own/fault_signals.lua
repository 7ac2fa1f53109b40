-- A signal arrives every millisecond; its handler interrupts every wait and every system call.
-- needs: certs, python3
-- not on: runner
local check = require("check")
local peer = require("peer")
local storm = require("interposed").storm
local tls = require("tls")
local socket = require("socket")
local unix = require("socket.unix")
local ssl = require("ssl")
local http = require("socket.http")
local https = require("ssl.https")

-- Answers each line with a line, slowly. Receives 8 MiB slowly in pieces, then sends the number of bytes.
local server = peer.lua([[
local socket = require("socket")
local listener = assert(socket.bind("127.0.0.1", 0))
print((select(2, listener:getsockname())))
while true do
    local client = listener:accept()
    local line = client:receive()
    if line == "end" then break end
    if line == "echo" then
        for _ = 1, 5 do
            local text = client:receive()
            socket.sleep(0.05)
            client:send(text .. "\n")
        end
    elseif line == "take" then
        local count = 0
        while count < 8388608 do
            count = count + #client:receive(1048576)
            socket.sleep(0.02)
        end
        client:send(count .. "\n")
    elseif line == "give" then
        for _ = 1, 8 do
            client:send(("0123456789abcdef"):rep(65536))
            socket.sleep(0.02)
        end
    elseif line == "silence" then
        client:receive("*a")
    elseif line:find("^GET") then
        repeat until client:receive() == ""
        socket.sleep(0.1)
        client:send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
        socket.sleep(0.1)
        client:send("ok")
    end
    client:close()
end
]])

local function connected(line)
    local client = assert(socket.connect("127.0.0.1", server.port))
    client:settimeout(20)
    assert(client:send(line .. "\n"))
    return client
end

local function stormy(label, expected, f)
    local count, got = storm(f)
    check.equal(label, got, expected)
    check.ok(label .. ": signals came", count > 3, count)
end

stormy("connect, send, receive a line", "abcde", function()
    local client, text = connected("echo"), ""
    for _, letter in ipairs({ "a", "b", "c", "d", "e" }) do
        client:send(letter .. "\n")
        text = text .. assert(client:receive())
    end
    client:close()
    return text
end)
stormy("send 8 MiB", "8388608", function()
    local client = connected("take")
    assert(client:send(("0123456789abcdef"):rep(524288)))
    return (client:receive())
end)
local expected = ("0123456789abcdef"):rep(524288)
stormy("receive 8 MiB", true, function() return connected("give"):receive(8388608) == expected end)
stormy("receive all", true, function() return connected("give"):receive("*a") == expected end)
stormy("http.request", "ok", function() return (http.request("http://127.0.0.1:" .. server.port .. "/")) end)

-- Receives 1 MiB slowly, sends it back slowly, then stays silent.
local MIRROR = [[
local socket = require("socket")
local function mirror(client)
    local pieces = {}
    for i = 1, 16 do
        pieces[i] = client:receive(65536)
        socket.sleep(0.01)
    end
    for _, piece in ipairs(pieces) do
        client:send(piece)
        socket.sleep(0.01)
    end
    client:receive("*a")
end
]]
local MEBIBYTE = expected:sub(1, 1048576)
local function both_ways(client)
    client:settimeout(20)
    local sent, problem = client:send(MEBIBYTE)
    return { sent, problem or client:receive(#MEBIBYTE) == MEBIBYTE }
end
local vault = peer.lua(MIRROR .. ([[
local listener = assert(socket.bind("127.0.0.1", 0))
print((select(2, listener:getsockname())))
local parameters = { mode = "server", protocol = "any", key = %q, certificate = %q }
local client = assert(require("ssl").wrap(listener:accept(), parameters))
assert(client:dohandshake())
mirror(client)
]]):format(tls.certificates .. "good.key", tls.certificates .. "good.pem"))
local secret
stormy("TLS, 1 MiB both ways", { 1048576, true }, function()
    local tcp = assert(socket.connect("127.0.0.1", vault.port))
    -- smaller than the data, so that the send has to wait
    tcp:setoption("send-buffer-size", 16384)
    secret = assert(ssl.wrap(tcp, tls.client()))
    secret:sni("localhost")
    secret:settimeout(20)
    assert(secret:dohandshake())
    return both_ways(secret)
end)
local neighbour = peer.lua(MIRROR .. [[
local listener = require("socket.unix").stream()
assert(listener:bind("near"))
assert(listener:listen())
print(1)
mirror(listener:accept())
]])
local near = unix.stream()
stormy("Unix stream, 1 MiB both ways", { 1048576, true }, function()
    assert(near:connect("near"))
    return both_ways(near)
end)

-- one byte at a time
local pieces = tls.peer("cert=good-ec", "drip:1", "send:done\\n", "hold")
stormy("TLS handshake in pieces", { true, "done" }, function()
    local client = tls.wrap(ssl, pieces.port)
    client:settimeout(20)
    local result = { assert(client:dohandshake()), (client:receive()) }
    client:close()
    return result
end)
https.TIMEOUT = 20
local page = tls.peer("tls", "request", "slow:5:HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok", "notify", "hold")
stormy("https.request", { 1, 200, "ok" }, function()
    local body = {}
    local ok, code = https.request(tls.client({
        url = ("https://localhost:%d/"):format(page.port), mode = false, sink = function(piece)
            body[#body + 1] = piece
            return 1
        end,
    }))
    return { ok, code, table.concat(body) }
end)

-- limits count the whole time, not the time since the last signal
local function timed(label, limit, f, failure)
    local started = socket.gettime()
    local count, result, problem = storm(f)
    local took = socket.gettime() - started
    check.equal(label .. ": the error", { result, problem }, failure or { nil, "timeout" })
    check.ok(label .. ": at its limit", took >= limit - 0.01 and took < limit + 10, took)
    check.ok(label .. ": signals came", count > 3, count)
end
local silent = connected("silence")
silent:settimeout(0.3)
timed("receive", 0.3, function() return silent:receive() end)
silent:settimeout(nil)
silent:settimeout(0.3, "t")
timed("receive, total limit", 0.3, function() return silent:receive() end)
local listener = assert(socket.bind("127.0.0.1", 0))
listener:settimeout(0.3)
timed("accept", 0.3, function() return listener:accept() end)
local datagram = assert(socket.udp4())
datagram:setsockname("127.0.0.1", 0)
datagram:settimeout(0.3)
timed("UDP receive", 0.3, function() return datagram:receive() end)
local function no_socket(first, _, problem) return first and first[1], problem end
timed("select", 0.3, function() return no_socket(socket.select({ silent }, nil, 0.3)) end)
silent:close()
near:settimeout(0.3)
timed("Unix receive", 0.3, function() return near:receive() end)
near:close()
neighbour:close()
secret:settimeout(0.3)
timed("TLS receive", 0.3, function() return secret:receive() end, { nil, "wantread" })
secret:settimeout(nil)
secret:settimeout(0.3, "t")
timed("TLS receive, total limit", 0.3, function() return secret:receive() end, { nil, "wantread" })
secret:close()
vault:close()
secret = tls.wrap(ssl, tls.peer("hello", "hold").port)
secret:settimeout(0.3)
timed("TLS handshake", 0.3, function() return secret:dohandshake() end, { false, "wantread" })
secret:close()

local started = socket.gettime()
storm(socket.sleep, 0.3)
local slept = socket.gettime() - started
check.ok("sleep", slept >= 0.3 and slept < 10, slept)
stormy("name resolution", { nil, "connection refused" }, function()
    local result
    for _ = 1, 50 do
        local client = socket.tcp()
        client:settimeout(5)
        result = { client:connect("localhost", 1) }
    end
    socket.sleep(0.05)
    return result
end)
local last = connected("end")
last:close()
server:close()
check.done()
