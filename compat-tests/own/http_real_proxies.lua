-- not on: lua5.1, lua5.2, lua5.3, lua5.5, runner
-- needs: microsocks, tinyproxy, nginx, certs
-- Real proxies: microsocks for SOCKS 5, with and without a login; tinyproxy for HTTP and CONNECT (client.s.29, 30).
local check = require("check")
local http = require("socket.http")
local ports = require("ports")
local socket = require("socket")
local ltn12 = require("ltn12")

http.TIMEOUT = 20
local CA = os.getenv("COMPAT_CERTS") .. "/ca.crt"
local WEB = "http://127.0.0.1:" .. os.getenv("COMPAT_HTTP_PORT") .. "/index.html"
local SECURE = "https://localhost:" .. os.getenv("COMPAT_HTTPS_PORT") .. "/index.html"

local running = {}
-- Starts a program that listens on a port, and waits until it does.
local function start(command, port)
    local shell = io.popen(command .. " >/dev/null 2>&1 & echo $!")
    running[#running + 1] = shell:read("*n")
    shell:close()
    for _ = 1, 200 do
        local client = socket.connect("127.0.0.1", port)
        if client then return client:close() end
        socket.sleep(0.05)
    end
    error("no proxy: " .. command)
end

local function get(url, proxy, pool)
    local body = {}
    local ok, code = http.request({ url = url, proxy = proxy, cafile = CA, pool = pool, sink = ltn12.sink.table(body) })
    return ok and code == 200 and #table.concat(body) > 0 or code
end

local open, login, web = ports.free(), ports.free(), ports.free()
start("microsocks -i 127.0.0.1 -p " .. open, open)
start("microsocks -i 127.0.0.1 -u user -P 'p@ss' -p " .. login, login)
local path = os.tmpname()
local file = assert(io.open(path, "w"))
file:write("Port ", web, "\nListen 127.0.0.1\nTimeout 20\nMaxClients 20\nConnectPort ", os.getenv("COMPAT_HTTPS_PORT"),
    "\nAllow 127.0.0.1\nBasicAuth user pass\n")
file:close()
start("tinyproxy -d -c " .. path, web)

local ok, failure = pcall(function()
    local pool = http.pool()
    for _, kept in ipairs({ false, pool }) do
        for _, scheme in ipairs({ "socks5", "socks5h" }) do
            local proxy = ("%s://127.0.0.1:%d"):format(scheme, open)
            check.equal("client.s.29: " .. scheme .. ", http", get(WEB, proxy, kept), true)
            check.equal("client.s.29: " .. scheme .. ", https", get(SECURE, proxy, kept), true)
        end
        local proxy = ("socks5h://user:p%%40ss@127.0.0.1:%d"):format(login)
        check.equal("A.proxy.1: a login, https", get(SECURE, proxy, kept), true)
        check.equal("A.proxy: tinyproxy, http", get(WEB, ("http://user:pass@127.0.0.1:%d"):format(web), kept), true)
        check.equal("A.proxy: tinyproxy, https", get(SECURE, ("user:pass@127.0.0.1:%d"):format(web), kept), true)
    end
    check.ok("connections through proxies are kept", pool:stats().idle >= 5, pool:stats().idle)
    check.equal("and used again", get(SECURE, ("socks5://127.0.0.1:%d"):format(open), pool), true)
    check.ok("and counted", pool:stats().reused >= 1)
    check.equal("client.s.30: a wrong password", get(WEB, ("socks5://user:x@127.0.0.1:%d"):format(login)),
        "proxy authentication failed")
    check.equal("client.s.30: none", get(WEB, ("socks5://127.0.0.1:%d"):format(login)), "proxy authentication failed")
    local refused = get("http://127.0.0.1:1/", ("socks5://127.0.0.1:%d"):format(open))
    check.equal("client.s.30: a target that refuses", refused, "proxy refused connection (connection refused)")
    check.equal("tinyproxy without a login", get(SECURE, ("127.0.0.1:%d"):format(web)), "proxy refused CONNECT (407)")
end)
for _, pid in ipairs(running) do os.execute("kill " .. math.floor(pid) .. " 2>/dev/null") end
os.remove(path)
check.ok("the script came to its end", ok, failure)
check.done()
