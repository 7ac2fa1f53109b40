-- Tasks that go on after their cancellation, long messages, and waits that an error ends (cancel, tasks.end).
-- needs: certs
local check = require("check")
local http = require("socket.http")
local queues = require("socket.tasks").queue
local socket = require("socket")
local ssl = require("ssl")
local tasks = require("socket.tasks")

-- Runs `f` in an endless loop, and ends `tasks.run` by an error. Returns the error.
local function abandon(f)
    return select(2, pcall(tasks.run, function()
        tasks.start(function() while true do f() end end)
        tasks.yield()
        error("stop", 0)
    end))
end

-- tasks.end.3: an abandoned task does not leave its objects busy.
do
    local server = assert(socket.bind("127.0.0.1", 0))
    check.equal("end.3: accept", abandon(function() server:accept() end), "stop")
    local host, port = server:getsockname()
    local client = assert(socket.connect(host, port))
    server:settimeout(30)
    local guest, problem = server:accept()
    check.equal("end.3: the server is free", problem, nil)
    check.equal("end.3: receive", abandon(function() guest:receive() end), "stop")
    client:send("line\n")
    guest:settimeout(30)
    check.equal("end.3: the connection is free", { guest:receive() }, { "line" })
    local datagrams = socket.udp4()
    datagrams:setsockname("127.0.0.1", 0)
    check.equal("end.3: receivefrom", abandon(function() datagrams:receivefrom() end), "stop")
    datagrams:settimeout(0)
    check.equal("end.3: the datagrams are free", { datagrams:receivefrom() }, { nil, "timeout" })
    -- A listener whose queue is full does not answer.
    local full, queued = socket.tcp4(), {}
    full:bind("127.0.0.1", 0)
    full:listen(0)
    host, port = full:getsockname()
    for i = 1, 4 do
        queued[i] = socket.tcp4()
        queued[i]:settimeout(0)
        queued[i]:connect(host, port)
    end
    local connecting = socket.tcp4()
    check.equal("end.3: connect", abandon(function() connecting:connect(host, port) end), "stop")
    connecting:settimeout(0)
    check.ok("end.3: the object is free", select(2, connecting:connect(host, port)) ~= "busy")
    for _, object in ipairs(queued) do object:close() end
    for _, object in ipairs({ server, client, guest, datagrams, connecting, full }) do object:close() end
end

-- tasks.end.3: a loop whose operations never wait
do
    local receiver, sender = socket.udp4(), socket.udp4()
    receiver:setsockname("127.0.0.1", 0)
    local host, port = receiver:getsockname()
    check.equal("end.3: sendto", abandon(function() sender:sendto("x", host, port) end), "stop")
    local queue = queues()
    check.equal("end.3: a queue", abandon(function() queue:put(1) queue:get() end), "stop")
    check.equal("end.3: the queue can be used", { queue:put(2), queue:get() }, { true, 2 })
    receiver:close()
    sender:close()
end

-- tasks.end.3: tasks that are started while all tasks are being ended
do
    local started
    local ok, problem = pcall(tasks.run, function()
        tasks.start(function()
            socket.sleep(1000)
            started = tasks.start(socket.sleep, 1000)
        end)
        tasks.yield()
        error("stop", 0)
    end)
    check.equal("end.3: run ends", { ok, problem }, { false, "stop" })
    -- It is cancelled before or after it begins. A sleep that fails returns.
    local status = started and started:status()
    check.ok("end.3: the late task", status == "failed" or status == "done", status)
end

-- cancel: a message of any length
do
    local long = ("0123456789"):rep(1000)
    local server = assert(socket.bind("127.0.0.1", 0))
    local host, port = server:getsockname()
    local client = assert(socket.connect(host, port))
    local guest = assert(server:accept())
    client:send("part")
    local idle = assert(socket.bind("127.0.0.1", 0))
    local queue = queues()
    local waits = {
        accept = function() return idle:accept() end,
        receive = function() return guest:receive() end,
        select = function() return select(3, socket.select({ idle }, nil, 100)) end,
        sleep = function() return select(2, socket.sleep(100)) end,
        queue = function() return select(2, queue:get()) end,
        http = function() return select(2, http.request("http://" .. host .. ":" .. port .. "/")) end,
        ["ssl"] = function()
            local wrapped = assert(ssl.wrap(assert(socket.connect(host, port)), { mode = "client", protocol = "any" }))
            return select(2, wrapped:dohandshake())
        end,
    }
    for name, wait in pairs(waits) do
        local results, again
        tasks.run(function()
            local task = tasks.start(function()
                results = { wait() }
                again = select(2, socket.sleep(1))
            end)
            local other = tasks.start(function() socket.sleep(1000) end)
            for _ = 1, 5 do tasks.yield() end
            other:cancel(("0123456789"):rep(999))
            task:cancel(long)
        end)
        local message = results[#results]
        if name == "accept" then message = results[2] end
        if name == "receive" then
            message = results[2]
            check.equal("cancel: the partial result", results[3], "part")
        end
        check.ok("cancel: a long message, " .. name, message == long, message and #message)
        check.ok("cancel: again, " .. name, again == long, again and #again)
    end
    for _, object in ipairs({ client, guest, server, idle }) do object:close() end
end

-- A timeout that is not a number of seconds
do
    local nan = 0 / 0
    local function all(where)
        local queue, full = queues(), queues(1)
        full:put(1)
        local mutex, semaphore = tasks.mutex(), tasks.semaphore(0)
        local task = tasks.start(socket.sleep, 1000)
        check.equal("NaN: get " .. where, { queue:get(nan) }, { nil, "timeout" })
        check.equal("NaN: put " .. where, { full:put(2, nan) }, { nil, "timeout" })
        check.equal("NaN: acquire " .. where, { semaphore:acquire(nan) }, { nil, "timeout" })
        check.equal("NaN: wait " .. where, { task:wait(nan) }, { nil, "timeout" })
        check.equal("NaN: lock " .. where, { mutex:lock(nan) }, { true })
        task:cancel()
    end
    all("outside")
    tasks.run(all, "inside")
end

-- tasks.run.8: an error in code outside tasks that waits, such as the interpreter's interrupt, takes no value.
do
    local jit = rawget(_G, "jit")
    if jit then jit.off() end
    local queue, ended = queues(), false
    local busy = tasks.start(function() while not ended do tasks.yield() end end)
    local main, countdown = coroutine.running(), 300
    debug.sethook(function()
        if coroutine.running() ~= main then return end
        countdown = countdown - 1
        if countdown == 0 then
            debug.sethook()
            error("interrupted", 0)
        end
    end, "", 1)
    local ok, problem = pcall(queue.get, queue)
    debug.sethook()
    check.equal("run.8: the error", { ok, problem }, { false, "interrupted" })
    queue:put("value")
    check.equal("run.8: the value is still there", { queue:get(0) }, { "value" })
    ended = true
    busy:wait()
    if jit then jit.on() end
end
check.done()
