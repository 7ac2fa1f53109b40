-- not on: lua5.2, lua5.3
-- needs: python3
-- Kept connections of http.request{ pool = … } (client.s.2 to client.s.13).
local check = require("check")
local client_peer = require("client_peer")
local peer = require("peer")
local http = require("socket.http")
local ltn12 = require("ltn12")
local socket = require("socket")

http.TIMEOUT = 20
local server = client_peer.start()
local base = server.base

local function get(path, fields) return client_peer.request(base, path, fields) end

-- client.s.2
local pool = http.pool()
local first = get("/connection", { pool = pool })
check.equal("client.s.2: the second request on the same connection", get("/connection", { pool = pool }), first)
check.equal("client.s.2: stats", pool:stats(), { idle = 1, made = 1, reused = 1, dropped = 0 })
check.ok("client.s.2: Connection: TE", get("/echo", { pool = pool }):find("\nConnection: TE\n", 1, true))
-- client.s.3
check.ok("client.s.3: without the field", get("/connection") ~= get("/connection"))
check.ok("client.s.3: Connection: close, TE", get("/echo"):find("\nConnection: close, TE\n", 1, true))
http.POOL = pool
check.equal("A: the setting counts", get("/connection"), first)
check.ok("A: false switches it off", get("/connection", { pool = false }) ~= first)
check.equal("A: the string form follows it", (http.request(base .. "/connection")), first)
http.POOL = nil
check.ok("A: pool = true is the module's own", get("/connection", { pool = true }) == get("/connection", { pool = true }))
check.raises("A: a pool of the wrong type", "pool expected", http.request, { url = base, pool = "x" })
check.raises("A.pool.1: an unknown option", "invalid option 'size'", http.pool, { size = 1 })

-- A server with prepared answers: each line of its script is the answer on one connection.
local function prepared(code)
    return peer.lua([[
local socket = require("socket")
local listener = assert(socket.bind("127.0.0.1", 0))
print((select(2, listener:getsockname())))
local function request(c)
    local line, length = c:receive(), 0
    if not line then return nil end
    local field = line
    while field and field ~= "" do
        field = c:receive()
        length = tonumber(field and field:match("^[Cc]ontent%-[Ll]ength: (%d+)")) or length
    end
    if length > 0 then c:receive(length) end
    return line
end
local OK = "HTTP/1.1 200 OK\r\n"
]] .. code)
end

-- client.s.4: events that end a connection. Each answer contains the number of its connection.
local ends = prepared([[
local ANSWERS = {
    OK .. "\r\n%d", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n%d", OK .. "Connection: close\r\nContent-Length: 1\r\n\r\n%d",
    OK .. "Content-Length: 1\r\n\r\n%dx", OK .. "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n%d\r\n0\r\n\r\n",
    OK .. "A: b\r\n c\r\nContent-Length: 1\r\n\r\n%d", OK .. "Content-Length: 1, 1\r\n\r\n%d",
}
for i = 1, #ANSWERS do
    local c = listener:accept()
    if request(c) then
        c:send(ANSWERS[i]:format(i))
        -- the last connection is kept
        if i == #ANSWERS then
            request(c)
            c:send(ANSWERS[i]:format(9))
        end
    end
    if i == 1 then c:shutdown("send") else c:settimeout(5) c:receive() end
    c:close()
end
]])
pool = http.pool()
for _, expected in ipairs({ "1", "2", "3", "4", "5", "6", "7", "9" }) do
    check.equal("client.s.4: connection " .. expected, get("http://127.0.0.1:" .. ends.port .. "/", { pool = pool }), expected)
end
pool:close()
ends:close()

-- client.s.5: closed while idle; client.s.6: closed on the second request; client.s.7: closed without an answer
local closing = prepared([[
local function one(answers, last)
    local c = listener:accept()
    for _ = 1, answers do
        request(c)
        c:send(OK .. "Content-Length: 2\r\n\r\nok")
    end
    if last then last(c) end
    c:close()
    print("closed")
end
one(1)
one(1, request)
one(2, request)
one(0, request)
one(0, request)
]])
local at = "http://127.0.0.1:" .. closing.port .. "/"
pool = http.pool()
local function post(fields)
    fields.method, fields.source, fields.headers = "POST", ltn12.source.string("abc"), { ["content-length"] = 3 }
    return get(at, fields)
end
check.equal("client.s.5: the first", get(at, { pool = pool }), "ok")
closing.output:read("*l")
check.equal("client.s.5: the next after the server has closed", get(at, { pool = pool }), "ok")
check.equal("client.s.6: GET is sent again", get(at, { pool = pool }), "ok")
check.equal("client.s.6: stats", pool:stats(), { idle = 1, made = 3, reused = 1, dropped = 1 })
check.equal("client.s.6: a second answer on it", get(at, { pool = pool }), "ok")
check.equal("client.s.6: POST is not", { post({ pool = pool }) }, { nil, "closed", "" })
check.equal("client.s.7: a new connection closed without an answer", { get(at, { pool = pool }) }, { nil, "closed", "" })
check.equal("A.pool.7: retries is for more", { get(at, { pool = pool, retries = 0 }) }, { nil, "closed", "" })
closing:close()

