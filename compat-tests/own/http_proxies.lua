-- not on: lua5.2, lua5.3
-- needs: python3
-- SOCKS proxies, proxies from the environment, and hosts reached without a proxy (client.s.29 to client.s.31).
local check = require("check")
local client_peer = require("client_peer")
local peer = require("peer")
local proxies = require("socket.http_proxies")
local http = require("socket.http")
local socket = require("socket")

http.TIMEOUT = 20
local server = client_peer.start()

-- A SOCKS proxy that reports how the client named the target, and always connects to this machine.
local SOCKS = [[
local socket = require("socket")
local listener = assert(socket.bind("127.0.0.1", 0))
print((select(2, listener:getsockname())))
local MODE, PORT = %q, %d
local function port(bytes) return bytes:byte(1) * 256 + bytes:byte(2) end
local function pipe(a, b)
    a:settimeout(0)
    b:settimeout(0)
    while true do
        for _, from in ipairs((socket.select({ a, b }, nil, 10))) do
            local data, err, partial = from:receive(65536)
            data = data or partial
            local to = from == a and b or a
            to:settimeout(10)
            if data ~= "" then to:send(data) end
            to:settimeout(0)
            if err == "closed" then return end
        end
    end
end
while true do
    local c = listener:accept()
    c:settimeout(10)
    local version = c:receive(1):byte()
    local told, at, user
    if version == 4 then
        local head = c:receive(7)
        at = port(head:sub(2, 3))
        local function text()
            local bytes = ""
            while true do
                local byte = c:receive(1)
                if byte == "\0" then return bytes end
                bytes = bytes .. byte
            end
        end
        user = text()
        told = head:sub(4, 6) == "\0\0\0" and text() or table.concat({ head:byte(4, 7) }, ".")
        if MODE == "refuse" then c:send("\0\91\0\0\0\0\0\0") end
    else
        local methods = c:receive(c:receive(1):byte())
        if MODE == "login" then
            if not methods:find("\2", 1, true) then
                c:send("\5\255")
            else
                c:send("\5\2")
                c:receive(1)
                user = c:receive(c:receive(1):byte()) .. ":" .. c:receive(c:receive(1):byte())
                c:send(user == "u@:p:w" and "\1\0" or "\1\1")
            end
            if user ~= "u@:p:w" then c:close() c = nil end
        else
            c:send("\5\0")
        end
        if c then
            local kind = c:receive(4):byte(4)
            if kind == 1 then told = table.concat({ c:receive(4):byte(1, 4) }, ".")
            elseif kind == 3 then told = c:receive(c:receive(1):byte())
            else told = "ipv6 " .. #c:receive(16) end
            at = port(c:receive(2))
            if MODE == "refuse" then c:send("\5\5\0\1\0\0\0\0\0\0") end
        end
    end
    if c and MODE == "stop" then c:close() c = nil end
    if c and MODE == "odd" then c:send("HTTP/1.0 400 No\r\n\r\n") c:close() c = nil end
    if c and MODE ~= "refuse" then
        -- the reply names the address in another form than was asked for
        c:send(version == 4 and "\0\90\0\0\0\0\0\0" or "\5\0\0\3\4test\0\0")
        local target = assert(socket.connect("127.0.0.1", PORT))
        -- adds the requested name to the request, as a header
        local line = c:receive()
        target:send(line .. "\r\nX-Named: " .. told .. "\r\n")
        pipe(c, target)
        target:close()
    end
    if c then c:close() end
end
]]
local function socks(mode) return peer.lua(SOCKS:format(mode, server.port)) end

