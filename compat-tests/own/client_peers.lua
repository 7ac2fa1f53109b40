-- needs: nginx, apache, certs, curl, python3
-- environment: http_proxy=http://127.0.0.1:1
-- not on: lua5.2, lua5.3, runner-lua5.5
-- Module http with nginx, Apache and curl (client.s.10, 25, 32, 37, 54, A.jar.7, A.proxy.3, B.calls.7).
local check = require("check")
local client_peer = require("client_peer")
local http = require("http")

local nginx = "127.0.0.1:" .. os.getenv("COMPAT_HTTP_PORT")
local secure = "https://localhost:" .. os.getenv("COMPAT_HTTPS_PORT")
local apache = "http://127.0.0.1:" .. os.getenv("COMPAT_APACHE_PORT")
local certs = os.getenv("COMPAT_CERTS")
local tls = { cafile = certs .. "/ca.crt" }

local failure = client_peer.failure

-- client.s.32: the environment names a proxy that does not exist
local pool = http.pool()
local r = http.get("http://" .. nginx .. "/small.txt", { pool = pool })
check.equal("client.s.32", r and r.status, 200)
local message, phase = select(2, http.get("http://nowhere.invalid/"))
check.equal("A.proxy.3 other hosts go to it", { message, phase }, { "connection refused", "proxy" })
check.equal("proxy = false", select(3, http.get("http://nowhere.invalid/", { proxy = false })), "resolve")
check.equal("A.proxy.5 noproxy", select(3, http.get("http://nowhere.invalid/", { noproxy = { ".invalid" } })), "resolve")

-- kept connections
for _ = 1, 9 do r = http.get("http://" .. nginx .. "/large.bin", { pool = pool }) end
check.equal("nginx: a large file", r.body_size, 4 * 1048576)
check.equal("nginx: one connection", { pool:stats().made, pool:stats().reused }, { 1, 9 })
r = http.get("http://" .. nginx .. "/empty", { pool = pool })
check.equal("nginx: 204", { r.status, r.body }, { 204, "" })
r = http.head("http://" .. nginx .. "/large.bin", { pool = pool })
check.equal("nginx: HEAD", { r.headers["content-length"], r.body }, { "4194304", "" })
r = http.get("http://" .. nginx .. "/redirect/302", { pool = pool })
check.equal("nginx: a redirect", { r.status, #r.history }, { 200, 1 })
check.equal("nginx: still one connection", pool:stats().made, 1)

-- client.s.37
local response, why
response, message, phase, why = http.get(secure .. "/small.txt")
check.equal("client.s.37", { response, message, phase, type(why) }, { nil, "certificate verify failed", "tls", "string" })
r = http.get(secure .. "/small.txt", { tls = tls, pool = pool })
check.equal("https", r and r.status, 200)
http.get(secure .. "/small.txt", { tls = { cafile = tls.cafile }, pool = pool })
check.equal("https: one connection", { pool:stats().made, pool:stats().idle }, { 2, 2 })
http.get(secure .. "/small.txt", { tls = { verify = "none" }, pool = pool })
check.equal("client.s.10 other parameters, another connection", pool:stats().made, 3)
pool:close()
check.equal("closed", pool:stats().idle, 0)

-- client.s.54
local https_peer = client_peer.start(certs .. "/good.pem", certs .. "/good.key")
local plain = client_peer.start()
local there = "https://localhost:" .. https_peer.port .. "/redirect/302?to=" .. (plain.base .. "/echo"):gsub("%W", function(c)
    return ("%%%02X"):format(c:byte())
end)
check.equal("client.s.54", failure(http.get(there, { tls = tls })), { "redirect from https to http refused", "redirect" })
r = http.get(there, { tls = tls, downgrade = true, auth = { user = "u", pass = "p" }, cookies = { c = 1 } })
local _, fields = client_peer.echo(r.body)
check.equal("client.s.54 downgrade", { r.url, fields.Authorization, fields.Cookie }, { plain.base .. "/echo" })
r = http.post("https://localhost:" .. https_peer.port .. "/digest", { tls = tls, body = ("x"):rep(1000000) })
check.ok("https: a large body", r.body:find("^1000000 "))

-- Apache: Basic, CGI, a proxy
r = http.get(apache .. "/luasocket-test/auth/index.html", { auth = { user = "luasocket", pass = "password" } })
check.equal("Apache: Basic", r.status, 200)
check.equal("Apache: without", http.get(apache .. "/luasocket-test/auth/index.html").status, 401)
r = http.post(apache .. "/luasocket-test-cgi/echo", { body = "echoed" })
check.equal("Apache: echo", r.body, "echoed")
local given = { "in ", "pieces" }
r = http.post(apache .. "/luasocket-test-cgi/echo", { body = function() return table.remove(given, 1) end })
check.equal("Apache: chunks", r.body, "in pieces")
local proxy = "http://127.0.0.1:" .. os.getenv("COMPAT_PROXY_PORT")
_, fields = client_peer.echo(http.get(plain.base .. "/echo", { proxy = proxy }).body)
check.equal("Apache: a proxy, which closes its own connection", fields.Connection, { "close" })
r = http.get(secure .. "/small.txt", { proxy = proxy, tls = tls })
check.equal("Apache: CONNECT", r and r.status, 200)

-- client.s.25: we read curl's cookie file, and curl reads ours
local function curl(arguments)
    local pipe = assert(io.popen("curl -s --noproxy '*' " .. arguments))
    local output = pipe:read("*a")
    pipe:close()
    return output
end
curl("-c curl.txt -o /dev/null '" .. plain.base .. "/set?a=one%3D1%3B+Max-Age%3D1000&b=two%3D2%3B+Path%3D/&c=three%3D3%3B+HttpOnly'")
local jar = http.jar()
check.equal("client.s.25 a file of curl's", jar:load("curl.txt"), true)
local function names(cookies)
    local found = {}
    for i, cookie in ipairs(cookies) do found[i] = cookie.name .. "=" .. cookie.value .. (cookie.httponly and "!" or "") end
    table.sort(found)
    return found
end
check.equal("client.s.25 its cookies", names(jar:cookies()), { "one=1", "three=3!", "two=2" })
check.equal("client.s.25 save", jar:save("ours.txt"), true)
local sent = curl("-b ours.txt '" .. plain.base .. "/get_cookie'")
local pairs_sent = {}
for pair in sent:gmatch("[^; ]+") do pairs_sent[#pairs_sent + 1] = pair end
table.sort(pairs_sent)
check.equal("client.s.25 curl sends them", pairs_sent, { "one=1", "three=3", "two=2" })
check.done()
