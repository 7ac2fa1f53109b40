-- The addresses of a server, the options it refuses at the start, and its log (server.listen, server.log; server.request.6,
-- server.manual.5; server.s.9, 11, 13, 65).
local check = require("check")
local http = require("socket.http_server")
local serve = require("serve")
local socket = require("socket")

-- server.s.9
local server = serve.listen()
local address, port = server:getsockname()
check.equal("address", { address, type(port) }, { "127.0.0.1", "number" })
check.equal("a port in use", { http.listen("127.0.0.1", port) }, { nil, "address already in use" })
check.raises("an unknown option", "invalid option 'x'", http.listen, "127.0.0.1", 0, nil, { x = 1 })
check.raises("a bad value", "invalid value of option 'maxline'", http.listen, "127.0.0.1", 0, nil, { maxline = "x" })
check.raises("a negative limit", "invalid value of option 'idletime'", http.listen, "127.0.0.1", 0, nil, { idletime = -1 })
-- server.listen.11
for _, name in ipairs({ "maxline", "maxhead", "maxfields", "maxrequests", "maxconnections", "headtime", "progresstime", "idletime",
    "tlstime", "handlertime", "maxbody", "maxtrailer", "drain", "linger", "backlog" }) do
    local is_time = name:find("time$") or name == "linger"
    local has_zero = ("maxbody maxtrailer drain linger backlog"):find(name, 1, true)
    for value, is_right in pairs({ [-1] = false, [-math.huge] = false, ["10"] = false, [{}] = false, [true] = false,
        [0] = has_zero, [0.5] = is_time, [2.5] = is_time, [3] = true, [math.huge] = true, [false] = true }) do
        local ok, message = pcall(http.listen, "127.0.0.1", 0, nil, { [name] = value })
        if ok then message:close() end
        check.equal(name .. " = " .. tostring(value):gsub(": .*", ""), { ok, not ok and message },
            { is_right and true, not is_right and "invalid value of option '" .. name .. "'" })
    end
    check.raises(name .. " of NaN", "invalid value of option '" .. name .. "'", http.listen, "127.0.0.1", 0, nil, { [name] = 0 / 0 })
end
for _, mode in ipairs({ -1, 4096, 1.5, 0 / 0, math.huge }) do
    check.raises("mode " .. mode, "invalid value of option 'mode'", http.listen, "127.0.0.1", 0, nil, { mode = mode })
end
check.raises("a bad host", "string expected, got boolean", http.listen, true, 0)
check.raises("a bad handler", "function expected, got string", http.listen, nil, 0, "x")
check.ok("a name that is none", not http.listen("no.such.name.invalid", 0))
check.equal("stop", { server:stop(), server:stop(), server:wait() }, { true, true, true })
check.equal("accept after the stop", { server:accept(0) }, { nil, "closed" })

for _, wrong in ipairs({ "abc", "", -1, 1.5, 65536 }) do
    check.equal("port " .. wrong, { http.listen("127.0.0.1", wrong) }, { nil, ("invalid port '%s'"):format(wrong) })
end
check.equal("no certificate", { http.listen("127.0.0.1", 0, nil, { tls = {} }) }, { nil, "no certificate" })
check.equal("no private key", { http.listen("127.0.0.1", 0, nil, { tls = { certificate = "x.pem" } }) }, { nil, "no private key" })
check.raises("an address that is no table", "invalid value of option 'addresses'", http.listen, { port = 0, addresses = { 80 } })
check.raises("an unknown name in an address", "invalid option 'hots'", http.listen, { port = 0, addresses = { { hots = "x" } } })
check.raises("a socket that does not listen", "invalid value of option 'socket'", http.listen, { socket = socket.tcp() })
check.raises("a file as the socket", "invalid value of option 'socket'", http.listen, { socket = io.stdout })

