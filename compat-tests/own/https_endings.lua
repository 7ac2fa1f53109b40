-- not on: lua5.1, lua5.2, lua5.3, lua5.5
-- needs: certs, python3
-- Over TLS only close_notify, a length or the last chunk ends a body (add.51); kept connections over TLS (client.s.10).
local check = require("check")
local client_peer = require("client_peer")
local tls = require("tls")
local http = require("socket.http")
local ltn12 = require("ltn12")
local socket = require("socket")

http.TIMEOUT = 20
local OK = "HTTP/1.1 200 OK\\r\\n"
local CA = tls.certificates .. "ca.crt"

-- The results of a request whose answer ends in this way, and the body received so far.
local function get(reply, ending, fields)
    local server = tls.peer("tls", "request", "send:" .. reply, ending, ending == "notify" and "hold" or ending)
    local body = {}
    local reqt = { url = "https://localhost:" .. server.port .. "/", cafile = CA, sink = ltn12.sink.table(body) }
    for name, value in pairs(fields or {}) do reqt[name] = value end
    local ok, code = http.request(reqt)
    return ok, code, table.concat(body)
end

for _, fields in ipairs({ {}, { pool = true } }) do
    local name = next(fields) or "no field"
    check.equal("add.51: close_notify, " .. name, { get(OK .. "\\r\\nbody", "notify", fields) }, { 1, 200, "body" })
    for _, ending in ipairs({ "cut", "reset" }) do
        local ok, message = get(OK .. "\\r\\nbody", ending, fields)
        check.ok("add.51: " .. ending .. ", " .. name, not ok and (message == "closed" or message:find("eof")), message)
        ok, message = get(OK .. "Content-Length: 100\\r\\n\\r\\nbody", ending, fields)
        check.ok("add.51: " .. ending .. " before the length, " .. name, not ok, message)
        ok, message = get(OK .. "Transfer-Encoding: chunked\\r\\n\\r\\n4\\r\\nbody\\r\\n", ending, fields)
        check.ok("add.51: " .. ending .. " before the last chunk, " .. name, not ok, message)
        check.equal("add.28: " .. ending .. " after the length, " .. name,
            { get(OK .. "Content-Length: 4\\r\\n\\r\\nbody", ending, fields) }, { 1, 200, "body" })
    end
end
-- the string form, and socket.source
local server = tls.peer("tls", "request", "send:" .. OK .. "\\r\\nbody", "reset")
check.ok("add.51: the string form", (http.request({ url = "https://localhost:" .. server.port .. "/", cafile = CA })) == nil)
for _, ending in ipairs({ "cut", "reset", "notify" }) do
    server = tls.peer("tls", "line", "send:body", ending)
    local object = tls.connect(require("ssl"), server.port)
    object:send("go\n")
    local source = socket.source("until-closed", object)
    local piece, message
    repeat piece, message = source() until not piece
    check.equal("add.51: socket.source, " .. ending, message ~= nil, ending ~= "notify")
end

-- client.s.10
local kept = client_peer.start(tls.certificates .. "good.pem", tls.certificates .. "good.key")
local pool = http.pool()
local function connection(fields)
    local body = {}
    local reqt = { url = "https://localhost:" .. kept.port .. "/connection", cafile = CA, pool = pool, sink = ltn12.sink.table(body) }
    for name, value in pairs(fields or {}) do reqt[name] = value end
    local ok, message = http.request(reqt)
    return ok and table.concat(body) or message
end
local first = connection()
check.equal("client.s.2: https on a kept connection", connection(), first)
check.equal("client.s.10: the same parameters, another table",
    connection({ options = { "all", "no_sslv2", "no_sslv3", "no_tlsv1" } }), first)
check.ok("client.s.10: another verify", connection({ verify = "none" }) ~= first)
check.ok("client.s.10: another cafile", connection({ cafile = tls.certificates .. "ca-with-crl.pem" }) ~= first)
check.equal("client.s.10: the first is still there", connection(), first)
check.equal("client.s.10: counts", pool:stats(), { idle = 3, made = 3, reused = 3, dropped = 0 })
-- add.41: a client certificate is used only for its origin, also in a `create` of ssl.https
local other = tls.peer("tls", "report", "request", "page", "notify", "hold")
local moved = tls.peer("tls", "request", "send:HTTP/1.1 302 x\\r\\nLocation: https://localhost:" .. other.port
    .. "/\\r\\nContent-Length: 0\\r\\n\\r\\n", "notify", "hold")
local certified = { cafile = CA, certificate = tls.certificates .. "good.pem", key = tls.certificates .. "good.key" }
for _, create in ipairs({ false, true }) do
    local reqt = { url = "https://localhost:" .. moved.port .. "/" }
    if create then
        reqt.create = require("ssl.https").tcp(certified)
    else
        for name, value in pairs(certified) do reqt[name] = value end
    end
    check.equal("add.41: followed" .. (create and ", with a create" or ""), { (select(2, http.request(reqt))) }, { 200 })
end
pool:close()
check.done()
