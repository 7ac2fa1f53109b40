-- Programs that work against the scheduler: coroutines closed under it, objects closed and used again, finalizers,
-- errors of every kind, endless recursion (tasks.coroutines.4, tasks.objects.3, tasks.nowhere.1).
local check = require("check")
local pair = require("connected")
local socket = require("socket")
local tasks = require("socket.tasks")

local JIT = rawget(_G, "jit")

-- A task whose coroutine has yielded ends when other code closes the coroutine.
if coroutine.close then
    local close, co = coroutine.close, nil
    local function wait_to_be_resumed()
        co = coroutine.running()
        coroutine.yield()
    end
    tasks.run(function()
        local task = tasks.start(wait_to_be_resumed)
        tasks.yield()
        check.equal("a yielded task", task:status(), "yielded")
        check.ok("its coroutine can be closed", close(co))
        check.equal("then it has failed", task:status(), "failed")
        check.equal("and a wait says why", { task:wait() }, { nil, "the task's coroutine was closed" })

        task = tasks.start(wait_to_be_resumed)
        tasks.yield()
        local waiter = tasks.start(function() return task:wait() end)
        tasks.yield()
        close(co)
        check.equal("who waits for it already hears of it", { waiter:wait() },
            { true, nil, "the task's coroutine was closed" })
    end)

    -- also while other tasks can still continue
    local order = {}
    tasks.run(function()
        local task = tasks.start(wait_to_be_resumed)
        tasks.yield()
        tasks.start(function()
            task:wait()
            order[#order + 1] = "waiter"
        end)
        tasks.start(function()
            close(co)
            socket.sleep(0.2)
            order[#order + 1] = "sleeper"
        end)
    end)
    check.equal("before a later timer", order, { "waiter", "sleeper" })

    -- and when a program makes the steps itself
    local told
    local task = tasks.start(wait_to_be_resumed)
    tasks.start(function() told = { task:wait() } end)
    tasks.step(0)
    close(co)
    for _ = 1, 3 do tasks.step(0) end
    check.equal("in a step", told, { nil, "the task's coroutine was closed" })
    local before = tasks.MAXTASKS
    tasks.MAXTASKS = 3
    local ok, problem = pcall(tasks.run, function()
        for _ = 1, 20 do
            tasks.start(wait_to_be_resumed)
            tasks.yield()
            close(co)
        end
    end)
    tasks.MAXTASKS = before
    check.ok("closed ones do not count, and run ends", ok, problem)
end

-- The partial result belongs to the waiter, even if other code uses the closed object first.
tasks.run(function()
    local client, peer = pair()
    peer:send("abc")
    local task = tasks.start(function() return client:receive("*l", "pre") end)
    socket.sleep(0.01)
    client:close()
    check.equal("receive on a closed object", { client:receive() }, { nil, "closed", "" })
    check.equal("the waiter gets its partial result", { task:wait() }, { true, nil, "closed", "preabc" })
    peer:close()
end)

-- Finalizers in tasks may start tasks and fail.
do
    local started = 0
    local function garbage(f)
        if rawget(_G, "newproxy") then
            getmetatable(newproxy(true)).__gc = f -- luacheck: ignore 113
        else
            setmetatable({}, { __gc = f })
        end
    end
    tasks.run(function()
        for _ = 1, 20 do
            tasks.start(function()
                garbage(function() tasks.start(function() socket.sleep(0.001) started = started + 1 end) end)
                garbage(function() error({}) end)
                pcall(collectgarbage)
                tasks.yield()
                pcall(collectgarbage)
            end)
        end
    end)
    for _ = 1, 40 do pcall(collectgarbage) end
    tasks.run()
    check.equal("tasks that finalizers start", started, 20)
end

-- Any value may be an error.
do
    local seen = {}
    tasks.onerror = function(problem, traceback) seen[#seen + 1] = { problem, type(traceback) } end
    local values = { true, {}, print, coroutine.create(function() end), io.stdout }
    tasks.run(function()
        for i = 1, #values do
            tasks.start(function()
                socket.sleep(0.001)
                error(values[i])
            end)
            local task = tasks.start(error, values[i])
            local ok, problem, traceback = task:wait()
            check.ok("wait gives the same error: " .. type(values[i]), ok == nil and rawequal(problem, values[i]))
            check.equal("and a traceback", type(traceback), "string")
        end
    end)
    check.equal("onerror was called for each", #seen, #values)
    -- limits that are up in the same turn end in any order
    for i = 1, #values do
        local found = false
        for j = 1, #seen do found = found or rawequal(seen[j][1], values[i]) and seen[j][2] == "string" end
        check.ok("with the same error: " .. type(values[i]), found)
    end
    tasks.onerror = false
end

-- Endless recursion in a task is an error like any other. (LuaJIT alone has no limit for callbacks of some C functions.)
do
    local function meta(event)
        local metatable = {}
        local object = setmetatable({}, metatable)
        metatable[event] = function(a, b)
            if event == "__index" then return a[b .. ""] end
            if event == "__add" then return a + b end
            return a .. b
        end
        return object
    end
    local function protected()
        local ok, problem = pcall(protected)
        if not ok then error(problem, 0) end
        return 1
    end
    local function sorting() table.sort({ 1, 2, 3 }, sorting) return true end
    local function replacing() return (("x"):gsub(".", replacing)) end
    local function limited() return tasks.deadline(10, limited) end
    local cases = {
        index = function() return meta("__index").x end, add = function() return meta("__add") + 1 end,
        concat = function() return meta("__concat") .. "x" end,
        pcall = protected, sort = sorting, gsub = not JIT and replacing or nil,
        deadline = not JIT and limited or nil,
        protect = function() local function f() return socket.protect(f)() end return f() end,
    }
    tasks.run(function()
        for name, f in pairs(cases) do
            tasks.start(function()
                socket.sleep(0.001)
                local ok, problem = pcall(f)
                check.ok("recursion by " .. name, not ok and tostring(problem):find("overflow"), problem)
                socket.sleep(0.001)
                check.equal("and the task goes on", tasks.current():status(), "running")
            end)
        end
    end)
end

-- Times that no clock can hold.
tasks.run(function()
    local started = {}
    for _, seconds in ipairs({ 1e9, 2 ^ 63, 2 ^ 64, 1e300, math.huge }) do
        local client, peer = pair()
        client:settimeout(seconds)
        local queue, lock = tasks.queue(), tasks.mutex()
        lock:lock()
        for _, f in ipairs({
            function() return socket.sleep(seconds) end, function() return client:receive() end,
            function() return queue:get(seconds) end, function() return lock:lock(seconds) end,
            function() return tasks.deadline(seconds, socket.sleep, seconds) end,
            function() return select(3, socket.select({ peer }, nil, seconds)) end,
        }) do started[#started + 1] = tasks.start(f) end
        started[#started + 1] = tasks.start(function() return peer, lock end)
    end
    socket.sleep(0.01)
    local waiting = 0
    for _, task in ipairs(started) do
        if task:status() == "waiting" then waiting = waiting + 1 end
        task:cancel()
    end
    check.equal("very long limits wait", waiting, 30)
end)

-- Processes of several states in all kinds of waits, ended at random.
do
    local random = 7
    local function below(n)
        random = random * 16807 % 2147483647
        return random % n
    end
    local live = {}
    local ok, problem = pcall(tasks.run, function()
        local lock, permits, queue = tasks.mutex(), tasks.semaphore(2), tasks.queue(3)
        local kinds = {
            [0] = function() if lock:lock(0.001) then tasks.yield() lock:unlock() end end,
            function() if permits:acquire(0.001) then tasks.yield() permits:release() end end,
            function() queue:put(1, 0.001) end, function() queue:get(0.001) end, function() error({}) end,
            function() tasks.deadline(0.001, socket.sleep, 1) end,
            function()
                tasks.map({ 1, 2, 3 }, 2, function(x) tasks.yield() if below(4) == 1 then error("m") end return x end)
            end,
            coroutine.yield, function() tasks.current():cancel() socket.sleep(1) end,
            function()
                local client, peer = pair()
                tasks.start(function() client:receive() end)
                tasks.yield()
                client:close()
                peer:close()
            end,
        }
        for i = 1, 1500 do
            live[#live + 1] = tasks.start(kinds[below(10)])
            if #live > 60 then table.remove(live, 1) end
            if below(3) == 1 then live[below(#live) + 1]:cancel() end
            if i % 20 == 0 then tasks.yield() end
        end
        for _, task in ipairs(live) do task:cancel() end
    end)
    check.ok("1,500 tasks that end in every way", ok, problem)
    check.equal("and nothing is left", tasks.timeout(), nil)
end

check.done()