-- 127.0.0.1 by default; every address of a table; one port for both families
server = assert(http.listen({ port = 0 }))
check.equal("the usual address", (server:getsockname()), "127.0.0.1")
server:close()
server = assert(http.listen("127.0.0.1"))
check.ok("no port: any free one", select(2, server:getsockname()) > 0)
server:close()
local logged
server = assert(http.listen("*", 0, nil, { linger = 0, log = function(entry) logged = entry.ip end }))
local _, everywhere = server:getsockname()
for _, host in ipairs({ "127.0.0.1", "::1" }) do
    local peer = socket.connect(host, everywhere)
    if peer or host == "127.0.0.1" then
        check.ok("* takes " .. host, peer)
        peer:send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        local connection = assert(server:accept(5))
        local ip = connection:receive(5).ip
        connection:respond({})
        check.equal("its address, as for a server of one family", { connection.ip, ip, logged }, { host, host, host })
        connection:close()
        peer:close()
    end
end
server:close()

-- server.s.11
local taken = serve.listen()
local _, second = taken:getsockname()
local first = require("ports").free()
check.equal("all or none", { http.listen("127.0.0.1", first, nil, { addresses = { { host = "127.0.0.1", port = second } } }) },
    { nil, "address already in use" })
server = assert(http.listen("127.0.0.1", first, nil, { addresses = { { host = "127.0.0.1", port = 0 } }, linger = 0 }))
local _, other = server:getsockname(2)
check.ok("two addresses", other and other ~= first and not server:getsockname(3))
for _, number in ipairs({ first, other }) do
    local peer = assert(socket.connect("127.0.0.1", number))
    check.equal("accept at either", assert(server:accept(5)).port, (select(2, peer:getsockname())))
    peer:close()
end
server:close()
taken:close()

-- an existing socket (server.listen.8)
local made = assert(socket.bind("127.0.0.1", 0))
server = assert(http.listen(nil, nil, nil, { socket = made, linger = 0 }))
local peer = assert(socket.connect("127.0.0.1", (select(2, made:getsockname()))))
check.ok("a socket made before", server:accept(5))
peer:close()
server:close()