-- client.s.8
local aging = http.pool({ age = 0.2 })
first = get("/connection", { pool = aging })
socket.sleep(0.3)
check.ok("client.s.8: older than age", get("/connection", { pool = aging }) ~= first)
local hinting = prepared([[
local c = listener:accept()
request(c)
c:send(OK .. "Keep-Alive: timeout=1, max=5\r\nContent-Length: 1\r\n\r\n1")
local d = listener:accept()
request(d)
d:send(OK .. "Content-Length: 1\r\n\r\n2")
d:receive()
]])
pool = http.pool()
at = "http://127.0.0.1:" .. hinting.port .. "/"
check.equal("client.s.8: the server's hint", { (get(at, { pool = pool })), (get(at, { pool = pool })) }, { "1", "2" })
pool:close()
hinting:close()

-- A.pool.8
local small = http.pool({ idle = 1 })
first = get("/connection", { pool = small })
get("http://localhost:" .. server.port .. "/connection", { pool = small })
check.equal("A.pool.8: the oldest goes", small:stats().idle, 1)
check.ok("A.pool.8: it is the other host's that stayed", get("/connection", { pool = small }) ~= first)
local none = http.pool({ perhost = 0 })
check.ok("A.pool.8: none for a host", get("/connection", { pool = none }) ~= get("/connection", { pool = none }))

-- client.s.11
pool = http.pool()
local function stop_after_one(path)
    local seen = 0
    local ok, code = http.request({ url = base .. path, pool = pool, sink = function(chunk)
        seen = seen + (chunk and #chunk or 0)
        return nil
    end })
    return ok, code
end
check.equal("client.s.11: stopped", { stop_after_one("/bytes/10000") }, { 1, 200 })
check.equal("client.s.11: a short rest is read", pool:stats().idle, 1)
check.equal("client.s.11: stopped", { stop_after_one("/bytes/10000000") }, { 1, 200 })
check.equal("client.s.11: of a long one the connection is closed", pool:stats().idle, 0)

-- client.s.13
pool = http.pool()
first = get("/connection", { pool = pool })
for _, method in ipairs({ "HEAD", "GET" }) do
    for _, path in ipairs({ "/bytes/5", "/status/204", "/status/304" }) do
        local body = get(path, { pool = pool, method = method })
        check.equal("client.s.13: " .. method .. " " .. path, body, method == "GET" and path == "/bytes/5" and "xxxxx" or "")
    end
end
check.equal("client.s.13: on one connection", get("/connection", { pool = pool }), first)

-- after an error, no connection is kept; a callback that raises leaves no connection open
pool = http.pool()
local ok, message = pcall(http.request, { url = base .. "/bytes/1000000", pool = pool, sink = function() error("boom", 0) end })
check.equal("http.bugs.11: a sink raises", { ok, message }, { false, "boom" })
check.equal("A.pool.6: nothing is kept then", pool:stats().idle, 0)
check.equal("http.bugs.11: a source fails", { get("/echo", { pool = pool, method = "POST", source = function() return nil, "E" end }) },
    { nil, "E", "" })
check.equal("A.pool.6: nor then", pool:stats().idle, 0)
check.equal("A.pool.3: a create of the user's is not pooled", (function()
    get("/connection", { pool = pool, create = function() return socket.tcp() end })
    return pool:stats()
end)(), { idle = 0, made = 2, reused = 0, dropped = 0 })
-- a program may put its own objects in the place of sockets
do
    local tcp, seen = socket.tcp, {}
    local class = {
        __index = function(object, name)
            return function(_, ...)
                seen[name] = true
                return object.sock[name](object.sock, ...)
            end
        end,
    }
    -- luacheck: ignore 122
    socket.tcp = function() return setmetatable({ sock = assert(tcp()) }, class) end
    local before = pool:stats()
    for _, fields in ipairs({ { pool = pool }, { pool = pool }, { pool = pool, maxbody = 1e6 } }) do
        local body, code = get("/echo", fields)
        check.equal("A.pool.3: objects of a replaced socket.tcp", { body and body:sub(1, 4), code }, { "GET ", 200 })
    end
    check.ok("A.pool.3: their methods are called", seen.connect and seen.send and seen.receive and seen.close)
    check.equal("A.pool.3: they are not pooled", pool:stats(), before)
    seen = {}
    local response = require("http").get(base .. "/echo", { pool = require("http").pool() })
    check.equal("A.pool.3: nor by module http", { response and response.status, seen.close }, { 200, true })
    socket.tcp = tcp
end
check.ok("A.pool.4: a header that says close", get("/connection", { pool = pool, headers = { Connection = "close" } }))
check.equal("A.pool.4: keeps the connection out", pool:stats().idle, 0)

-- redirects on one connection
pool = http.pool()
check.equal("a chain", (get("/chain/3", { pool = pool })), "end")
check.equal("a chain's connections", pool:stats().made, 1)

pool:close()
check.equal("A.pool.1: close", pool:stats().idle, 0)
check.done()
