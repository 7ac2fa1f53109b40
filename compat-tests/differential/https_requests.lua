-- needs: certs, python3
-- ssl.https compared with LuaSec: results, refusals, the data that reaches the server.
local show = require("show")
local tls = require("tls")
local https = require("ssl.https")
local http = require("socket.http")
local ltn12 = require("ltn12")

local CA = tls.certificates .. "ca.crt"
local page = tls.peer("tls", "request", "page", "notify", "hold")
local function url(path, port) return "https://localhost:" .. (port or page.port) .. (path or "/") end

-- A request with the parameters that LuaSec requires.
local function request(f, changes)
    local chunks = {}
    local reqt = { url = url(), verify = "peer", cafile = CA, sink = (ltn12.sink.table(chunks)) }
    for name, value in pairs(changes or {}) do reqt[name] = value end
    local ok, code, headers, status = f(reqt)
    return ok, code, headers, status, table.concat(chunks)
end

show("D1 fields", https.PORT, https.TIMEOUT, type(https.request), type(https.tcp), type(https._VERSION), type(https._COPYRIGHT))
show("D3 table", request(https.request))
show("D11 http.request", request(http.request))
show("D3 HEAD", request(https.request, { method = "HEAD" }))
show("D3 POST", request(https.request, { method = "POST", source = ltn12.source.string("a=b"), headers = { ["content-length"] = 3 } }))
show("D4 create", https.request({ url = url(), create = print }))
show("redirect=false", request(https.request, { redirect = false }))
show("D8 protocol", (select(2, request(https.request, { protocol = "bogus" }))))
show("D8 option", (select(2, request(https.request, { options = "bogus" }))))
show("D8 verify", (select(2, request(https.request, { verify = "bogus" }))))
for _, wrong in ipairs({ "", 5 }) do show("D5 " .. type(wrong), (pcall(https.request, wrong))) end
show("D5 nothing", (pcall(https.request)))
show("D5 table without url", (pcall(https.request, {})))
show("D5 any scheme", request(https.request, { url = "http://localhost:" .. page.port .. "/" }))
show("D5 no scheme", request(https.request, { url = "//localhost:" .. page.port .. "/" }))

local function serve(text, ...)
    return tls.peer("tls", "request", "send:" .. text:gsub("\r", "\\r"):gsub("\n", "\\n"), ...).port
end
local OK = "HTTP/1.1 200 OK\r\n"
for _, case in ipairs({
    { "45 until closed", OK .. "\r\nbody", "notify", "hold" },
    { "91 chunked", OK .. "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "notify", "hold" },
    { "46 short", OK .. "Content-Length: 100\r\n\r\n12345", "notify", "hold" },
    { "46 short and truncated", OK .. "Content-Length: 100\r\n\r\n12345", "cut" },
    { "add.28 reset", OK .. "Content-Length: 4\r\n\r\nbody", "reset" },
    { "add.28 chunked, reset", OK .. "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n", "reset" },
    { "add.28 short, reset", OK .. "Content-Length: 100\r\n\r\n12345", "reset" },
    { "add.28 chunked, short, reset", OK .. "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n", "reset" },
    { "204", "HTTP/1.1 204 No Content\r\n\r\n", "notify", "hold" },
    { "404", "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone", "notify", "hold" },
    { "85 to http", "HTTP/1.1 302 Found\r\nLocation: http://localhost:1/\r\nContent-Length: 0\r\n\r\n", "notify", "hold" },
}) do
    local name, text = case[1], case[2]
    local port = serve(text, (unpack or table.unpack)(case, 3))
    show(name .. ", https", request(https.request, { url = url("/", port) }))
    show(name .. ", http", request(http.request, { url = url("/", port) }))
end
local from = serve("HTTP/1.1 302 Found\r\nLocation: " .. url("/there") .. "\r\nContent-Length: 0\r\n\r\n", "notify", "hold")
local ok, code, headers, status, body = request(https.request, { url = url("/", from) })
show("87 followed", ok, code, headers and headers["content-length"], status, body)

local refused = tls.peer("cert=untrusted", "tls").port
show("D8 refused", (select(2, request(https.request, { url = url("/", refused) }))))
show("D8 refused, http", (select(2, request(http.request, { url = url("/", refused) }))))
local plain = tls.peer("hello", "plain:HTTP/1.1 400 x\\r\\n\\r\\n", "hold").port
show("D8 plain HTTP", (select(2, request(https.request, { url = url("/", plain) }))))
show("D8 ends", (select(2, request(https.request, { url = url("/", tls.peer("hello", "cut").port) }))))

-- D10
local create = https.tcp({ mode = "client", protocol = "any", verify = "peer", cafile = CA })
local conn = create()
show("D10 made", type(conn), type(conn.sock), type(conn.connect), type(conn.settimeout))
show("D10 settimeout", conn:settimeout(0.001))
show("D10 connect", conn:connect("localhost", page.port))
for _, name in ipairs({ "send", "receive", "close", "getfd", "dirty", "want", "info", "sni", "getpeercertificate" }) do
    show("D10 " .. name, type(conn[name]))
end
show("D10 send", conn:send("GET / HTTP/1.0\r\n\r\n"))
show("D10 receive", conn:receive())
show("D10 close", conn:close())