local open, login, refuse, stop, odd = socks("open"), socks("login"), socks("refuse"), socks("stop"), socks("odd")
local function through(url, host)
    local out = {}
    local body, code = http.request({
        url = ("http://%s:%d/echo"):format(host or "localhost", server.port), proxy = url, pool = false,
        sink = function(chunk)
            out[#out + 1] = chunk
            return 1
        end,
    })
    return table.concat(out):match("\nX%-Named: ([^\n]*)") or code, body
end
local function at(scheme, which, credentials) return ("%s://%s127.0.0.1:%d"):format(scheme, credentials or "", which.port) end

check.equal("client.s.29: socks5 sends an address", through(at("socks5", open)), "127.0.0.1")
check.equal("client.s.29: socks5h sends the name", through(at("socks5h", open)), "localhost")
check.equal("client.s.29: socks4a sends the name", through(at("socks4a", open)), "localhost")
check.equal("client.s.29: socks5h, a name that is not known here", through(at("socks5h", open), "away.invalid"), "away.invalid")
check.equal("client.s.29: addresses are sent as such", {
    through(at("socks5h", open), "127.0.0.2"), through(at("socks4a", open), "127.0.0.2") },
    { "127.0.0.2", "127.0.0.2", 1 })
check.equal("client.s.29: IPv6", through(at("socks5h", open), "[::1]"), "ipv6 16")
check.equal("A.proxy.1: a login, decoded", through(at("socks5h", login, "u%40:p%3Aw@")), "localhost")
check.equal("client.s.30: a wrong one", through(at("socks5h", login, "u:x@")), "proxy authentication failed")
check.equal("client.s.30: none where one is needed", through(at("socks5", login)), "proxy authentication failed")
check.equal("client.s.30: refused", through(at("socks5", refuse)), "proxy refused connection (connection refused)")
check.equal("client.s.30: refused by socks4a", through(at("socks4a", refuse)), "proxy refused connection (request rejected)")
for _, scheme in ipairs({ "socks5", "socks4a" }) do
    check.equal("client.s.30: no reply at all, " .. scheme, through(at(scheme, stop)), "proxy sent no valid answer")
    check.equal("client.s.30: another reply, " .. scheme, through(at(scheme, odd)), "proxy sent no valid answer")
end
check.equal("a proxy that is not there", through("socks5://127.0.0.1:1"), "connection refused")
check.equal("an unknown scheme", { http.request({ url = "http://h/", proxy = "socks9://px", pool = true }) },
    { nil, "unsupported proxy scheme 'socks9'" })
http.PROXY = at("socks5h", open)
check.equal("A.proxy.1: http.PROXY", (http.request("http://localhost:" .. server.port .. "/echo")):match("X%-Named: (%S+)"), "localhost")
http.PROXY = nil

-- client.s.31: the route to each host, by no_proxy
local function way(host, port, pattern)
    local found = proxies.find("px:1", "http", host, port, { pattern })
    return found and "proxy" or "direct"
end
for _, case in ipairs({
    { "*", "any.test", 80, "direct" },
    { "a.test", "a.test", 80, "direct" },
    { "a.test", "www.a.test", 80, "direct" },
    { "a.test", "ba.test", 80, "proxy" },
    { ".a.test", "a.test", 80, "proxy" },
    { ".a.test", "www.a.test", 80, "direct" },
    { "A.TEST", "a.test", 80, "direct" },
    { "a.test.", "a.test", 80, "direct" },
    { "a.test:81", "a.test", 80, "proxy" },
    { "a.test:81", "a.test", 81, "direct" },
    { "10.0.0.1", "10.0.0.1", 80, "direct" },
    { "10.0.0.0/8", "10.1.2.3", 80, "direct" },
    { "10.0.0.0/8", "11.1.2.3", 80, "proxy" },
    { "10.0.0.0/8", "a.10.test", 80, "proxy" },
    { "::1", "::1", 80, "direct" },
    { "fd00::/8", "fd12::1", 80, "direct" },
    { "fd00::/8", "fe80::1", 80, "proxy" },
    { "[::1]:81", "::1", 80, "proxy" },
    { "[::1]:81", "::1", 81, "direct" },
    { "", "a.test", 80, "proxy" },
}) do
    check.equal(("client.s.31: %s, %s:%d"):format(case[1], case[2], case[3]), way(case[2], case[3], case[1]), case[4])
end

-- client.s.31: each variable. The test replaces the environment.
local variables = {}
local getenv = os.getenv
function os.getenv(name) return variables[name] end -- luacheck: ignore
local function environment(set, scheme, host)
    variables = set
    local found, err = proxies.find("environment", scheme or "http", host or "a.test", 80)
    if found == nil then return err end
    return found and found.scheme .. "://" .. found.host .. ":" .. found.port or "direct"
end
check.equal("client.s.31: none", environment({}), "direct")
check.equal("client.s.31: http_proxy", environment({ http_proxy = "http://px:99" }), "http://px:99")
check.equal("client.s.31: without a scheme", environment({ http_proxy = "px:99" }), "http://px:99")
check.equal("client.s.31: lower case first", environment({ http_proxy = "px:1", HTTP_PROXY = "px:2" }), "http://px:1")
check.equal("client.s.31: HTTP_PROXY", environment({ HTTP_PROXY = "px:2" }), "http://px:2")
check.equal("client.s.31: not of a gateway", environment({ HTTP_PROXY = "px:2", REQUEST_METHOD = "GET" }), "direct")
check.equal("client.s.31: https_proxy", environment({ https_proxy = "px:3", http_proxy = "px:4" }, "https"), "http://px:3")
check.equal("client.s.31: not for http", environment({ https_proxy = "px:3" }), "direct")
check.equal("client.s.31: all_proxy", environment({ ALL_PROXY = "socks5h://px" }), "socks5h://px:1080")
check.equal("client.s.31: no_proxy", environment({ http_proxy = "px:1", no_proxy = "b.test, a.test" }), "direct")
check.equal("client.s.31: NO_PROXY", environment({ http_proxy = "px:1", NO_PROXY = "*" }), "direct")
check.equal("client.s.31: another host", environment({ http_proxy = "px:1", no_proxy = "b.test" }), "http://px:1")
check.equal("client.s.31: an empty variable is none", environment({ http_proxy = "", HTTP_PROXY = "px:2" }), "http://px:2")
check.equal("client.s.31: nonsense", environment({ http_proxy = "http://" }), "invalid proxy 'http://'")
for _, host in ipairs({ "localhost", "127.0.0.1", "127.9.9.9", "::1" }) do
    check.equal("client.s.32: " .. host, environment({ http_proxy = "px:1" }, "http", host), "direct")
end
variables = { http_proxy = "127.0.0.1:1" }
check.equal("A.proxy.3: the field", { http.request({ url = "http://a.test/", proxy = "environment" }) }, { nil, "connection refused" })
check.ok("A.proxy.3: hosts of this machine", http.request({ url = "http://127.0.0.1:" .. server.port .. "/echo", proxy = "environment" }))
check.equal("A.proxy.5: noproxy takes precedence over the environment", { http.request({
    url = "http://127.0.0.3:1/", proxy = "127.0.0.1:" .. server.port, noproxy = { "127.0.0.3" },
}) }, { nil, "connection refused" })
os.getenv = getenv -- luacheck: ignore
check.ok("a socket is left for others", socket.tcp())
check.done()
