-- A server whose resources run out, and its stop: descriptors, connections, tasks that share a writer
-- (server.files.7, server.writer.1, server.stop.1 and 2, server.manual.3, "Limits and defaults": `maxconnections`).
-- needs: certs
require("interposed").within("ulimit -n 200;")
local check = require("check")
local http = require("http")
local raw = require("raw_http")
local serve = require("serve")
local socket = require("socket")
local tasks = require("socket.tasks")

local certs = os.getenv("COMPAT_CERTS")

local eventually = serve.eventually
local told

local function listen(handler, options)
    local server
    server, told = serve.start(handler, options)
    return server
end

-- http.files without descriptors
os.remove("page.txt")
local page = assert(io.open("page.txt", "wb"))
page:write("a page")
page:close()

tasks.run(function()
    local server = listen(assert(http.files(".")))
    local peer = raw.connect(server)
    check.equal("a file", raw.ask(peer, "/page.txt").body, "a page")
    local held = {}
    repeat
        local sock = socket.udp4()
        held[#held + 1] = sock
    until not sock
    local answer = raw.ask(peer, "/page.txt")
    check.equal("a file without descriptors", { answer.status, answer.body }, { 503, "503 Service Unavailable\n" })
    for _, sock in ipairs(held) do sock:close() end
    check.equal("the file again", raw.ask(peer, "/page.txt").body, "a page")
    check.equal("a missing file", raw.ask(peer, "/none.txt").status, 404)
    peer:close()
    server:close()

    -- several tasks write with one writer, to a peer that reads slowly
    local problems = {}
    server = listen(function(_, writer)
        local group = {}
        for i = 1, 4 do
            group[i] = tasks.start(function()
                local text = (tostring(i) .. "\n"):rep(60000)
                for _ = 1, 10 do
                    local ok, message = writer:write(text)
                    if not ok then problems[#problems + 1] = message end
                    if not writer:flush() then problems[#problems + 1] = "flush" end
                end
            end)
        end
        for i = 1, 4 do group[i]:wait() end
    end)
    peer = raw.connect(server)
    peer:send(raw.get("/", "Connection: close\r\n"))
    check.ok("the server waits for the peer", eventually(function() return server:stats().active == 1 end))
    socket.sleep(0.1)
    local text = peer:receive("*a")
    local body = serve.unchunk(serve.answers(text or "")[1].body)
    check.equal("no write fails", problems, {})
    check.equal("the whole answer", body and #body, 4 * 10 * 120000)
    local counts = {}
    for line in (body or ""):gmatch("[^\n]+") do counts[line] = (counts[line] or 0) + 1 end
    check.equal("each piece is whole", counts, { ["1"] = 600000, ["2"] = 600000, ["3"] = 600000, ["4"] = 600000 })
    peer:close()
    server:close()

    -- a task still sends the end of the answer when the handler returns: the next answer comes after it
    local ender
    server = listen(function(request, writer)
        if request.path == "/next" then return { body = "next" } end
        ender = tasks.start(function()
            writer:write(("x"):rep(8000000))
            return writer:finish()
        end)
        eventually(function() return writer.sent end)
    end)
    peer = raw.connect(server)
    peer:send(raw.get() .. raw.get("/next", "Connection: close\r\n"))
    socket.sleep(0.1)
    text = peer:receive("*a")
    local size = 0
    local at = text:find("\r\n\r\n", 1, true) + 4
    while true do
        local digits, stop = text:match("^(%x+)\r\n()", at)
        if not digits or digits == "0" then break end
        size = size + tonumber(digits, 16)
        at = stop + tonumber(digits, 16) + 2
    end
    check.equal("an answer that another task ends", size, 8000000)
    check.ok("the next one comes after it", text:find("^0\r\n\r\nHTTP/1%.1 200 OK\r\n.*\r\n\r\nnext$", at))
    check.equal("finish", { ender:wait() }, { true, true })
    peer:close()
    server:close()

    -- a body in chunks of one byte is joined on the way: its list does not grow with the number of chunks
    local incoming, pieces = require("socket.http_reading"), {}
    for i = 1, 100000 do incoming.add(pieces, tostring(i % 10)) end
    check.ok("the list of a body in tiny chunks", #pieces < 50, #pieces)
    check.equal("its content", table.concat(pieces), ("1234567890"):rep(10000))
    server = listen(function(request) return { body = tostring(#request.body) .. request.body:sub(-3) } end)
    peer = raw.connect(server)
    peer:send("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        .. ("1\r\nx\r\n2\r\nyz\r\n"):rep(20000) .. "0\r\n\r\n")
    check.equal("a body in tiny chunks", serve.answers(peer:receive("*a"))[1].body, "60000xyz")
    peer:close()
    check.equal("new certificates without TLS", { server:tls({}) },
        { nil, "no address of this server uses TLS: listen with the option 'tls'" })
    server:close()

    -- a stop in on_error, when it is called for a connection that cannot be served
    local most_tasks, result = tasks.MAXTASKS, nil
    server = assert(http.listen("127.0.0.1", 0, function() return {} end, function(message)
        told = { message }
        result = { server:stop(20) }
    end))
    tasks.MAXTASKS = 1
    peer = raw.connect(server)
    check.ok("on_error is called", eventually(function() return result end))
    tasks.MAXTASKS = most_tasks
    check.equal("a stop in it", { told[1], result }, { "too many tasks", { true } })
    check.equal("the server stops", { server:wait(20) }, { true })
    peer:close()

    -- the stop does not wait for a TLS peer that says nothing
    local parameters = { certificate = certs .. "/good.pem", key = certs .. "/good.key" }
    server = listen(function() return { body = "hello" } end, { tls = parameters, tlstime = 60 })
    peer = raw.connect(server)
    check.ok("a silent TLS peer", eventually(function() return server:stats().connections == 1 end))
    local start = socket.gettime()
    check.equal("stop", { server:stop(30) }, { true })
    check.ok("without the peer's handshake", socket.gettime() - start < 20, socket.gettime() - start)
    check.equal("the silent peer is closed", { peer:receive(1) }, { nil, "closed", "" })
    peer:close()

    -- the limit of connections closes a TLS peer that says nothing
    server = listen(function() return { body = "hello" } end, { tls = parameters, tlstime = 60, maxconnections = 1 })
    peer = raw.connect(server)
    check.ok("another silent TLS peer", eventually(function() return server:stats().connections == 1 end))
    local _, port = server:getsockname()
    check.equal("is closed for one that speaks", { (require("ssl.https").request({
        url = "https://localhost:" .. port .. "/", cafile = certs .. "/ca.crt", verify = "peer", protocol = "any" })) }, { 1 })
    check.equal("the other silent peer is closed", { peer:receive(1) }, { nil, "closed", "" })
    peer:close()
    server:close()

    -- peers that have connected and asked before the stop are answered, though the limit of connections is reached
    local running, most = 0, 0
    server = listen(function(request)
        running = running + 1
        most = math.max(most, running)
        socket.sleep(request.path == "/first" and 0.3 or 0.05)
        running = running - 1
        return { body = request.path }
    end, { maxconnections = 2 })
    local first, queued = {}, {}
    for i = 1, 2 do
        first[i] = raw.connect(server)
        first[i]:send(raw.get("/first"))
    end
    check.ok("both are under way", eventually(function() return server:stats().active == 2 end))
    for i = 1, 10 do
        queued[i] = raw.connect(server)
        queued[i]:send(raw.get("/queued"))
    end
    local quiet = raw.connect(server)
    local stopped = tasks.start(function() return server:stop(30) end)
    local bodies = {}
    for i = 1, 10 do
        local got = raw.read(queued[i])
        bodies[i] = got and got.body .. " " .. tostring(got.headers.connection)
        queued[i]:close()
    end
    check.equal("queued peers are answered", table.concat(bodies, ","), ("/queued close,"):rep(10):sub(1, -2))
    check.equal("so are the first ones", { raw.read(first[1]).body, raw.read(first[2]).body }, { "/first", "/first" })
    check.equal("a peer that has not asked is closed", { quiet:receive(1) }, { nil, "closed", "" })
    check.equal("the stop", { stopped:wait() }, { true, true })
    check.ok("never more than two at once", most <= 2, most)
    check.equal("the port is closed", { socket.connect("127.0.0.1", (select(2, server:getsockname()))) },
        { nil, "connection refused" })
    for i = 1, 2 do first[i]:close() end
    quiet:close()

    -- queued peers are cut when the time of the stop is over
    server = listen(function()
        socket.sleep(20)
        return {}
    end, { maxconnections = 1 })
    local slow = raw.connect(server)
    slow:send(raw.get())
    check.ok("one is under way", eventually(function() return server:stats().active == 1 end))
    local behind = raw.connect(server)
    behind:send(raw.get())
    check.equal("a stop with too little time", { server:stop(0.2) }, { nil, "timeout" })
    check.ok("the queued peer is cut", select(2, behind:receive(1)) ~= "timeout")
    check.equal("no connection is left", server:stats().connections, 0)
    slow:close()
    behind:close()
end)

-- a server without a handler, at its limit of connections
local server = serve.listen({ maxconnections = 2 })
local peers, connections = {}, {}
local function join(i)
    peers[i] = raw.connect(server)
    peers[i]:send(raw.get())
    local message
    connections[i], message = server:accept(10)
    return message
end
local function answer(i)
    local request = assert(connections[i]:receive(10))
    connections[i]:respond({ body = request.path })
end
join(1)
answer(1)
join(2)
answer(2)
raw.read(peers[1])
raw.read(peers[2])
check.equal("a third connection", { join(3), server:stats().connections }, { nil, 2 })
check.equal("the one that was idle longest is closed", { peers[1]:receive(1) }, { nil, "closed", "" })
check.equal("its object", { connections[1]:receive(1) }, { nil, "closed" })
check.equal("a request is under way on the new one", assert(connections[3]:receive(10)).path, "/")
peers[2]:send(raw.get())
check.equal("no connection is idle", join(4), "too many connections")
connections[3]:respond({ body = "third" })
connections[3]:close()
connections[4] = server:accept(10)
check.ok("a place is free again", connections[4])
answer(4)
check.equal("it is served", raw.read(peers[4]).status, 200)

-- inside tasks, accept waits until a connection ends
tasks.run(function()
    peers[4]:send(raw.get())
    assert(connections[4]:receive(10))
    local late = raw.connect(server)
    check.equal("accept with a limit", { server:accept(0.05) }, { nil, "timeout" })
    local accepting = tasks.start(function() return server:accept(20) end)
    tasks.yield()
    connections[4]:respond({ body = "done" })
    connections[4]:close()
    local ok, connection = accepting:wait()
    check.ok("accept waits for a connection to end", ok and connection)
    late:close()
end)
server:stop()
check.equal("no connection is left at the end", { server:stats().connections, next(server.connections) }, { 0 })
for i = 1, 4 do peers[i]:close() end
check.done()