-- server.s.13
if package.config:sub(1, 1) == "/" then
    local unix = require("socket.unix")
    local path = os.tmpname()
    check.equal("a regular file there", { http.listen("unix:" .. path) }, { nil, "address already in use" })
    local file = io.open(path)
    check.ok("it is untouched", file)
    file:close()
    os.remove(path)
    local stale = unix.stream()
    assert(stale:bind(path))
    assert(stale:listen())
    check.equal("somebody listens there", { http.listen("unix:" .. path) }, { nil, "address already in use" })
    stale:close()
    server = assert(http.listen("unix:" .. path, nil, nil, { linger = 0 }))
    check.equal("its address", server:getsockname(), path)
    local mode = io.popen("stat -c %a " .. path)
    check.equal("for its owner alone", mode:read("*l"), "600")
    mode:close()
    peer = unix.stream()
    assert(peer:connect(path))
    peer:send("GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    local connection = assert(server:accept(5))
    local request = assert(connection:receive(5))
    check.equal("a Unix peer", { request.ip, request.port, request.path }, { "unix", nil, "/x" })
    connection:respond({ body = "unix" })
    connection:close()
    check.ok("its answer", peer:receive("*a"):find("\r\n\r\nunix$"))
    server:close()
    check.equal("removed after the stop", io.open(path), nil)
end

-- the default limits
local limits = require("socket.http_server_options").complete()
check.equal("times", { limits.headtime, limits.progresstime, limits.idletime, limits.tlstime, limits.linger, limits.handlertime },
    { 10, 30, 15, 10, 2, math.huge })
check.equal("sizes", { limits.maxline, limits.maxhead, limits.maxfields, limits.maxbody, limits.maxtrailer, limits.drain },
    { 8192, 32768, 100, 1048576, 8192, 65536 })
check.equal("counts", { limits.maxrequests, limits.maxconnections, limits.backlog, limits.keepalive }, { 1000, 1000, 511, true })

-- an idle time that expires, and the caller's idle time
local slow
server = serve.listen({ idletime = 0.3, headtime = 0.3, log = function(told) slow = told end })
peer = assert(socket.connect("127.0.0.1", (select(2, server:getsockname()))))
local connection = assert(server:accept(5))
check.equal("a caller's own time", { connection:receive(0.05) }, { nil, "timeout" })
check.equal("an idle connection", { connection:receive() }, { nil, "timeout" })
check.equal("is closed without an answer", { peer:receive("*a") }, { nil, "closed", "" })
peer = assert(socket.connect("127.0.0.1", (select(2, server:getsockname()))))
connection = assert(server:accept(5))
peer:send("GET / HT")
check.equal("a slow head", { connection:receive() }, { nil, "head too slow" })
check.ok("is refused", peer:receive("*a"):find("^HTTP/1.1 408 Request Timeout\r\n.*\r\n\r\n408 Request Timeout\n$"))
peer = assert(socket.connect("127.0.0.1", (select(2, server:getsockname()))))
connection = assert(server:accept(5))
peer:send("GET /slow HTTP/1.1\r\nX")
check.equal("a slow field", { connection:receive() }, { nil, "head too slow" })
check.equal("the log has its line", { slow and slow.status, slow and slow.url }, { 408, "/slow" })
server:close()

-- server.s.65
local entries = {}
server = serve.listen({ log = function(entry) entries[#entries + 1] = entry end })
serve.bytes(server, "GET /p?q HTTP/1.1\r\nHost: a\r\nUser-Agent: a \"b\" \1c\r\n\r\n")
serve.bytes(server, "GET /p HTTP/1.0\r\nAuthorization: Basic dXNlcjpwYXNz\r\nReferer: r\r\nUser-Agent: x \"y\\\" \195\164\r\n\r\n",
    function() return { body = "0123456789" } end)
check.equal("a refusal", { entries[1].status, entries[1].reason, entries[1].method, entries[1].url, entries[1].version },
    { 400, "invalid field value", "GET", "/p?q", "1.1" })
local entry = entries[2]
check.equal("an entry", { entry.ip, entry.user, entry.method, entry.url, entry.version, entry.status, entry.bytes, entry.referer,
    entry.aborted }, { "127.0.0.1", "user", "GET", "/p", "1.0", 200, 10, "r", nil })
check.ok("its times", math.abs(entry.time - os.time()) < 10 and entry.duration >= 0 and entry.duration < 10)
-- server.log.4
for _, case in ipairs({
    { "PUT /a?b HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n", 417, "PUT", "/a?b", "1.1" },
    { "GET /a HTTP/2.0\r\nHost: a\r\n\r\n", 505, "GET", "/a", "2.0" },
    { "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 501, "CONNECT", "a:1", "1.1" },
    { "GET /a HTTP/1.1\r\n\r\n", 400, "GET", "/a", "1.1" },
    { "\r\nGET /a HTTP/1.0\r\nX: " .. ("x"):rep(33000) .. "\r\n\r\n", 431, "GET", "/a", "1.0" },
    { "GET /a HTTP/1.1\r\n" .. ("X: y\r\n"):rep(101) .. "\r\n", 431, "GET", "/a", "1.1" },
    { "GET /a HTTP/1.1\r\nX: y\n\r\n", 400, "GET", "/a", "1.1" },
    { "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n", 413, "POST", "/a", "1.1" },
    { "GET /" .. ("x"):rep(9000) .. " HTTP/1.1\r\nHost: a\r\n\r\n", 414 },
    { "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
    { "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
    { "\22\3\1", 400 },
}) do
    entries = {}
    serve.bytes(server, case[1])
    local got = entries[1] or {}
    check.equal(("the log of a refusal: %d %s"):format(case[2], case[1]:sub(1, 30)), { #entries, got.status, got.method, got.url,
        got.version }, { 1, case[2], case[3], case[4], case[5] })
end
entry.time = 784111777
check.equal("a line", http.combined(entry), '127.0.0.1 - user [06/Nov/1994:08:49:37 +0000] "GET /p HTTP/1.0" 200 10 "r" '
    .. '"x \\x22y\\x5c\\x22 \\xc3\\xa4"')
check.equal("combined: missing values", http.combined({ ip = "::1", time = 0, status = 400 }),
    '::1 - - [01/Jan/1970:00:00:00 +0000] "-" 400 - "-" "-"')
server:close()
local path = os.tmpname()
local file = assert(io.open(path, "w"))
server = serve.listen({ log = file })
serve.bytes(server, "GET /logged HTTP/1.1\r\nHost: a\r\n\r\n")
file:close()
file = io.open(path)
check.ok("a log in a file", file:read("*a"):find('^127.0.0.1 %- %- %[.*%] "GET /logged HTTP/1.1" 200 0 "%-" "%-"\n$'))
file:close()
os.remove(path)
server:close()

check.done()
