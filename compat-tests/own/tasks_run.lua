-- socket.tasks: running, waiting for tasks, cancelling, deadlines, map, queues, mutexes, semaphores
-- (tasks.s.12 to 32, 34, 37 to 44, 46, 48 to 61, 69 to 72, 78, 81 to 83).
local check = require("check")
local socket = require("socket")
local tasks = require("socket.tasks")

local unpack = table.unpack or unpack
local now = socket.gettime

local function list(...) return { n = select("#", ...), ... } end

-- A listening object and its port; a peer that accepts and sends nothing.
local function listener()
    local server = assert(socket.bind("127.0.0.1", 0))
    local _, port = server:getsockname()
    return server, port
end

-- A connected pair.
local function pair()
    local server, port = listener()
    local client = assert(socket.connect("127.0.0.1", port))
    local peer = assert(server:accept())
    server:close()
    return client, peer
end

-- tasks.module
check.equal("module.1: the same table", socket.tasks == tasks and package.loaded["socket.tasks"] == tasks, true)
local names = {}
for name in pairs(tasks) do names[#names + 1] = name end
table.sort(names)
check.equal("module.2: its fields", table.concat(names, " "), "MAXTASKS STACKSIZE current deadline getfd map mutex onerror queue "
    .. "run semaphore start step timeout yield")

-- run and start
check.equal("s.12: results", list(tasks.run(function(a) return a, nil, 3 end, 1)), { n = 3, 1, nil, 3 })
check.equal("s.13: nothing to run", select("#", tasks.run()), 0)
local value = {}
local ok, problem = pcall(tasks.run, error, value)
check.ok("s.14: the very same error", not ok and problem == value)

do
    local server = listener()
    local seen
    ok, problem = pcall(tasks.run, function()
        tasks.start(function() seen = list(server:accept()) end)
        tasks.yield()
        error("now", 0)
    end)
    check.equal("s.15: raises at once", { ok, problem }, { false, "now" })
    check.equal("s.15: the others were cancelled", seen, { n = 2, nil, "cancelled" })
    server:close()
end
check.equal("s.16: run in a task", { tasks.run(function()
    local done, message = pcall(tasks.run, print)
    return done, tostring(message):match("tasks.run called inside a task")
end) }, { false, "tasks.run called inside a task" })
check.equal("s.17: run in a coroutine", coroutine.wrap(function() return tasks.run(function() return 5 end) end)(), 5)
check.raises("s.18: start(nil)", "bad argument #1 to 'start' %(function expected, got nil%)", tasks.start, nil)
check.raises("run.6: other types", "bad argument #1 to 'start' %(function expected, got table%)", tasks.start, {})
check.raises("run.6: nothing", "bad argument #1 to 'start' %(function expected, got no value%)", tasks.start)
local order = {}
for _, name in ipairs({ "A", "B", "C" }) do tasks.start(function() order[#order + 1] = name end) end
check.equal("s.20: not yet", #order, 0)
tasks.run()
check.equal("s.19: order", table.concat(order, " "), "A B C")
tasks.run(function()
    tasks.MAXTASKS = 3
    local first = tasks.start(tasks.yield)
    tasks.start(tasks.yield)
    check.raises("s.21: too many", "too many tasks", tasks.start, tasks.yield)
    first:wait()
    check.ok("s.21: one has ended", tasks.start(tasks.yield))
    tasks.MAXTASKS = 10000
end)
tasks.STACKSIZE = 1
check.raises("s.22: stack size", "invalid stack size", tasks.start, print)
tasks.STACKSIZE = 2097152
tasks.MAXTASKS = 0
check.raises("errors: number of tasks", "invalid number of tasks", tasks.start, print)
tasks.MAXTASKS = 10000
do
    local a, b
    a = tasks.start(function() return b:wait() end)
    b = tasks.start(function() return a:wait() end)
    check.raises("s.23: two wait for each other", "deadlock: 2 tasks wait for each other", tasks.run)
    a:cancel()
    tasks.run()
    check.equal("run.4: they can be cancelled", { a:status(), b:status() }, { "done", "done" })
    local queue = tasks.queue()
    check.raises("s.24: a queue that stays empty", "deadlock: 1 tasks wait for each other", tasks.run,
        function() return queue:get() end)
    queue:put(1)
    tasks.run()
end

-- waiting for tasks
do
    local task = tasks.start(function() return 1, nil, 3 end)
    check.equal("s.31: in the main program", list(task:wait()), { n = 4, true, 1, nil, 3 })
    check.equal("s.26: twice", list(task:wait()), { n = 4, true, 1, nil, 3 })
    check.equal("status", task:status(), "done")
    check.ok("tostring", tostring(task):find("^task: "))
    check.equal("s.39: cancel of an ended task", task:cancel(), false)
    check.raises("Task.8: bad self", "calling 'wait' on bad self", task.wait, {})
end
tasks.run(function()
    local queue = tasks.queue()
    local task = tasks.start(function() return queue:get() end)
    check.equal("s.27: a wait's own limit", list(task:wait(0.02)), { n = 2, nil, "timeout" })
    check.equal("wait(0) just looks", list(task:wait(0)), { n = 2, nil, "timeout" })
    queue:put("got")
    check.equal("s.27: the task goes on", list(task:wait()), { n = 2, true, "got" })
    local done, message = pcall(function() return tasks.current():wait() end)
    check.ok("s.30: oneself", not done and message:find("a task cannot wait for itself"))
end)
do
    local task = tasks.start(function() error("x") end)
    local result, message, traceback = task:wait()
    check.ok("s.28: a string", result == nil and message:find("tasks_run.lua:%d+: x$"))
    check.ok("s.28: traceback", traceback:find("^stack traceback:") and traceback:find("tasks_run.lua", 1, true)
        and not traceback:find("socket/tasks", 1, true), traceback)
    local results = list(tasks.start(error):wait())
    check.ok("s.29: nil", results.n == 3 and type(results[3]) == "string" and results[1] == nil)
    local by_pcall = select(2, pcall(error))
    check.equal("s.29: as pcall has it", results[2], by_pcall)
end

-- cancelling
do
    local client, peer = pair()
    local task
    tasks.run(function()
        task = tasks.start(function()
            local got = list(client:receive("*a"))
            return got, list(client:receive("*a")), list(socket.sleep(1)), list(tasks.yield()), list(socket.select({ client }))
        end)
        peer:send("12345")
        socket.sleep(0.05)
        check.equal("s.41: waiting", task:status(), "waiting")
        check.equal("cancel", { task:cancel(), task:cancel("again") }, { true, true })
    end)
    local _, first, second, third, fourth, fifth = task:wait()
    check.equal("s.32: partial result", first, { n = 3, nil, "cancelled", "12345" })
    check.equal("s.37: it stays cancelled", second, { n = 3, nil, "cancelled", "" })
    check.equal("s.34: sleep", third, { n = 2, nil, "cancelled" })
    check.equal("cancel.5: yield", fourth, { n = 2, nil, "cancelled" })
    check.equal("s.34: select", fifth, { n = 3, {}, {}, "cancelled" })
    client:close()
    peer:close()
end
do
    local called = false
    local task = tasks.start(function() called = true end)
    check.equal("s.41: ready", task:status(), "ready")
    task:cancel()
    tasks.run()
    check.equal("s.38: never called", { called, task:status() }, { false, "failed" })
    check.equal("s.38: wait", list(task:wait()), { n = 2, nil, "cancelled" })
end
do
    local rounds, task = 0, nil
    ok, problem = pcall(tasks.run, function()
        task = tasks.start(function() while true do socket.sleep(1) rounds = rounds + 1 end end)
        tasks.yield()
        error("end", 0)
    end)
    check.equal("s.40: run ends", { ok, problem }, { false, "end" })
    check.ok("s.40: after a hundred waits", rounds >= 99 and rounds <= 101, rounds)
    check.equal("s.40: abandoned", task:status(), "failed")
end
tasks.run(function()
    check.equal("s.41: running", tasks.current():status(), "running")
    local self = tasks.current()
    self:cancel("me")
    check.equal("cancel.4: oneself", list(socket.sleep(0)), { n = 2, nil, "me" })
end)

-- deadlines
do
    local client, peer = pair()
    local function limited(seconds, ...)
        local start = now()
        local results = list(tasks.deadline(seconds, ...))
        return now() - start, results
    end
    local function all()
        local time, results = limited(0.1, function() return client:receive() end)
        check.ok("s.42: in time", time >= 0.09 and time < 10, time)
        check.equal("s.42: results", results, { n = 3, nil, "timeout", "" })
        time = limited(40, tasks.deadline, 0.1, client.receive, client)
        check.ok("s.43: the inner one", time >= 0.09 and time < 10, time)
        time = limited(0.1, tasks.deadline, 40, client.receive, client)
        check.ok("s.43: the outer one", time >= 0.09 and time < 10, time)
        client:settimeout(0.1)
        time = limited(40, client.receive, client)
        check.ok("s.44: the object's", time >= 0.09 and time < 10, time)
        client:settimeout(nil)
        check.equal("s.46: zero", select(2, limited(0, client.receive, client)), { n = 3, nil, "timeout", "" })
        check.equal("s.46: no wait", select(2, limited(0, function() return 1, nil end)), { n = 2, 1, nil })
        check.equal("deadline.4: no limit", select(2, limited(math.huge, function() return 1 end)), { n = 1, 1 })
        tasks.deadline(0.1, function()
            local done, raised = pcall(tasks.deadline, 5, error, value)
            check.ok("s.48: the same error", not done and raised == value)
            check.equal("s.48: the outer one holds", list(client:receive()), { n = 3, nil, "timeout", "" })
        end)
        check.raises("deadline.4: not a number", "bad argument #1 to 'deadline'", tasks.deadline, 0 / 0, print)
        check.equal("deadline.7: an object that does not wait", select(2, limited(0, function()
            client:settimeout(0)
            local results2 = list(client:receive())
            client:settimeout(nil)
            return results2
        end))[1], { n = 3, nil, "timeout", "" })
    end
    all()
    tasks.run(all)
    local ticks = 0
    tasks.run(function()
        local ticker = tasks.start(function() while socket.sleep(0.001) == nil and ticks < 20 do ticks = ticks + 1 end end)
        tasks.deadline(0.02, function() while ticks < 20 do socket.select({ client }, nil, 1) end end)
        ticker:wait()
    end)
    check.equal("s.49: no task starves", ticks, 20)
    local map_result
    local start = now()
    tasks.run(function()
        map_result = list(tasks.deadline(0.1, tasks.map, { 1, 2 }, 2, function() return client:receive() end))
    end)
    check.ok("deadline.5: map's calls", now() - start < 20)
    check.equal("map.4: the caller's deadline", map_result[1] == nil and map_result[2] or map_result[2][1], "timeout")
    client:close()
    peer:close()
end

-- map
tasks.run(function()
    local most, current, input = 0, 0, {}
    for i = 1, 100 do input[i] = i end
    local results, errors = tasks.map(input, 10, function(v, i)
        current = current + 1
        most = math.max(most, current)
        socket.sleep(0.001 * (v % 3))
        current = current - 1
        return v * i
    end)
    local right = errors == nil
    for i = 1, 100 do right = right and results[i] == i * i end
    check.ok("s.50: results in order", right)
    check.equal("s.50: never above", most, 10)
    results, errors = tasks.map({ 1, 2, 3, 4 }, nil, function(v)
        if v == 3 then return nil, "x" end
        if v == 4 then return nil end
        return v
    end)
    check.equal("s.51: results", results, { 1, 2 })
    check.equal("s.51: errors", errors, { [3] = "x", [4] = "failed" })
    local cancelled
    local done, message = pcall(tasks.map, { 1, 2, 3 }, 3, function(v)
        if v == 3 then
            socket.sleep(0.01)
            error(value)
        end
        local _, why = socket.sleep(5)
        cancelled = why
    end)
    check.ok("s.52: raises it", not done and message == value)
    check.equal("s.52: the others were cancelled", cancelled, "cancelled")
    local task = tasks.start(function() return tasks.map({ 1, 2 }, 2, function() return socket.sleep(9) end) end)
    socket.sleep(0.01)
    task:cancel("enough")
    check.equal("map.4: a cancelled caller", list(task:wait()), { n = 3, true, nil, "enough" })
end)
check.equal("s.53: in the main program", tasks.map({ 1, 2, 3 }, 2, function(v) socket.sleep(0.01) return v + 1 end), { 2, 3, 4 })
check.equal("s.53: empty", list(tasks.map({}, 2, print)), { n = 1, {} })
check.raises("map.1: most", "bad argument #2 to 'map'", tasks.map, {}, 0, print)

-- queues
do
    local queue = tasks.queue(2)
    check.equal("s.54: room", { queue:put(1), queue:put(2) }, { true, true })
    check.equal("s.54: full", list(queue:put(3, 0)), { n = 2, nil, "timeout" })
    check.equal("length", queue:length(), 2)
    queue:close()
    check.equal("s.55: what is left", { queue:get(), queue:get() }, { 1, 2 })
    check.equal("s.55: then closed", list(queue:get()), { n = 2, nil, "closed" })
    check.equal("put after close", list(queue:put(1)), { n = 2, nil, "closed" })
    queue = tasks.queue()
    local results = {}
    tasks.run(function()
        for i = 1, 3 do tasks.start(function() results[i] = list(queue:get()) end) end
        tasks.yield()
        queue:close()
    end)
    check.equal("s.56: three getters", results, { { n = 2, nil, "closed" }, { n = 2, nil, "closed" }, { n = 2, nil, "closed" } })
    queue, results = tasks.queue(), {}
    tasks.run(function()
        tasks.start(function() results[1] = list(queue:get(0.02)) end)
        tasks.start(function() results[2] = list(queue:get()) end)
        socket.sleep(0.1)
        queue:put("v")
    end)
    check.equal("s.57: none is lost", results, { { n = 2, nil, "timeout" }, { n = 1, "v" } })
    queue = tasks.queue()
    check.raises("s.58: nil", "bad argument #1 to 'put'", queue.put, queue, nil)
    queue:put(false)
    check.equal("s.58: false", list(queue:get()), { n = 1, false })
    check.raises("queue.5", "bad argument #1 to 'queue'", tasks.queue, 0.5)
    results = {}
    queue = tasks.queue(1)
    tasks.run(function()
        tasks.start(function() for i = 1, 10 do queue:put(i) end queue:close() end)
        for v in queue:values() do results[#results + 1] = v end
    end)
    check.equal("queue.8: values", results, { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 })
    check.equal("wait outside, with a limit", list(tasks.queue():get(0.02)), { n = 2, nil, "timeout" })
    check.raises("run.4: deadlock outside", "deadlock: 0 tasks", function() return tasks.queue():get() end)
end

-- mutexes and semaphores
tasks.run(function()
    local mutex = tasks.mutex()
    check.raises("s.59: not locked", "mutex is not locked", mutex.unlock, mutex)
    mutex:lock()
    check.raises("s.59: twice", "mutex is locked by this task already", mutex.lock, mutex)
    local _, _, other = tasks.start(function() return pcall(mutex.unlock, mutex) end):wait()
    check.ok("s.59: another task", tostring(other):find("mutex is locked by another task"))
    mutex:unlock()
    local onerror = tasks.onerror
    tasks.onerror = false
    tasks.start(function() mutex:lock() tasks.yield() error("with it") end)
    local task = tasks.start(function() return mutex:lock() end)
    check.equal("s.60: the next one has it", list(task:wait()), { n = 2, true, true })
    tasks.onerror = onerror
    local semaphore, inside, most, served = tasks.semaphore(2), 0, 0, {}
    local all = {}
    for i = 1, 5 do
        all[i] = tasks.start(function()
            semaphore:acquire()
            served[#served + 1] = i
            inside = inside + 1
            most = math.max(most, inside)
            socket.sleep(0.005)
            inside = inside - 1
            semaphore:release()
        end)
    end
    for i = 1, 5 do all[i]:wait() end
    check.equal("s.61: two at most, in order", { most, served }, { 2, { 1, 2, 3, 4, 5 } })
    check.equal("semaphore: a limit", list(tasks.semaphore(0):acquire(0.01)), { n = 2, nil, "timeout" })
end)

-- errors of tasks that no other task waits for
do
    local told = {}
    tasks.onerror = function(...) told[#told + 1] = list(...) end
    local task = tasks.start(function() error("alone") end)
    tasks.start(function() return 1 end)
    tasks.run()
    check.equal("s.78: once", #told, 1)
    check.ok("s.78: error, traceback, task", told[1][1]:find("alone") and told[1][2]:find("stack traceback") and told[1][3] == task)
    tasks.onerror = function() return socket.sleep(0.001) or tasks.queue():get() end
    tasks.start(error, "x")
    check.ok("nowhere.3: onerror blocks, and waits for no task", pcall(tasks.run))
    tasks.onerror = false
    tasks.start(error, "x")
    check.ok("onerror = false", pcall(tasks.run))
end

-- coroutines
do
    local thread
    local task
    tasks.run(function()
        task = tasks.start(function()
            thread = coroutine.running()
            local got = coroutine.yield("out")
            socket.sleep(0.001)
            return got, "end"
        end)
        tasks.yield()
        check.equal("s.70: yielded", task:status(), "yielded")
        check.equal("s.70: the resumer has the results", list(coroutine.resume(thread, 7)), { n = 3, true, 7, "end" })
        check.equal("s.70: so has the task", list(task:wait()), { n = 3, true, 7, "end" })
    end)
    tasks.run(function() tasks.start(function() coroutine.yield() end) end)
    check.ok("s.71: run returns", true)
    local client, peer = pair()
    task = tasks.start(function()
        thread = coroutine.running()
        coroutine.yield()
        return client:receive()
    end)
    tasks.run()
    peer:send("blocking\n")
    check.equal("s.72: outside any task", list(coroutine.resume(thread)), { n = 4, true, "blocking", nil, nil })
    check.equal("s.72: the task has ended", list(task:wait()), { n = 4, true, "blocking", nil, nil })
    task = tasks.start(function() coroutine.yield() end)
    tasks.run()
    task:cancel("over")
    check.equal("coroutines.5: cancel of a yielded one", list(task:wait()), { n = 2, nil, "over" })
    task = tasks.start(function()
        thread = coroutine.running()
        coroutine.yield()
        error("late", 0)
    end)
    tasks.run()
    local resumed, message = coroutine.resume(thread)
    check.equal("coroutines.4: the resumer sees the error", { resumed, message }, { false, "late" })
    check.equal("coroutines.4: the task has failed", task:status(), "failed")
    local generator, owner_values = nil, {}
    tasks.run(function()
        generator = coroutine.create(function()
            for i = 1, 3 do
                socket.sleep(0.005)
                coroutine.yield(i)
            end
        end)
        tasks.start(function()
            for _ = 1, 3 do
                local _, v = coroutine.resume(generator)
                owner_values[#owner_values + 1] = v
            end
        end)
        tasks.yield()
        check.equal("s.69: resume by another", (coroutine.resume(generator)), false)
        if coroutine.close then check.ok("s.69: close by another", not pcall(coroutine.close, generator)) end
    end)
    check.equal("s.69: right values for its owner", owner_values, { 1, 2, 3 })
    client:close()
    peer:close()
end

-- embedding
do
    local done = 0
    for _ = 1, 5 do tasks.start(function() socket.sleep(0.01) done = done + 1 end) end
    check.equal("s.83: ready", tasks.timeout(), 0)
    check.equal("s.81: counts", tasks.step(0), 5)
    local left = tasks.timeout()
    check.ok("s.83: a limit", left and left <= 0.01)
    while tasks.step(0.01) > 0 do check.ok("s.81", true) end
    check.equal("s.81: all done", done, 5)
    check.equal("s.83: none", tasks.timeout(), nil)
    local queue = tasks.queue()
    local task = tasks.start(function() return queue:get() end)
    tasks.step()
    -- Without epoll, there is no descriptor for all tasks.
    local has_descriptor = tasks.getfd() ~= nil
    local watch = { getfd = tasks.getfd }
    local ready = has_descriptor and socket.select({ watch }, nil, 0) or {}
    check.equal("s.82: not before", #ready, 0)
    queue:put("by the host")
    if has_descriptor then check.equal("s.82: readable", #socket.select({ tasks }, nil, 5), 1) end
    tasks.step()
    check.equal("s.82: it went on", list(task:wait()), { n = 2, true, "by the host" })
    local client, peer = pair()
    task = tasks.start(function() return client:receive() end)
    tasks.step()
    tasks.step()
    if has_descriptor then check.equal("s.82: no data", #socket.select({ tasks }, nil, 0), 0) end
    peer:send("x\n")
    if has_descriptor then check.equal("s.82: data", #socket.select({ tasks }, nil, 5), 1) end
    while tasks.step() > 0 do check.ok("s.82", true) end
    check.equal("s.82: result", list(task:wait()), { n = 4, true, "x", nil, nil })
    check.raises("step in a task", "tasks.step called inside a task", function()
        tasks.run(function() return tasks.step() end)
    end)
    client:close()
    peer:close()
end
check.equal("nothing is left", list(unpack({ tasks.step() })), { n = 1, 0 })
check.done()
