-- not on: lua5.2, lua5.3, runner-lua5.5
-- needs: python3
-- Module http: redirects, and what is not forwarded to another origin (client.s.26, 51 to 54, 64; B.redirect).
local check = require("check")
local client_peer = require("client_peer")
local http = require("http")

local server, other = client_peer.start(), client_peer.start()
local base = server.base

local function escaped(text) return (text:gsub("[^%w]", function(c) return ("%%%02X"):format(c:byte()) end)) end
local function redirect(code, to, more) return base .. "/redirect/" .. code .. "?to=" .. escaped(to) .. (more or "") end
local echoed, failure = client_peer.echoed, client_peer.failure

local r = http.get(base .. "/chain/10")
check.equal("client.s.51", { r.status, #r.history, r.body, r.url }, { 200, 10, "end", base .. "/chain/0" })
check.equal("client.s.51 history", { r.history[1].status, r.history[1].url, r.history[1].headers.location },
    { 302, base .. "/chain/10", "/chain/9" })
check.equal("client.s.51 eleven", failure(http.get(base .. "/chain/11")), { "too many redirects", "redirect" })
check.equal("B.redirect.3 a limit", { failure(http.get(base .. "/chain/3", { redirect = 2 })),
    #http.get(base .. "/chain/3", { redirect = 3 }).history }, { { "too many redirects", "redirect" }, 3 })
r = http.get(base .. "/chain/3", { redirect = false })
check.equal("B.redirect.3 false", { r.status, r.body, r.headers.location }, { 302, "on", "/chain/2" })

for _, code in ipairs({ 301, 302, 303 }) do
    local line, fields, body = echoed(http.post(redirect(code, "/echo"), { form = { a = 1 }, headers = { ["content-language"] = "en" } }))
    check.equal("client.s.52 " .. code, { line, body, fields["Content-Type"], fields["Content-Length"], fields["content-language"] },
        { "GET /echo", "" })
end
for _, code in ipairs({ 307, 308 }) do
    local line, fields, body = echoed(http.post(redirect(code, "/echo"), { form = { a = 1 } }))
    check.equal("client.s.52 " .. code, { line, body, fields["Content-Type"] },
        { "POST /echo", "a=1", { "application/x-www-form-urlencoded" } })
    local given = false
    check.equal("client.s.52 from a source, " .. code, failure(http.post(redirect(code, "/echo"), { body = function()
        if not given then
            given = true
            return "x"
        end
    end })), { "redirect needs the body again", "redirect" })
end
check.equal("B.redirect.1 other methods stay", echoed(http.put(redirect(302, "/echo"), { body = "x" })), "PUT /echo")
check.equal("B.redirect.1 303 after PUT", echoed(http.put(redirect(303, "/echo"), { body = "x" })), "GET /echo")
check.equal("B.redirect.1 HEAD stays HEAD", http.head(redirect(303, "/head?a=1")).headers["X-Request-Uri"], "/head?a=1")
local file = assert(io.open("upload", "w+b"))
file:write("0123456789")
file:seek("set", 4)
local _, _, body = echoed(http.post(redirect(307, "/echo"), { body = file }))
check.equal("B.redirect.1 a file is rewound", body, "456789")
file:close()
_, _, body = echoed(http.post(redirect(307, "/echo"), { multipart = { { name = "f", file = "upload" } } }))
check.ok("B.redirect.1 a multipart body too", body:find("\r\n\r\n0123456789\r\n--", 1, true), body)

-- client.s.53
local secrets = { auth = { user = "u", pass = "p" }, cookies = { c = "1" }, headers = { { "X-Kept", "1" },
    { "Proxy-Authorization", "x" } } }
local _, fields = echoed(http.get(redirect(302, "/echo"), secrets))
check.equal("within an origin all is kept", { fields.Authorization, fields.Cookie, fields["Proxy-Authorization"] },
    { { "Basic dTpw" }, { "c=1" }, { "x" } })
_, fields = echoed(http.get(redirect(302, other.base .. "/echo"), secrets))
check.equal("client.s.53", { fields.Authorization, fields.Cookie, fields["Proxy-Authorization"], fields["X-Kept"], fields.Host },
    { nil, nil, nil, { "1" }, { other.host } })
local there_and_back = redirect(302, other.base .. "/redirect/302?to=" .. escaped(base .. "/echo"))
_, fields = echoed(http.get(there_and_back, secrets))
check.equal("client.s.53 back again", { fields.Authorization, fields.Cookie, fields["X-Kept"] }, { nil, nil, { "1" } })
_, fields = echoed(http.get(redirect(302, other.base .. "/echo"),
    { headers = { Authorization = "secret", Host = "virtual", Cookie = "a" } }))
check.equal("client.s.53 as headers", { fields.Authorization, fields.Cookie, fields.Host }, { nil, nil, { other.host } })
_, fields = echoed(http.get(redirect(302, "http://a:b@" .. other.host .. "/echo"), secrets))
check.equal("B.redirect.2 a Location's credentials", fields.Authorization, { "Basic YTpi" })
r = http.get((redirect(302, "/echo"):gsub("//", "//u:p@", 1)))
_, fields = echoed(r)
check.equal("the URL's user within an origin", { fields.Authorization, r.url }, { { "Basic dTpw" }, base .. "/echo" })

-- Locations
r = http.get(base .. "/redirect/302")
check.equal("B.redirect.4 no Location", { r.status, r.body }, { 302, "go" })
r = http.get(redirect(302, "ftp://h/x"))
check.equal("B.redirect.3 another scheme", { r.status, r.body }, { 302, "go" })
r = http.get(redirect(302, "http://:/"))
check.equal("B.redirect.4 an unusable Location", r and r.status, 302)
r = http.get(redirect(302, "../echo?x#part"))
check.equal("B.redirect.4 relative, with a fragment", { echoed(r), r.url }, { "GET /echo?x", base .. "/echo?x" })
r = http.get(redirect(300, "/echo"))
check.equal("another 3xx", r.status, 300)

-- parsing text from a peer takes time linear in its length
local started = os.clock()
r = http.get(redirect(302, "http://" .. ("1"):rep(40000) .. ":x/"))
check.equal("a long Location", r and r.status, 302)
r = http.get(base .. "/set?a=" .. "x%3D" .. ("+"):rep(40000) .. "y")
check.equal("a long Set-Cookie", r and r.cookies.x, "y")
check.ok("in time", os.clock() - started < 5, os.clock() - started)

-- client.s.26
local jar = http.jar()
jar:set(base .. "/", "here=1")
http.get(redirect(302, "http://localhost:" .. other.port .. "/echo", "&cookie=" .. escaped("set=2; Path=/")), { jar = jar })
check.equal("client.s.26 an answer that redirects sets cookies", jar:header(base .. "/"), "here=1; set=2")
_, fields = echoed(http.get(redirect(302, "http://localhost:" .. other.port .. "/echo"), { jar = jar }))
check.equal("client.s.26 another host gets none", fields.Cookie, nil)
_, fields = echoed(http.get(redirect(302, "/echo"), { jar = jar, cookies = { here = "mine" } }))
check.equal("B.options cookies go before the jar's", fields.Cookie, { "here=mine; set=2" })
check.done()
