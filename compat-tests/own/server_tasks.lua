-- A server with a handler, and its peers, in tasks of one process (server.connections, server.stop; server.s.3, 10, 15,
-- 24 to 28, 31, 34 to 38, 54, 55, 57 to 60, 66).
local check = require("check")
local http = require("http")
local raw = require("raw_http")
local serve = require("serve")
local socket = require("socket")
local tasks = require("socket.tasks")

local eventually = serve.eventually
local told = {}

local function listen(handler, options)
    told = {}
    local given = { on_error = function(...) told[#told + 1] = { ... } end }
    for name, value in pairs(options or {}) do given[name] = value end
    return assert(http.listen("127.0.0.1", 0, handler, given))
end

-- A wait for handlers, which the test ends. It ends by itself after ten seconds.
local function gate()
    local opened = false
    return {
        wait = function() eventually(function() return opened end) end,
        open = function() opened = true end,
    }
end

local function hello() return { body = "hello" } end

tasks.run(function()
    -- server.s.10, first half
    local server = listen(hello)
    check.ok("a server at once", server)
    local answers = raw.exchange(server, raw.get("/", "Connection: close\r\n"))
    check.equal("an answer", { answers[1].status, answers[1].body, answers[1].headers.connection }, { 200, "hello", "close" })

    -- server.s.24
    local peer = raw.connect(server)
    local kept = true
    for i = 1, 999 do kept = kept and raw.ask(peer).headers.connection == nil or check.ok("request " .. i, false) end
    check.ok("999 requests on one connection", kept)
    check.equal("the last one", raw.ask(peer).headers.connection, "close")
    check.equal("then it is closed", { peer:receive(1) }, { nil, "closed", "" })
    peer:close()

    -- server.s.25
    answers = raw.exchange(server, raw.get():rep(9) .. raw.get("/", "Connection: close\r\n"))
    check.equal("ten pipelined requests", #answers, 10)
    check.equal("stats", { server:stats().requests, server:stats().errors, server:stats().active }, { 1011, 0, 0 })
    check.equal("stop", { server:stop() }, { true })
    check.equal("the port is closed", { socket.connect("127.0.0.1", (select(2, server:getsockname()))) },
        { nil, "connection refused" })

    -- server.s.15, server.s.3, server.connections.4 and 5
    server = listen(function(request)
        if request.path == "/raise" then error("secret") end
        if request.path == "/table" then error({ code = 7 }) end
        if request.path == "/nil" then return nil end
        if request.path == "/string" then return "text" end
        if request.path == "/header" then return { headers = { X = "a\nb" } } end
        return { body = "fine" }
    end)
    peer = raw.connect(server)
    for path, message in pairs({ ["/raise"] = "secret$", ["/nil"] = "^invalid answer %(nil%)$",
        ["/string"] = "^invalid answer %(string%)$", ["/header"] = "^invalid header 'X'$" }) do
        told = {}
        local answer = raw.ask(peer, path)
        check.equal("500: " .. path, { answer.status, answer.body }, { 500, "500 Internal Server Error\n" })
        check.ok("on_error: " .. path, #told == 1 and tostring(told[1][1]):find(message), told[1] and told[1][1])
        check.equal("its request: " .. path, told[1][3] and told[1][3].path, path)
    end
    told = {}
    raw.ask(peer, "/table")
    check.equal("a table that is raised", told[1][1], { code = 7 })
    check.ok("a traceback", tostring(told[1][2]):find("stack traceback"))
    check.equal("the connection stays", raw.ask(peer, "/").body, "fine")
    peer:close()
    server:close()

    -- server.s.15: the fourth argument is a function
    local message
    server = assert(http.listen("127.0.0.1", 0, function() error("x", 0) end, function(m) message = m end))
    answers = raw.exchange(server, raw.get("/", "Connection: close\r\n"))
    check.equal("on_error alone", { answers[1].status, message }, { 500, "x" })
    server:close()

    -- server.s.26
    local slow_one, ended = gate(), false
    server = listen(function(request)
        if request.path == "/slow" then
            slow_one.wait()
            ended = true
        end
        return { body = request.path }
    end)
    local slow = tasks.start(function() return raw.exchange(server, raw.get("/slow", "Connection: close\r\n"))[1].body end)
    local quick = tasks.map({ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }, 10, function()
        return raw.exchange(server, raw.get("/quick", "Connection: close\r\n"))[1].body
    end)
    check.equal("others are not kept waiting", { #quick, quick[10], ended }, { 10, "/quick", false })
    slow_one.open()
    check.equal("the slow one", { slow:wait() }, { true, "/slow" })
    server:close()

    -- server.s.28
    local running, most = 0, 0
    server = listen(function(request)
        running = running + 1
        most = math.max(most, running)
        if request.path == "/slow" then socket.sleep(0.5) end
        running = running - 1
        return { body = request.path }
    end, { maxconnections = 2 })
    local busy = {}
    for i = 1, 2 do
        busy[i] = raw.connect(server)
        busy[i]:send(raw.get("/slow"))
    end
    eventually(function() return server:stats().active == 2 end)
    peer = raw.connect(server)
    check.equal("served when one ends", raw.ask(peer, "/third").body, "/third")
    check.equal("not before", most, 2)
    check.equal("both were answered", { raw.read(busy[1]).body, raw.read(busy[2]).body }, { "/slow", "/slow" })
    peer:close()
    busy[1]:close()
    busy[2]:close()
    eventually(function() return server:stats().connections == 0 end)
    local idle, other = raw.connect(server), raw.connect(server)
    raw.ask(idle, "/1")
    raw.ask(other, "/2")
    local start = socket.gettime()
    peer = raw.connect(server)
    check.equal("an idle one makes room", raw.ask(peer, "/3").body, "/3")
    check.ok("at once", socket.gettime() - start < 5, socket.gettime() - start)
    check.equal("that which was idle longest", { idle:receive(1) }, { nil, "closed", "" })
    check.equal("the other stays", raw.ask(other, "/2").body, "/2")
    server:close()

    -- server.s.34 to 37, with small limits
    server = listen(function(request)
        if request.path == "/big" then return { body = ("x"):rep(20000000) } end
        return { body = tostring(#request.body) }
    end, { headtime = 0.4, idletime = 0.3, progresstime = 0.4, linger = 0.2 })
    local seconds
    answers, message, seconds = raw.exchange(server, "")
    check.equal("no byte at all", { #answers, message }, { 0, "closed" })
    check.ok("closed in time", seconds > 0.25 and seconds < 5, seconds)
    start = socket.gettime()
    peer = raw.connect(server)
    raw.ask(peer)
    check.equal("no byte after an answer", { peer:receive(1) }, { nil, "closed", "" })
    check.ok("closed in time", socket.gettime() - start > 0.25, socket.gettime() - start)
    local function drip(head, byte)
        local began = socket.gettime()
        local dripping = raw.connect(server)
        dripping:send(head)
        local task = tasks.start(function()
            while dripping:send(byte) do socket.sleep(0.05) end
        end)
        local answer = raw.read(dripping)
        local took = socket.gettime() - began
        task:cancel()
        dripping:close()
        return answer and answer.status, took
    end
    local status
    status, seconds = drip("GET / HTTP/1.1\r\nHost: a\r\nX: ", "x")
    check.equal("a head byte by byte", status, 408)
    check.ok("in time", seconds > 0.3 and seconds < 5, seconds)
    status = drip("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n", "x")
    check.equal("a body byte by byte", status, 408)
    status = drip("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n")
    check.equal("chunks byte by byte", status, 408)
    peer = raw.connect(server)
    peer:setoption("recv-buffer-size", 4096)
    peer:send(raw.get("/big"))
    check.ok("a peer that never reads is cut", eventually(function() return server:stats().connections == 0 end))
    peer:close()
    check.equal("none of it is an error for on_error", #told, 0)
    server:close()

    -- a streamed body may come byte by byte
    server = listen(function(request)
        local count = 0
        for piece in request:source() do count = count + #piece end
        return { body = tostring(count) }
    end, { stream = true, progresstime = 2.5 })
    peer = raw.connect(server)
    peer:send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n")
    for _ = 1, 12 do
        peer:send("x")
        socket.sleep(0.25)
    end
    check.equal("a streamed body byte by byte", raw.read(peer).body, "12")
    server:close()

    -- server.s.38
    server = listen(hello, { headtime = 20 })
    local slows = {}
    for i = 1, 200 do
        slows[i] = raw.connect(server)
        slows[i]:send("GET / HT")
    end
    start = socket.gettime()
    check.equal("beside 200 slow peers", raw.exchange(server, raw.get("/", "Connection: close\r\n"))[1].status, 200)
    check.ok("no waiting", socket.gettime() - start < 10, socket.gettime() - start)
    for i = 1, 200 do slows[i]:close() end
    server:close()

    -- server.s.54
    server = listen(function(_, writer)
        writer:write("one")
        writer:flush()
        writer:write("two")
        writer:flush()
        error("broken")
    end)
    answers = raw.exchange(server, raw.get())
    check.equal("a handler that raises after two chunks", { answers[1].status, answers[1].body, serve.unchunk(answers[1].body) },
        { 200, "3\r\none\r\n3\r\ntwo\r\n", nil })
    check.ok("on_error gets the error", #told == 1 and tostring(told[1][1]):find("broken$"))
    server:close()

    -- the answer ends when the handler returns; its return value is dropped (server.writer.1, 2)
    server = listen(function(request, writer)
        writer:start(201)
        writer:write("abc")
        if request.path == "/both" then return { body = "x" } end
    end)
    peer = raw.connect(server)
    peer:send(raw.get("/"))
    check.equal("a whole answer", { peer:receive("*l"), #told }, { "HTTP/1.1 201 Created", 0 })
    peer:close()
    answers = raw.exchange(server, raw.get("/both", "Connection: close\r\n"))
    check.equal("an answer beside", { serve.unchunk(answers[1].body), #told, told[1] and told[1][1] },
        { "abc", 1, "answer after the writer was used" })
    server:close()

    -- server.s.31, 55 and 57 (57 on a small scale)
    local entries, wrote = {}, nil
    server = listen(function(request, writer)
        if request.path == "/open" then
            socket.sleep(0.1)
            return { body = tostring(writer:isopen()) }
        end
        local ok = true
        while ok do
            ok, wrote = writer:write(("x"):rep(10000))
            if not ok then break end
        end
        entries.open = writer:isopen()
    end, { log = function(entry) entries[#entries + 1] = entry end })
    peer = raw.connect(server)
    peer:send(raw.get())
    peer:receive(100000)
    peer:close()
    check.ok("the log has it", eventually(function() return entries[1] end))
    check.equal("a peer that goes away", { wrote, entries.open, entries[1] and entries[1].aborted, #told },
        { "closed", false, true, 0 })
    answers = raw.exchange(server, raw.get("/open", "Connection: close\r\n"))
    check.equal("isopen", answers[1].body, "true")
    server:close()

    -- the descriptors of peers that reset during an answer; meanwhile the first connection waits for longer than usual
    server = listen(function() return { body = ("x"):rep(100000) } end, { idletime = 120 })
    local before = raw.connect(server)
    for _ = 1, 300 do
        peer = raw.connect(server)
        peer:setoption("linger", { on = true, timeout = 0 })
        peer:send(raw.get():rep(5))
        peer:close()
    end
    check.ok("no connection is left", eventually(function() return server:stats().connections == 1 end))
    check.equal("the server goes on", raw.ask(before).status, 200)
    before:close()
    server:close()

    -- server.s.58
    local late_one = gate()
    server = listen(function()
        late_one.wait()
        return { body = "late" }
    end)
    idle = raw.connect(server)
    local half = raw.connect(server)
    local taken = raw.connect(server)
    taken:send(raw.get())
    half:send("GET / HT")
    eventually(function() return server:stats().active == 1 end)
    start = socket.gettime()
    local stopped = tasks.start(function() return server:stop(2) end)
    check.equal("an idle connection is closed, before the running request ends", { idle:receive(1) }, { nil, "closed", "" })
    late_one.open()
    local answer = raw.read(taken)
    check.equal("a running request", { answer.body, answer.headers.connection }, { "late", "close" })
    local _, problem = half:receive(1)
    check.equal("half a request is cut", problem, "closed")
    check.ok("when the time is up", socket.gettime() - start > 1.9, socket.gettime() - start)
    check.equal("stop tells", { stopped:wait() }, { true, nil, "timeout" })

    -- server.s.59
    local served, sent = 0, 0
    server = listen(function()
        served = served + 1
        return { body = "x" }
    end)
    local answered, lost = 0, 0
    local load = {}
    for i = 1, 20 do
        load[i] = tasks.start(function()
            local kept_peer = raw.connect(server)
            while true do
                if not kept_peer:send(raw.get()) then break end
                sent = sent + 1
                local got = raw.read(kept_peer)
                if not got then
                    lost = lost + 1
                    break
                end
                answered = answered + 1
                if got.headers.connection == "close" then break end
            end
            kept_peer:close()
        end)
    end
    eventually(function() return answered > 200 end)
    check.equal("stop under load", { server:stop(10) }, { true })
    for i = 1, 20 do load[i]:wait() end
    check.equal("every request that was taken has its answer", answered, served)
    check.ok("a lost request was never accepted", answered + lost == sent and lost <= 20, lost)

    -- server.s.60, inside tasks
    server = listen(function(request)
        check.equal("stop in a handler", { request.server:stop() }, { true })
        return { body = "bye" }
    end)
    answers = raw.exchange(server, raw.get())
    check.equal("its answer arrives", { answers[1].body, answers[1].headers.connection }, { "bye", "close" })
    check.equal("the server has stopped", { server:wait(5) }, { true })

    -- server.s.66
    server = listen(function()
        socket.sleep(30)
        return { body = "late" }
    end, { handlertime = 0.2 })
    answers, _, seconds = raw.exchange(server, raw.get())
    check.equal("handlertime", { answers[1].status, answers[1].body, answers[1].headers.connection },
        { 503, "503 Service Unavailable\n", "close" })
    check.ok("in time", seconds < 15, seconds)
    server:close()

    -- close cuts connections, and ends the waits of handlers
    local slept
    server = listen(function()
        slept = { socket.sleep(20) }
        return {}
    end)
    peer = raw.connect(server)
    peer:send(raw.get())
    eventually(function() return server:stats().active == 1 end)
    check.equal("close", { server:close() }, { nil, "timeout" })
    check.equal("cuts", { peer:receive(1) }, { nil, "closed", "" })
    check.equal("and ends waits", slept, { nil, "closed" })

    -- small writes are sent at the handler's next wait (server.writer.6)
    local second = gate()
    server = listen(function(_, writer)
        writer:write("first")
        second.wait()
        writer:write("second")
    end)
    peer = raw.connect(server)
    peer:settimeout(5)
    peer:send(raw.get())
    repeat local line = peer:receive("*l") until line == "" or not line
    check.equal("gathered until the next wait", { peer:receive("*l"), peer:receive("*l") }, { "5", "first" })
    second.open()
    check.equal("and the rest", peer:receive("*l"), "6")
    peer:close()
    server:close()
end)

-- server.s.10 and 60, outside of tasks
local port
local client = tasks.start(function()
    repeat socket.sleep(0.01) until port
    local peer = assert(socket.connect("127.0.0.1", port))
    peer:send(raw.get())
    return peer:receive("*a")
end)
local probe = assert(socket.bind("127.0.0.1", 0))
check.equal("outside it returns after the stop", { http.listen(nil, nil, function(request)
    request.server:stop()
    return { body = "stopped" }
end, { socket = (function()
    port = select(2, probe:getsockname())
    return probe
end)() }) }, { true })
check.ok("its answer", select(2, client:wait()):find("\r\n\r\nstopped$"))

check.done()
