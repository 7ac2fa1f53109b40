-- needs: certs, python3
-- HTTPS through proxies: invalid answers, the data each side gets, time limits behind a proxy. Numbers refer to tls.md.
local check = require("check")
local tls = require("tls")
local https = require("socket.https")
local http = require("socket.http")
local socket = require("socket")

https.cfg.cafile = tls.certificates .. "ca.crt"
local unpack = unpack or table.unpack

local function nothing() return 1 end
local function request(module, url, proxy, changes)
    local fields = { url = url, proxy = proxy, sink = nothing }
    for name, value in pairs(changes or {}) do fields[name] = value end
    local started = socket.gettime()
    local ok, code, _, detail = module.request(fields)
    return { ok, code, not ok and detail or nil }, socket.gettime() - started
end

-- 83: invalid answers to CONNECT, and data that comes too early
local LONG = ("a"):rep(9000)
local NO_ANSWER = "proxy sent no valid answer"
local OK = "HTTP/1.1 200 OK\\r\\n"
local answers = {
    { "a version that is none", "HTTP/2 200\\r\\n\\r\\n", NO_ANSWER },
    { "two digits", "HTTP/1.1 20\\r\\n\\r\\n", NO_ANSWER },
    { "four digits", "HTTP/1.1 2000 OK\\r\\n\\r\\n", NO_ANSWER },
    { "a sign", "HTTP/1.1 +200 OK\\r\\n\\r\\n", NO_ANSWER },
    { "a long status line", "HTTP/1.1 200 " .. LONG .. "\\r\\n\\r\\n", NO_ANSWER },
    { "a long header", OK .. "X: " .. LONG .. "\\r\\n\\r\\n", NO_ANSWER },
    { "many headers", OK .. ("X: y\\r\\n"):rep(300) .. "\\r\\n", NO_ANSWER },
    { "another protocol", "SSH-2.0-none\\r\\n", NO_ANSWER },
    { "TLS", "\\x15\\x03\\x01\\x00\\x02\\x02\\x28", NO_ANSWER },
    { "interim, then no", "HTTP/1.1 100 Continue\\r\\n\\r\\nHTTP/1.1 503 No\\r\\n\\r\\n", "proxy refused CONNECT (503)" },
    { "a redirect is not followed", "HTTP/1.1 302 M\\r\\nLocation: http://127.0.0.1/\\r\\n\\r\\n", "proxy refused CONNECT (302)" },
    { "a page and more", OK .. "Content-Length: 4\\r\\n\\r\\npage, and more", "wrong version number" },
    { "an alert", OK .. "\\r\\n\\x15\\x03\\x03\\x00\\x02\\x02\\x28", "sslv3 alert handshake failure" },
}
local words = {}
for i, case in ipairs(answers) do
    for _, word in ipairs({ i > 1 and "/" or "", "hello", "plain:" .. case[2], "hold" }) do
        if word ~= "" then words[#words + 1] = word end
    end
end
local liar = "http://127.0.0.1:" .. tls.peer(unpack(words)).port
for _, case in ipairs(answers) do
    check.equal("83 " .. case[1], (request(https, "https://localhost:1/", liar)), { nil, case[3] })
end

-- add.26: no part of the CONNECT target can end its line
local quiet = tls.peer("connect")
local proxy = "http://127.0.0.1:" .. quiet.port
for name, changes in pairs({
    port = { port = "443\r\nX-Evil: 1", headers = { host = "h" } },
    ["a blank in the port"] = { port = "443 x", headers = { host = "h" } },
    ["a blank in the host"] = { host = "local host", headers = { host = "h" } },
}) do
    for _, module in ipairs({ https, http }) do
        local result = request(module, "https://localhost/", proxy, changes)
        check.ok("add.26 " .. name, result[1] == nil and tostring(result[2]):find("^invalid "), result[2])
    end
end

-- 82: which data goes to the proxy and which to the origin
local origin = tls.peer("tls", "request", "told", "page", "notify", "hold")
local url = "https://ou:op@localhost:" .. origin.port .. "/"
for name, module in pairs({ https = https, http = http }) do
    local result = request(module, url, "http://pu:pp@127.0.0.1:" .. quiet.port,
        { headers = { ["Proxy-Authorization"] = "Basic proxy-only", cookie = "c=1" } })
    check.equal("82 " .. name, result, { 1, 200 })
    local told = quiet.output:read("*l"):lower()
    check.ok("82 the proxy's credentials go to the proxy, " .. name, told:find("proxy-authorization: basic chu6cha=|", 1, true), told)
    check.ok("82 nothing of the origin's goes there, " .. name, not told:find("|authorization") and not told:find("cookie"), told)
    check.equal("82 the rest is TLS, " .. name, quiet.output:read("*l"), "tls only")
    told = origin.output:read("*l"):lower()
    check.ok("82 the origin's credentials go to the origin, " .. name, told:find("|authorization: basic b3u6b3a=", 1, true), told)
    check.ok("82 nothing of the proxy's goes there, " .. name, not told:find("proxy-authorization", 1, true), told)
end

-- 85: behind a proxy too, no redirect goes from https to http, and the proxy gets no such request
local back = tls.peer("tls", "request", "send:HTTP/1.1 302 Found\\r\\nLocation: http://localhost/\\r\\nContent-Length: 0\\r\\n\\r\\n",
    "notify", "hold")
check.equal("85 behind a proxy", (request(http, "https://localhost:" .. back.port .. "/", proxy)), { 1, 302 })
check.ok("85 one CONNECT", quiet.output:read("*l"):find("^CONNECT"))
check.equal("85 and no more", quiet.output:read("*l"), "tls only")

-- add.34: the time limit holds at every stage, directly and behind a proxy
local HEAD = "send:HTTP/1.1 200 OK\\r\\n"
local stages = {
    { "the handshake", "hello", "hold" },
    { "a handshake that never ends", "hello", "flood:\\x16\\x03\\x03\\x00\\x04\\x00\\x00\\x00\\x00" },
    { "an answer", "tls", "request", "hold" },
    { "the status line", "tls", "request", "send:HTT", "hold" },
    { "the headers", "tls", "request", HEAD, "hold" },
    { "an answer after the interim one", "tls", "request", "send:HTTP/1.1 100 Continue\\r\\n\\r\\n", "hold" },
    { "a body", "tls", "request", HEAD .. "Content-Length: 9\\r\\n\\r\\nabc", "hold" },
    { "a body until the end", "tls", "request", HEAD .. "\\r\\nabc", "hold" },
    { "a chunk", "tls", "request", HEAD .. "Transfer-Encoding: chunked\\r\\n\\r\\n4\\r\\nab", "hold" },
    { "a trailer", "tls", "request", HEAD .. "Transfer-Encoding: chunked\\r\\n\\r\\n0\\r\\nX: y\\r\\n", "hold" },
}
local parts = {}
for i, stage in ipairs(stages) do
    for _ = 1, 2 do
        if i > 1 or #parts > 0 then parts[#parts + 1] = "/" end
        for j = 2, #stage do parts[#parts + 1] = stage[j] end
    end
end
local stalling = "https://localhost:" .. tls.peer(unpack(parts)).port .. "/"
for i, stage in ipairs(stages) do
    local module = i % 2 == 0 and http or https
    for _, way in ipairs({ false, proxy }) do
        https.TIMEOUT, http.TIMEOUT = module == https and 0.3 or 30, module == http and 0.3 or 30
        local result, time = request(module, stalling, way or nil)
        local name = "add.34 waiting for " .. stage[1] .. (way and ", behind a proxy" or "")
        check.equal(name, result, { nil, "timeout" })
        check.ok(name .. ": in time", time > 0.29 and time < 10, time)
    end
end

-- a request body that the peer never reads, and a connection that is never accepted
local deaf = tls.peer("tls", "line", "slow:30000:xx")
https.TIMEOUT = 0.3
local piece = ("x"):rep(65536)
check.equal("add.34 sending", (request(https, "https://localhost:" .. deaf.port .. "/", nil,
    { method = "PUT", source = function() return piece end })), { nil, "timeout" })
local listener = socket.bind("127.0.0.1", 0, 1)
local _, port = listener:getsockname()
local queue = {}
for i = 1, 8 do
    queue[i] = socket.tcp4()
    queue[i]:settimeout(0)
    queue[i]:connect("127.0.0.1", port)
end
socket.select(nil, queue, 1)
local full = ("127.0.0.1:%d"):format(port)
check.equal("add.34 connecting", (request(https, "https://" .. full .. "/")), { nil, "timeout" })
check.equal("add.34 connecting to a proxy", (request(https, "https://localhost:1/", "http://" .. full)), { nil, "timeout" })

check.done()
