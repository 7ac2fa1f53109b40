-- Handlers that do what they should not, and a peer that asks more than its share: one answer for each request, the
-- connection in step, other connections served (server.answer.3, server.connections.3 and 4, server.request.2 and 4,
-- server.writer.3, 5, 7 and 8).
local check = require("check")
local raw = require("raw_http")
local serve = require("serve")
local tasks = require("socket.tasks")

local told, handler
local server

-- Starts a server whose handler is what the test sets.
local function listen(options)
    server, told = serve.start(function(request, writer)
        if request.path == "/next" then return { body = "next" } end
        return handler(request, writer)
    end, options)
end

local NEXT = raw.get("/next", "Connection: close\r\n")

local function post(fields, body) return "POST / HTTP/1.1\r\nHost: a\r\n" .. fields .. "\r\n" .. body .. NEXT end

-- Sends a request and a next one. Returns status and body of both, and what was told.
local function exchange(bytes, f)
    handler = f
    for i = #told, 1, -1 do told[i] = nil end
    local answers = raw.exchange(server, bytes)
    local first, second = answers[1] or {}, answers[2] or {}
    return { first.status, first.body, second.status, second.body, told[1], #told }
end

local ERROR = "500 Internal Server Error\n"

tasks.run(function()
    listen()
    -- the peer sees a whole answer; what comes later is for the owner
    check.equal("a handler that raises after the end of its answer", exchange(raw.get() .. NEXT, function(_, writer)
        writer:start(200, { ["Content-Length"] = 3 })
        writer:write("abc")
        writer:finish()
        error("late", 0)
    end), { 200, "abc", 200, "next", "late", 1 })

    -- sources of the wrong kind
    check.equal("a source of tables", exchange(raw.get() .. NEXT, function()
        return { body = function() return {} end }
    end), { 500, ERROR, 200, "next", "invalid answer (body: a source of table)", 1 })
    local n = 0
    local broken = exchange(raw.get() .. NEXT, function()
        return { body = function()
            n = n + 1
            return n == 1 and ("x"):rep(20000) or {}
        end }
    end)
    check.equal("a source that turns to tables: cut, told once", { broken[1], broken[3], broken[5], broken[6] },
        { 200, nil, "invalid answer (body: a source of table)", 1 })

    -- a folder opens as a file on Unix
    local folder = io.open(".")
    if folder and not folder:read(0) then
        check.equal("a folder as the body", { exchange(raw.get() .. NEXT, function() return { body = folder } end)[1],
            exchange(raw.get() .. NEXT, function() return { body = io.open(".") } end)[4] }, { 500, "next" })
        folder = nil
    end
    if folder then folder:close() end

    -- arguments of the writer
    for name, f in pairs({
        ["invalid retry of an event"] = function(writer) writer:event({ data = "x", retry = 1.5 }) end,
        ["bad argument #2 to 'start' (table expected, got string)"] = function(writer) writer:start(200, "X: y") end,
        ["invalid id of an event"] = function(writer) writer:event({ id = "a\0b" }) end,
        ["invalid data of an event (string expected, got table)"] = function(writer) writer:event({ data = {} }) end,
        ["invalid event of an event (string expected, got boolean)"] = function(writer) writer:event({ event = true }) end,
        ["invalid retry of an event (number expected, got boolean)"] = function(writer) writer:event({ retry = true }) end,
        ["unknown field 'foo' of an event (data, event, id, retry)"] = function(writer) writer:event({ data = "x", foo = 1 }) end,
        ["unknown field '1' of an event (data, event, id, retry)"] = function(writer) writer:event({ "x" }) end,
        ["bad argument #1 to 'event' (string or table expected, got nil)"] = function(writer) writer:event(nil) end,
        ["bad argument #1 to 'event' (string or table expected, got boolean)"] = function(writer) writer:event(true) end,
        ["bad argument #1 to 'comment' (string expected, got table)"] = function(writer) writer:comment({}) end,
        ["bad argument #1 to 'write' (string expected, got nil)"] = function(writer) writer:write(nil) end,
    }) do
        local got = exchange(raw.get() .. NEXT, function(_, writer) f(writer) end)
        check.equal(name, { got[1], got[4], got[5]:find("server_misuse.lua:%d+: ") ~= nil, got[5]:sub(-#name) },
            { 500, "next", true, name })
    end

    -- server.writer.7: a writer whose answer has ended, by the writer itself, by the handler's return and by an error
    local kept
    local function use(f)
        local ok, why = pcall(f, kept)
        return { ok, (tostring(why):gsub("^.*server_misuse.lua:%d+: ", "here: ")) }
    end
    for _, answer in pairs({
        function(writer) writer:finish() end,
        function(writer)
            writer:write("x")
            writer:finish()
        end,
        function() return { body = "x" } end,
        function() error("x") end,
    }) do
        exchange(raw.get() .. NEXT, function(_, writer)
            kept = writer
            return answer(writer)
        end)
        for name, f in pairs({
            write = function(writer) writer:write("late") end,
            event = function(writer) writer:event("late") end,
            ["event of a table"] = function(writer) writer:event({ data = "late" }) end,
            comment = function(writer) writer:comment("late") end,
            start = function(writer) writer:start() end,
        }) do
            check.equal(name .. " after the end", use(f), { false, "here: the answer has ended" })
        end
        check.equal("finish after the end", { kept:finish() }, { true })
    end

    -- a body that was read whole, with the methods for streams
    check.equal("read", exchange(post("Content-Length: 12\r\n", "one\r\ntwo\nend"), function(request)
        local parts = { request:read("l"), request:read(2), request:read("*l"), request:read("a"), tostring(request:read()) }
        return { body = table.concat(parts, "|") .. " " .. #request.body }
    end), { 200, "one|tw|o|end|nil 12", 200, "next", nil, 0 })
    check.equal("source", exchange(post("Content-Length: 5\r\n", "hello"), function(request)
        return { headers = { ["Content-Length"] = 5 }, body = request:source() }
    end), { 200, "hello", 200, "next", nil, 0 })
    check.equal("no body", exchange(raw.get() .. NEXT, function(request)
        return { body = tostring(request:read()) .. tostring(request:read("*a")) }
    end), { 200, "nilnil", 200, "next", nil, 0 })
    for _, what in ipairs({ -1, 1.5, "x", true }) do
        local got = exchange(post("Content-Length: 5\r\n", "hello"), function(request) return { body = request:read(what) } end)
        check.equal("read(" .. tostring(what) .. ")", { got[1], got[4], got[5]:match("bad argument #1.*") },
            { 500, "next", "bad argument #1 to 'read' (invalid pattern)" })
    end
    server:close()

    -- an interim answer never gets into a body
    listen({ stream = true })
    handler = function(request, writer)
        writer:write("first ")
        writer:flush()
        writer:write(tostring(request:read("*a")))
    end
    local peer = raw.connect(server)
    peer:send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
    check.equal("the answer begins", peer:receive("*l"), "HTTP/1.1 200 OK")
    peer:send("body" .. NEXT)
    local text = peer:receive("*a")
    local body, rest = text:match("\r\n\r\n(.-0\r\n\r\n)(.*)")
    check.equal("it has its parts alone", body and serve.unchunk(body), "first body")
    check.equal("the next answer follows", rest and serve.answers(rest)[1].body, "next")
    peer:close()
    server:close()

    -- a peer that sends many requests at once is not the only one served
    local served, seen = 0, nil
    listen({ maxrequests = false })
    handler = function(request)
        if request.path == "/other" then seen = served else served = served + 1 end
        return {}
    end
    local greedy, other = raw.connect(server), raw.connect(server)
    raw.ask(greedy, "/next")
    raw.ask(other, "/next")
    greedy:send(raw.get("/many"):rep(1000))
    other:send(raw.get("/other"))
    check.ok("both are served", serve.eventually(function() return seen and served == 1000 end), served)
    check.ok("the second one before the last of the first one's thousand", seen and seen < 1000, seen)
    greedy:close()
    other:close()
    server:close()
end)
check.done()
