-- A server at the limit of tasks, and handlers whose tasks never end ("Limits and defaults": `maxconnections`,
-- server.stop.1 and 5).
local check = require("check")
local raw = require("raw_http")
local serve = require("serve")
local socket = require("socket")
local tasks = require("socket.tasks")

local MOST = tasks.MAXTASKS

-- Connects peers, each of which sends a request.
local function connect(server, count, fields)
    local peers = {}
    for i = 1, count do
        peers[i] = raw.connect(server)
        peers[i]:send(raw.get("/" .. i, fields))
    end
    return peers
end

-- The bodies that peers get, in order.
local function bodies(peers)
    local list = {}
    for i, peer in ipairs(peers) do
        local answer, message = raw.read(peer)
        list[i] = answer and answer.body or tostring(message)
        peer:close()
    end
    return table.concat(list, " ")
end

tasks.run(function()
    -- room for two connections beside this task and the one that accepts
    for name, options in pairs({ ["with Connection: close"] = { keepalive = false }, ["with kept connections"] = {} }) do
        local running, most = 0, 0
        local server, told = serve.start(function(request)
            running = running + 1
            most = math.max(most, running)
            socket.sleep(0.05)
            running = running - 1
            return { body = request.path }
        end, options)
        tasks.MAXTASKS = 4
        local peers = connect(server, 6)
        check.equal("six peers at the limit of tasks " .. name, bodies(peers), "/1 /2 /3 /4 /5 /6")
        check.equal("two at a time " .. name, most, 2)
        check.ok("on_error is told " .. name, told[1] == "too many tasks" and #told <= 2, #told)
        tasks.MAXTASKS = MOST
        check.equal("a stop afterwards " .. name, { server:stop(20) }, { true })
    end

    -- tasks of the program use all places: a connection waits until one of them ends
    local server, told = serve.start(function(request) return { body = request.path } end)
    local gate = tasks.queue()
    local other = tasks.start(function() gate:get() end)
    tasks.MAXTASKS = 3
    local peers = connect(server, 3)
    socket.sleep(0.25)
    check.equal("nothing is served yet", { server:stats().requests, told[1], #told }, { 0, "too many tasks", 1 })
    gate:put(true)
    check.ok("the other task ends", other:wait())
    check.equal("then all are", bodies(peers), "/1 /2 /3")

    -- a stop meanwhile: the waiting connection and those in the system's queue are served too
    serve.eventually(function() return server:stats().connections == 0 end)
    tasks.yield()
    tasks.start(function() gate:get() end)
    peers = connect(server, 3)
    socket.sleep(0.05)
    local function stop()
        gate:put(true)
        return server:stop(20)
    end
    check.equal("a stop", { stop() }, { true })
    check.equal("answers", bodies(peers), "/1 /2 /3")
    check.equal("nothing is left", { server:stats().connections, server:stats().active }, { 0, 0 })
    tasks.MAXTASKS = MOST

    -- a stop without time cuts it
    server = serve.start(function(request) return { body = request.path } end)
    other = tasks.start(function() gate:get() end)
    tasks.MAXTASKS = 3
    peers = connect(server, 1)
    socket.sleep(0.05)
    local start = socket.gettime()
    server:close()
    check.ok("close is quick", socket.gettime() - start < 0.9, socket.gettime() - start)
    check.equal("no answer", { raw.read(peers[1]) }, { nil, "closed" })
    check.equal("no connection is left", server:stats().connections, 0)
    tasks.MAXTASKS = MOST
    gate:put(true)
    other:wait()

    -- on Lua 5.1 a yield cannot cross the protected call of a handler
    if _VERSION == "Lua 5.1" and not rawget(_G, "jit") then return end

    -- handlers that yield: their tasks are never resumed
    local yielded, thread
    server = serve.start(function()
        yielded = true
        thread = coroutine.running()
        coroutine.yield()
    end)
    local peer = raw.connect(server)
    peer:send(raw.get())
    serve.eventually(function() return yielded end)
    check.equal("a handler has yielded", server:stats().active, 1)
    start = socket.gettime()
    check.equal("a stop cuts it", { server:stop(0.3) }, { nil, "timeout" })
    local seconds = socket.gettime() - start
    check.ok("in time", seconds > 0.2 and seconds < 1.1, seconds)
    check.equal("it does not count any more", { server:stats().active, server:stats().connections }, { 0, 0 })
    check.equal("wait", { server:wait(1) }, { true })
    coroutine.resume(thread)
    check.equal("nor when it goes on later", { server:stats().active, server:stats().connections }, { 0, 0 })
    peer:close()

    -- one that yields when its wait has failed
    server = serve.start(function()
        yielded = true
        socket.sleep(20)
        coroutine.yield()
    end)
    peer = raw.connect(server)
    yielded = false
    peer:send(raw.get())
    serve.eventually(function() return yielded end)
    start = socket.gettime()
    check.equal("close", { server:close() }, { nil, "timeout" })
    check.ok("ends in time", socket.gettime() - start < 5, socket.gettime() - start)
    check.equal("nothing is left of it", { server:stats().active, server:stats().connections }, { 0, 0 })
    peer:close()
end)
check.done()
