-- not on: lua5.2, lua5.3, lua5.5
-- needs: certs, nginx, python3
-- Mistakes of other clients: gzip of several members, raw deflate, interim responses of any number, also behind
-- nginx, cookies for `localhost` and for an address, names in multipart bodies, SOCKS replies, TLS connections that the
-- server closes while they are idle.
local check = require("check")
local client_peer = require("client_peer")
local http = require("http")
local mime = require("mime")
local old = require("socket.http")
local peer = require("peer")
local tls = require("tls")

old.TIMEOUT = 20
local CA = tls.certificates .. "ca.crt"

-- The four faces. Each returns a body, or nil and a message.
local function collecting(fields)
    local pieces = {}
    fields.sink = function(piece)
        pieces[#pieces + 1] = piece
        return 1
    end
    fields.cafile = CA
    local ok, message = old.request(fields)
    if not ok then return nil, message end
    return message == 200 and table.concat(pieces) or message
end
local pool, session = old.pool(), http.session({ tls = { cafile = CA } })
local FACES = {
    ["the old face"] = function(url) return collecting({ url = url, decode = true }) end,
    ["the old face with a pool"] = function(url) return collecting({ url = url, pool = pool, decode = true }) end,
    ["the new face"] = function(url)
        local response, message = http.get(url, { tls = { cafile = CA }, pool = false })
        if not response then return nil, message end
        return response.status == 200 and response.body or response.status
    end,
    ["a session"] = function(url)
        local response, message = session:get(url)
        if not response then return nil, message end
        return response.status == 200 and response.body or response.status
    end,
}
local ORDER = { "the old face", "the old face with a pool", "the new face", "a session" }
local function each(name, url, expected)
    for _, face in ipairs(ORDER) do check.equal(name .. ", " .. face, { FACES[face](url) }, expected) end
end

-- codings
local server = client_peer.start()
local GZIP = mime.unb64("H4sIAAAAAAAAAyvJSFUoLM1MzlZIKsovz1NIy69QyCrNLShWyC9LLVIoAUrnJFZVKqTkpwMAFFEMzisAAAA=")
local RAW = mime.unb64("K8lIVSgszUzOVkgqyi/PU0jLr1DIKs0tKFbIL0stUigBSuckVlUqpOSnAwA=")
local TEXT = "the quick brown fox jumps over the lazy dog"
local function coded(name, bytes) return server.base .. "/zip/" .. name .. "?raw=" .. client_peer.packed(bytes) end
each("gzip of two members", coded("gzip", GZIP .. GZIP), { TEXT .. TEXT })
for name, rest in pairs({ ["a byte"] = "x", zeros = ("\0"):rep(512), ["half a member"] = GZIP:sub(1, 30) }) do
    each("gzip and " .. name, coded("gzip", GZIP .. rest), { nil, "decoding failed (gzip)" })
end
each("raw deflate", coded("deflate", RAW), { TEXT })
each("raw deflate and a byte", coded("deflate", RAW .. "x"), { nil, "decoding failed (deflate)" })

-- Interim responses, by numbers. Their length and their coding mean nothing.
local ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
local CODES = { { 100 }, { 102 }, { 103 }, { 199 }, { 100, 103, 103, 199, 102 } }
local replies = {}
for i, codes in ipairs(CODES) do
    local parts = {}
    for j, code in ipairs(codes) do
        parts[j] = ("HTTP/1.1 %d Wait\r\nLink: </a>\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n"):format(code)
    end
    replies[i] = table.concat(parts) .. ANSWER
end
replies[#replies + 1] = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" .. ANSWER
local early = peer.lua(([[
local socket = require("socket")
local listener = assert(socket.bind("127.0.0.1", 0))
print((select(2, listener:getsockname())))
local REPLIES = { %s }
while true do
    local client = listener:accept()
    client:settimeout(20)
    local line = client:receive()
    while line and line ~= "" do
        local number = tonumber(line:match("^GET /(%%d)")) or #REPLIES
        repeat line = client:receive() until not line or line == ""
        client:send(REPLIES[number])
    end
    client:close()
end
]]):format(("%q, %q, %q, %q, %q, %q"):format((table.unpack or unpack)(replies))))
local steps = {}
for i, codes in ipairs(CODES) do
    local name = "interim " .. table.concat(codes, " ")
    each(name, ("http://127.0.0.1:%d/%d"):format(early.port, i), { "ok" })
    -- each face makes a connection
    for _ = 1, #ORDER do
        if #steps > 0 then steps[#steps + 1] = "/" end
        for _, step in ipairs({ "tls", "request", "send:" .. replies[i]:gsub("\r\n", "\\r\\n"), "notify", "hold" }) do
            steps[#steps + 1] = step
        end
    end
end
local secure = tls.peer((table.unpack or unpack)(steps))
for _, codes in ipairs(CODES) do
    each("https: interim " .. table.concat(codes, " "), ("https://localhost:%d/"):format(secure.port), { "ok" })
end

-- nginx 1.22 hands a 103 on as if it were final, and the rest as its body.
for _ = 1, 2 do
    each("103 behind nginx", ("http://127.0.0.1:%s/behind?port=%d"):format(os.getenv("COMPAT_HTTP_PORT"), early.port), { "ok" })
    each("103 behind nginx, https",
        ("https://localhost:%s/behind?port=%d"):format(os.getenv("COMPAT_HTTPS_PORT"), early.port), { "ok" })
end

-- cookies
local function cookie(host, domain)
    local jar = http.jar()
    local base = ("http://%s:%d"):format(host, server.port)
    assert(http.get(base .. "/set?a=" .. ("n=1; Domain=" .. domain):gsub("%W", function(c) return ("%%%02X"):format(c:byte()) end),
        { jar = jar }))
    return { http.get(base .. "/get_cookie", { jar = jar }).body, (jar:cookies()[1] or {}).hostonly }
end
check.equal("a cookie for localhost", cookie("localhost", "localhost")[1], "n=1")
check.equal("a cookie for an address", cookie("127.0.0.1", "127.0.0.1"), { "n=1", true })
check.equal("a cookie for a part of an address", cookie("127.0.0.1", "0.0.1"), { "" })
local jar = http.jar()
for _, case in ipairs({
    { "n=1; Max-Age=99999999999999999999999999999999", "n=1" }, { "n=1; Max-Age=000000000000000000000000000000000000", nil },
    { "n=1; Expires=Sunday, 06-Nov-94 08:49:37 GMT", nil }, { "n=1; Expires=Wednesday, 06-Nov-69 08:49:37 GMT", "n=1" },
    { "n=1; Expires=Friday, 06-Nov-70 08:49:37 GMT", nil },
}) do
    jar:set("http://example.com/", "n=0")
    jar:set("http://example.com/", case[1])
    check.equal(case[1], jar:header("http://example.com/"), case[2])
    jar:clear()
end

-- Browsers escape a quote, and send a backslash as it is.
local _, _, body = client_peer.echo(http.post(server.base .. "/echo", {
    multipart = { { name = 'a"b\\c', value = "1", filename = 'C:\\d\\"e".txt' } },
}).body)
check.ok("quotes and backslashes in multipart", body:find(
    '\r\nContent-Disposition: form-data; name="a%22b\\c"; filename="C:\\d\\%22e%22.txt"\r\n', 1, true), body)

-- SOCKS: the address in a reply may be of any kind. A proxy may close without a reply, at each step.
local PROXY = [[
local socket = require("socket")
local listener = assert(socket.bind("127.0.0.1", 0))
print((select(2, listener:getsockname())))
local REPLIES = {
    "\5\0\0\1\1\2\3\4\0\80", "\5\0\0\3\4name\0\80", "\5\0\0\3\0\0\80", "\5\0\0\4" .. ("\1"):rep(16) .. "\0\80", "\5\0\0\9", "",
    "\5\2\0\1\0\0\0\0\0\0", "\5\4\0\3\4name\0\0", "\5\3\0\4" .. ("\0"):rep(18), nil,
}
for i = 1, 10 do
    local client = listener:accept()
    client:settimeout(20)
    client:receive(client:receive(2):byte(2))
    if REPLIES[i] then
        client:send("\5\0")
        local kind = client:receive(4):byte(4)
        client:receive(kind == 1 and 6 or kind == 4 and 18 or client:receive(1):byte() + 2)
        client:send(REPLIES[i])
        if REPLIES[i]:sub(2, 2) == "\0" and i < 5 then
            repeat until (client:receive() or "") == ""
            client:send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        end
    end
    client:close()
end
]]
for kind, url in pairs({ ["an address"] = "http://127.0.0.1:1/", ["a name"] = "http://example.invalid/" }) do
    local proxy = peer.lua(PROXY)
    local options = { proxy = ("socks5h://127.0.0.1:%d"):format(proxy.port), pool = false }
    for i, expected in ipairs({
        { "IPv4", "ok" }, { "a name", "ok" }, { "an empty name", "ok" }, { "IPv6", "ok" },
        { "an unknown kind", "proxy sent no valid answer" }, { "no reply", "proxy sent no valid answer" },
        { "a refusal", "proxy refused connection (not allowed)" },
        { "a refusal with a name", "proxy refused connection (host unreachable)" },
        { "a refusal with IPv6", "proxy refused connection (network unreachable)" }, { "no word at all", "proxy sent no valid answer" },
    }) do
        local response, message = http.get(url, options)
        check.equal(("SOCKS, %s asked for: %s (%d)"):format(kind, expected[1], i), response and response.body or message, expected[2])
    end
end

-- A TLS connection that the server closes while it is idle, in order or not, or on which it sends more: the next request
-- makes a new one.
for _, version in ipairs({ "1.2", "1.3" }) do
    for name, ending in pairs({
        close_notify = { "notify" }, ["close_notify and the end of TCP"] = { "notify", "shut" }, ["the end of TCP"] = { "shut" },
        ["a byte"] = { "send:x" },
    }) do
        for _, method in ipairs({ "GET", "POST" }) do
            local words = { "max=" .. version, "tls", "request", "send:" .. ANSWER:gsub("\r\n", "\\r\\n") }
            for _, step in ipairs(ending) do words[#words + 1] = step end
            words[#words + 1] = "report"
            words[#words + 1] = "hold"
            local closing = tls.peer((table.unpack or unpack)(words))
            local url = ("https://localhost:%d/"):format(closing.port)
            local kept, label = http.pool(), ("TLS %s, ended while idle by %s, %s"):format(version, name, method)
            local got = {}
            for i = 1, 4 do
                if i % 2 == 1 then
                    local source = method == "POST" and function() return nil end or nil
                    got[i] = collecting({ url = url, pool = kept, method = method, source = source, retries = false,
                        headers = source and { ["content-length"] = 0 } })
                else
                    local response, message = http.request(method, url, { pool = kept, tls = { cafile = CA } })
                    got[i] = response and response.body or message
                end
                -- the server has closed
                closing.output:read("*l")
            end
            check.equal(label, got, { "ok", "ok", "ok", "ok" })
            check.equal(label .. ": connections", { kept:stats().made, kept:stats().reused }, { 4, 0 })
            kept:close()
        end
    end
end
check.done()
