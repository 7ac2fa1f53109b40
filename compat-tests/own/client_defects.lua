-- Repaired defects of the HTTP client: Digest, resumed downloads, deadlines at a proxy, pool keys, redirected credentials.
local check = require("check")
local peer = require("peer")
local module = require("http")
local ltn12 = require("ltn12")
local dialing = require("socket.http_dialing")
local exchange = require("socket.http_exchange")
local http = require("socket.http")
local pools = require("socket.http_pool")
local settings = require("socket.https_settings")
local socket = require("socket")

local server = peer.lua([[
local socket = require("socket")
local listener = assert(socket.bind("127.0.0.1", 0))
print((select(2, listener:getsockname())))
listener:settimeout(30)
local count = 0
local function drip(c, start, piece)
    c:send(start)
    for _ = 1, 60 do
        socket.sleep(0.2)
        if not c:send(piece) then return end
    end
end
local function answer(c, line)
    local login
    repeat
        local field = c:receive()
        login = login or field and field:match("^[Aa]uthorization: (.*)")
    until not field or field == ""
    count = count + 1
    local path = line:match(" (%S+)")
    local status, fields, body = "200 OK", "", "request " .. count
    local nonce = path:match("^/nonce/(%d+)")
    if path == "/stale" and count < 200 then
        status, fields = "401 no", 'WWW-Authenticate: Digest realm="r", nonce="' .. count .. '", stale=true\r\n'
    elseif nonce and not (login and login:find('nonce="' .. nonce .. '"', 1, true)) or path == "/never" then
        status, fields = "401 no", 'WWW-Authenticate: Digest realm="r", nonce="' .. (nonce or count) .. '"\r\n'
    elseif path == "/busy" then
        status = "503 busy"
    end
    c:send("HTTP/1.1 " .. status .. "\r\n" .. fields .. "Content-Length: " .. #body .. "\r\n\r\n" .. body)
    return path ~= "/quit"
end
local goes_on = true
while goes_on do
    local c = listener:accept()
    if not c then break end
    c:settimeout(5)
    local first = c:receive(1)
    if first == "C" then
        drip(c, "HTTP/1.1 200 OK\r\n", "X: y\r\n")
    elseif first == "\5" then
        for _, piece in ipairs({ "\5", "\0", "\5\0\0\3", "\200" }) do
            socket.sleep(0.3)
            c:send(piece)
        end
        drip(c, "x", "x")
    else
        local line = first and c:receive("*l", first)
        while line do
            goes_on = answer(c, line)
            line = goes_on and c:receive()
        end
    end
    c:close()
end
]])
local place = "127.0.0.1:" .. server.port
local base = "http://" .. place
http.TIMEOUT = 10

-- Digest
local ok, code = http.request({ url = base .. "/stale", auth = { "u", "p", scheme = "digest" }, sink = ltn12.sink.null() })
check.equal("a server that calls every nonce stale", { ok, code }, { 1, 401 })
local auth = { user = "u", pass = "p", scheme = "digest" }
local function status(path) return (module.get(base .. path, { auth = auth }) or {}).status end
check.equal("digest: accepted", { status("/nonce/1"), status("/nonce/1") }, { 200, 200 })
check.equal("digest: a new nonce, not called stale", { status("/nonce/2"), status("/nonce/2") }, { 200, 200 })
local function number(path) return tonumber((module.get(base .. path).body:match("%d+"))) end
local before = number("/")
check.equal("digest: refused", { status("/never"), status("/never") }, { 401, 401 })
check.equal("digest: a refused login is not answered again", number("/") - before, 4)

-- resume
local function content(text)
    local file = assert(io.open("part", text and "wb" or "rb"))
    local found = text and file:write(text) or file:read("*a")
    file:close()
    return found
end
content("the part")
local page = {}
ok, code = http.request({ url = base .. "/busy", file = "part", resume = true, sink = ltn12.sink.table(page) })
check.equal("resume: an error page", { ok, code, content() }, { 1, 503, "the part" })
check.ok("resume: the error page goes into the sink", table.concat(page):find("^request"))
os.remove("part")

-- a limit and a proxy that sends each byte late
for scheme, url in pairs({ http = "https://example.test/", socks5h = "http://example.test/" }) do
    for limit, options in pairs({ timeout = { timeout = 1.5 }, connect = { timeouts = { connect = 1.5 } } }) do
        local started = socket.gettime()
        options.proxy = scheme .. "://" .. place
        local _, message, phase = module.get(url, options)
        local name = ("a slow proxy, %s, %s"):format(scheme, limit)
        check.equal(name, { message, phase }, { "timeout", "proxy" })
        check.ok(name .. ": in time", socket.gettime() - started < 8, socket.gettime() - started)
    end
end
module.get(base .. "/quit", { pool = false })
server:close()

-- the SOCKS target of an IPv4 address inside an IPv6 address
local sent = {}
local replies = { "\5\0", "\5\0\0\1", "\0\0\0\0\0\0" }
local proxy = {
    send = function(_, text)
        sent[#sent + 1] = text
        return #text
    end,
    receive = function() return table.remove(replies, 1) end,
}
require("socket.http_socks").open(proxy, { scheme = "socks5" }, "::ffff:127.0.0.1", 80)
check.equal("socks: ::ffff:127.0.0.1", sent[2], "\5\1\0\4" .. ("\0"):rep(10) .. "\255\255\127\0\0\1\0\80")

-- pool keys: addresses of tables and functions are reused after a garbage collection
local function repeated(make)
    local seen = {}
    for i = 1, 3000 do
        local key = exchange.key({ scheme = "https", host = "h", port = 443, tls = make(i) })
        if seen[key] then return seen[key] .. " and " .. i end
        seen[key] = i
    end
end
check.equal("other certificates, other key", repeated(function(i)
    return { certificates = { { certificate = "c" .. i, key = "k" .. i } } }
end), nil)
check.equal("another psk, another key", repeated(function(i)
    return { psk = function() return "id" .. i, "key" end }
end), nil)
local function same() return "id", "key" end
check.equal("equal parameters, the same key",
    exchange.key({ scheme = "https", host = "h", port = 443, tls = { psk = same, alpn = { "a" } } }),
    exchange.key({ scheme = "https", host = "h", port = 443, tls = { psk = same, alpn = { "a" } } }))

-- Without a network: connections that answer each request with one of these texts.
local opened, answers = {}, {}
function dialing.open(request)
    opened[#opened + 1] = request
    local full = false
    return {
        settimeout = function() return 1 end,
        send = function(_, text)
            full = true
            return #text
        end,
        receive = function()
            if not full then return nil, "timeout" end
            full = false
            return table.remove(answers, 1) or "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        end,
        setoption = function() return 1 end,
        dirty = function() return false end,
        close = function() return 1 end,
    }
end

-- a connection made without verification
settings.VERIFY = "none"
module.get("https://verified.test/")
module.get("https://verified.test/")
check.equal("https: kept", #opened, 1)
settings.VERIFY = nil
module.get("https://verified.test/")
check.equal("https: a connection without verification is not used with it", #opened, 2)

-- a pre-shared key belongs to one origin
answers = { "HTTP/1.1 302 Found\r\nLocation: https://other.test/\r\nContent-Length: 0\r\n\r\n" }
module.get("https://first.test/", { tls = { psk = same, key = "k", certificate = "c", ciphers = "x" } })
check.equal("redirect to another origin", { opened[3].tls.psk == same, opened[4].host, opened[4].tls },
    { true, "other.test", { ciphers = "x" } })

-- a body that is announced and not sent
local pool = http.pool()
for _, name in ipairs({ "Content-Length", "Transfer-Encoding" }) do
    http.request({ url = "http://plain.test/", pool = pool, headers = { [name] = name:find("^C") and "5" or "chunked" } })
    check.equal(name .. " without a body: not kept", pool:stats().idle, 0)
end
http.request({ url = "http://plain.test/", pool = pool, method = "POST", headers = { ["Content-Length"] = 0 } })
check.equal("Content-Length: 0 is kept", pool:stats().idle, 1)

-- a jar and a path without a slash
local jar = module.jar()
jar:set("http://plain.test.evil/", "a=b")
http.request({ host = "plain.test", path = ".evil/", jar = jar })
check.ok("jar: the path is no part of the host", not opened[#opened].head:find("Cookie"), opened[#opened].head)

-- memory: origins whose connections did not come back
pool = http.pool()
for i = 1, 5000 do
    pools.put(pool, "origin " .. i, dialing.open({}) and { sock = dialing.open({}) })
    pools.take(pool, "origin " .. i)
end
local left = 0
for _ in pairs(pool.lists) do left = left + 1 end
check.ok("a pool forgets origins", left <= 1000, left)
check.equal("and counts none", pool:stats().idle, 0)
check.done()
