-- The effects of one answer of a server on the next one, on other connections, and on the stop (server.answer.3 and 4,
-- server.connections.2, server.stop.1 and 2, server.manual, server.listen.4, "Limits and defaults": `maxconnections`).
local check = require("check")
local http = require("http")
local raw = require("raw_http")
local serve = require("serve")
local socket = require("socket")
local tasks = require("socket.tasks")

local eventually = serve.eventually
local told

local function listen(handler, options)
    local server
    server, told = serve.start(handler, options)
    return server
end

-- A source of the given pieces. After them it ends, or raises the message `problem`.
local function source(pieces, problem)
    local n = 0
    return function()
        n = n + 1
        if not pieces[n] and problem then error(problem, 0) end
        return pieces[n]
    end
end

tasks.run(function()
    -- a source that raises before anything was sent: its earlier pieces do not follow the 500
    local server = listen(function(request)
        if request.path == "/raise" then return { body = source({ "abc" }, "broken") } end
        return { body = "fine" }
    end)
    local peer = raw.connect(server)
    check.equal("a source that raises", { raw.ask(peer, "/raise").status, told }, { 500, { "broken" } })
    socket.sleep(0.05)
    local answer = raw.ask(peer)
    check.equal("the next answer on its connection", { answer.status, answer.body }, { 200, "fine" })
    peer:close()
    server:close()

    -- a task that keeps the writer cannot write into the connection after the answer
    local late
    server = listen(function(_, writer)
        tasks.start(function()
            socket.sleep(0.05)
            late = { pcall(writer.write, writer, "late") }
        end)
        return { body = "fine" }
    end)
    local answers = raw.exchange(server, raw.get() .. raw.get("/", "Connection: close\r\n"))
    check.equal("answers", { #answers, answers[1].body, answers[2].body }, { 2, "fine", "fine" })
    peer = raw.connect(server)
    raw.ask(peer)
    late = nil
    eventually(function() return late end)
    check.ok("a writer kept for later raises",
        late and late[1] == false and late[2]:find("the answer has ended", 1, true))
    peer:settimeout(0)
    check.equal("and sends nothing", { peer:receive(1) }, { nil, "timeout", "" })
    peer:close()
    server:close()

    -- a Content-Length that is not a number of bytes does not count
    for _, length in ipairs({ "-5", -5, 5.5, "5.5", "0x5", "1e400", 0 / 0, " 5" }) do
        server = listen(function()
            return { headers = { ["Content-Length"] = length }, body = source({ "01234", "56789" }) }
        end)
        answer = raw.exchange(server, raw.get("/", "Connection: close\r\n"))[1]
        check.equal("Content-Length " .. tostring(length),
            { answer and answer.headers["transfer-encoding"], answer and serve.unchunk(answer.body), #told },
            { "chunked", "0123456789", 0 })
        server:close()
    end
    server = listen(function()
        return { headers = { ["Content-Length"] = "10" }, body = source({ "01234", "56789" }) }
    end)
    answer = raw.exchange(server, raw.get("/", "Connection: close\r\n"))[1]
    check.equal("Content-Length 10", { answer.headers["content-length"], answer.body }, { "10", "0123456789" })
    server:close()

    -- one table for several statuses
    local page = { body = "sorry" }
    server = listen(function() return {} end, { maxbody = 1, errors = {
        [400] = function() return page end, [413] = function() return page end,
    } })
    answer = raw.exchange(server, "GET / HTTP/1.1\r\n\r\n")[1]
    check.equal("the first refusal", { answer.status, answer.body }, { 400, "sorry" })
    answer = raw.exchange(server, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n")[1]
    check.equal("another refusal with the same table", { answer.status, answer.body }, { 413, "sorry" })
    server:close()

    -- the connection that has been idle longest is not the oldest one
    server = listen(function() return {} end, { maxconnections = 2 })
    local old, young = raw.connect(server), raw.connect(server)
    raw.ask(old)
    raw.ask(young)
    raw.ask(old)
    local third = raw.connect(server)
    check.equal("a third connection of two", raw.ask(third).status, 200)
    check.equal("the idle one is closed", { young:receive(1) }, { nil, "closed", "" })
    check.equal("the busy one is kept", raw.ask(old).status, 200)
    for _, sock in ipairs({ old, young, third }) do sock:close() end
    server:close()

    -- a stop at the limit of connections ends with the last of them
    server = listen(function()
        socket.sleep(0.2)
        return {}
    end, { maxconnections = 1 })
    local busy = tasks.start(function() return raw.exchange(server, raw.get()) end)
    eventually(function() return server:stats().active == 1 end)
    local waiting = raw.connect(server)
    socket.sleep(0.05)
    local start = socket.gettime()
    check.equal("stop at the limit of connections", { server:stop(30) }, { true })
    check.ok("without waiting for its time limit", socket.gettime() - start < 15)
    busy:wait()
    waiting:close()

    -- a stop whose caller has a deadline: the caller returns, the stop goes on
    local deadline_passed = false
    server = listen(function()
        eventually(function() return deadline_passed end)
        return { body = "late" }
    end)
    busy = tasks.start(function() return raw.exchange(server, raw.get())[1].body end)
    eventually(function() return server:stats().active == 1 end)
    check.equal("stop with a deadline", { tasks.deadline(0.1, server.stop, server, 30) }, { nil, "timeout" })
    check.equal("returns at its deadline, before the request ends", server:stats().active, 1)
    deadline_passed = true
    check.equal("a second stop waits for the first", { server:stop() }, { true })
    check.equal("the request has its answer", { busy:wait() }, { true, "late" })

    -- a request that arrives during an answer without `Connection: close` is answered before the stop
    local arrived = false
    server = listen(function(request, writer)
        if request.path == "/short" then return { body = "short" } end
        writer:write("long")
        writer:flush()
        eventually(function() return arrived end)
        socket.sleep(0.2)
    end)
    busy = tasks.start(function()
        peer = raw.connect(server)
        peer:send(raw.get("/long"))
        eventually(function() return server:stats().active == 1 end)
        peer:send(raw.get("/short"))
        arrived = true
        return (peer:receive("*a"))
    end)
    eventually(function() return arrived end)
    check.equal("stop with a request that has arrived", { server:stop(5) }, { true })
    local text = select(2, busy:wait())
    check.ok("it is answered", text and text:find("\r\nConnection: close\r\n.*\r\n\r\nshort$"))
    peer:close()
end)

-- a server without a handler counts and keeps only open connections
local server = assert(http.listen("127.0.0.1", 0))
for _ = 1, 3 do
    local peer = raw.connect(server)
    local connection = server:accept(5)
    peer:close()
    check.equal("the peer closed", { connection:receive(5) }, { nil, "closed" })
end
check.equal("no connection is left", { server:stats().connections, next(server.connections) }, { 0 })

-- a writer and `respond` do not both answer
local peer = raw.connect(server)
peer:send(raw.get())
local connection = server:accept(5)
connection:receive(5)
local writer = connection:writer()
check.equal("respond, with an unused writer", { connection:respond({ body = "x" }) }, { true })
check.equal("then the writer raises", { (pcall(writer.write, writer, "y")) }, { false })
peer:send(raw.get())
connection:receive(5)
writer = connection:writer()
writer:write("z")
check.equal("respond raises after the writer was used", { (pcall(connection.respond, connection, {})) }, { false })
check.equal("the writer ends the answer", { writer:finish() }, { true })
connection:close()
peer:close()
server:stop()

-- the stop of a Unix socket never removes the file of a server that listens on the same path next
if package.config:sub(1, 1) == "/" then
    local path = os.tmpname()
    os.remove(path)
    server = assert(http.listen("unix:" .. path, nil))
    local remove, next_server, message = os.remove, nil, nil
    rawset(os, "remove", function(name)
        rawset(os, "remove", remove)
        next_server, message = http.listen("unix:" .. path, nil)
        return remove(name)
    end)
    server:stop()
    rawset(os, "remove", remove)
    check.equal("until its file is gone, the path is in use", { next_server, message }, { nil, "address already in use" })
    next_server = assert(http.listen("unix:" .. path, nil))
    check.equal("then it is free", next_server:getsockname(), path)
    next_server:stop()
end

check.done()
