-- needs: root
-- Waits that do not switch tasks, ends of processes and states, many tasks, limits (tasks.s.1, 5, 25, 40, 73 to 79, 85,
-- 87).
local check = require("check")
local socket = require("socket")
local tasks = require("socket.tasks")

local JIT = rawget(_G, "jit")
local OLD = _VERSION == "Lua 5.1"
local LUA = os.getenv("COMPAT_LUA") or "lua"

-- Runs a script in a separate process; returns its output and its exit status.
local function run(code, environment)
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write(code)
    file:close()
    local process = io.popen(("%s timeout 50 %s %s 2>&1; echo \"status $?\""):format(environment or "", LUA, path))
    local text = process:read("*a")
    process:close()
    os.remove(path)
    local output, status = text:match("^(.*)status (%d+)\n$")
    return output, tonumber(status)
end

local START = [[
local socket = require("socket")
local tasks = require("socket.tasks")
]]

-- tasks.s.73: finalizers that wait
do
    local done = 0
    local function garbage()
        if OLD then
            local proxy = newproxy(true)
            getmetatable(proxy).__gc = function() socket.sleep(0.001) done = done + 1 end
        else
            setmetatable({}, { __gc = function() socket.sleep(0.001) done = done + 1 end })
        end
    end
    tasks.run(function()
        tasks.start(function() for _ = 1, 20 do tasks.yield() end end)
        for _ = 1, 20 do
            garbage()
            collectgarbage()
        end
        for _ = 1, 3 do
            collectgarbage()
            socket.sleep(0.01)
        end
        check.ok("s.73: they ran", done >= 19, done)
        collectgarbage()
        local before, most = collectgarbage("count"), 0
        for i = 1, 100000 do
            local _ = { i }
            if i % 1000 == 0 then most = math.max(most, collectgarbage("count")) end
        end
        check.ok("s.73: the collector still runs", most < before + 8000, most - before)
    end)
    if not OLD then
        local answer
        tasks.run(function()
            setmetatable({}, { __gc = function() answer = { tasks.queue():get() } end })
            collectgarbage()
            collectgarbage()
        end)
        check.equal("nowhere.1: no waiting for tasks in a finalizer", answer, { nil, "cannot wait here" })
    end
end

-- tasks.s.74: a hook that waits
do
    local waits, other = 0, 0
    -- compiled code calls no hooks
    if JIT then JIT.off() end
    tasks.run(function()
        tasks.start(function() for _ = 1, 5 do other = other + 1 tasks.yield() end end)
        local seen
        debug.sethook(function()
            if waits < 3 then
                waits = waits + 1
                local before = other
                socket.sleep(0.001)
                seen = seen or other ~= before
            end
        end, "", 100)
        local x = 0
        for i = 1, 10000 do x = x + i end
        debug.sethook()
        check.equal("s.74: it works", { waits, x }, { 3, 50005000 })
        if _VERSION >= "Lua 5.3" and not JIT then check.ok("s.74: no switch", not seen) end
    end)
    if JIT then JIT.on() end
end

-- tasks.s.76: the process ends inside a task
for _, close in ipairs({ "", ", true" }) do
    local output, status = run(START .. [[
        local marker = setmetatable({}, { __gc = function() io.write("finalized ") end })
        for _ = 1, 100 do tasks.start(function() socket.sleep(100) end) end
        tasks.run(function()
            tasks.yield()
            pcall(function() ("x"):gsub(".", function() socket.sleep(0.001) os.exit(3]] .. close .. [[) end) end)
        end)
    ]])
    check.equal("s.76: os.exit(3" .. close .. ")", status, 3)
    if close ~= "" and not OLD then check.equal("s.76: finalizers", output, "finalized ") end
end

-- A state closes while tasks are parked in every kind of wait.
do
    local output, status = run(START .. [[
        local server = socket.bind("127.0.0.1", 0)
        local _, port = server:getsockname()
        tasks.run(function()
            for i = 1, 200 do
                tasks.start(function() socket.sleep(100) end)
                tasks.start(function() pcall(function() tasks.queue():get() end) end)
                tasks.start(function() local c = socket.connect("127.0.0.1", port) c:receive() end)
                tasks.start(function() socket.select({ server }, nil, 100) end)
                tasks.start(function() coroutine.wrap(function() ("x"):gsub(".", function() socket.sleep(9) end) end)() end)
            end
            tasks.yield()
            tasks.yield()
            io.stdout:write("parked")
            io.stdout:flush()
            os.exit(0, true)
        end)
    ]])
    check.equal("s.77: a state closed with parked tasks", { output, status }, { "parked", 0 })
    output, status = run(START .. [[
        for i = 1, 50 do tasks.start(function() socket.sleep(100) end) end
        tasks.step()
        print(tasks.step())
    ]])
    check.equal("end.4: the end of the script", { output, status }, { "50\n", 0 })
end

-- tasks.s.79: an error in onerror
do
    local output, status = run(START .. [[
        tasks.onerror = function() error("second") end
        tasks.start(function() error("first") end)
        tasks.start(function() socket.sleep(0.01) print("others go on") end)
        tasks.run()
    ]])
    check.ok("s.79", status == 0 and output:find("second") and output:find("first") and output:find("others go on"), output)
    output, status = run(START .. [[ tasks.start(function() error("heard") end) tasks.run() ]])
    check.ok("errors.1: the default", status == 0 and output:find("heard") and output:find("stack traceback"), output)
    output, status = run(START .. [[ tasks.run(function() error("out") end) ]])
    check.ok("runner.2: an error that leaves run", status == 1 and output:find("out") and not output:find("in task"), output)
end

-- tasks.s.25: an interrupt
do
    local output, status = run([[ io.stdout:setvbuf("no") ]] .. START .. [[
        local seen
        tasks.start(function() seen = { socket.sleep(50) } end)
        os.execute("(sleep 0.3; kill -INT $(awk '/^PPid/ {print $2}' /proc/self/status)) &")
        local pid = io.open("/proc/self/stat"):read("*n")
        os.execute("(sleep 0.3; kill -INT " .. ("%d"):format(pid) .. ") &")
        local ok, problem = pcall(tasks.run, function() socket.sleep(50) end)
        print(ok, problem, seen and seen[2])
        tasks.run(function() socket.sleep(0.01) end)
        print("usable")
    ]], "")
    check.ok("s.25: run raises what the interpreter raises", output:find("false%s+[^\n]*interrupted!%s+cancelled\nusable"),
        output .. " " .. tostring(status))
end

-- tasks.s.1, tasks.s.5: many
do
    local http = require("socket.http")
    local server = assert(socket.bind("127.0.0.1", 0, 200))
    local _, port = server:getsockname()
    local start = socket.gettime()
    local good = 0
    tasks.run(function()
        tasks.start(function()
            while true do
                local client = server:accept()
                if not client then return end
                tasks.start(function()
                    while (client:receive() or "") ~= "" do local _ = 1 end
                    socket.sleep(0.5)
                    client:send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
                    client:close()
                end)
            end
        end)
        local urls = {}
        for i = 1, 100 do urls[i] = "http://127.0.0.1:" .. port .. "/" .. i end
        local results = tasks.map(urls, 100, function(url)
            local body, code = http.request(url)
            return body == "ok" and code
        end)
        for i = 1, 100 do if results[i] == 200 then good = good + 1 end end
        server:close()
    end)
    check.equal("s.1: a hundred requests", good, 100)
    check.ok("s.1: together", socket.gettime() - start < 25, socket.gettime() - start)
    local count = 0
    collectgarbage()
    collectgarbage()
    local before = collectgarbage("count")
    for _ = 1, 10000 do tasks.start(function() socket.sleep(0.5) count = count + 1 end) end
    check.raises("errors: the limit", "too many tasks", tasks.start, print)
    tasks.run()
    check.equal("s.5: ten thousand", count, 10000)
    collectgarbage()
    collectgarbage()
    check.ok("s.5: memory is back", collectgarbage("count") < before * 1.1 + 500, collectgarbage("count") - before)
end

-- tasks.s.87: the descriptor limit
do
    local output, status = run(START .. [[
        local server = assert(socket.bind("127.0.0.1", 0, 100))
        local _, port = server:getsockname()
        local messages = {}
        tasks.run(function()
            for _ = 1, 60 do
                tasks.start(function()
                    local client, message = socket.connect("127.0.0.1", port)
                    messages[message or "connected"] = (messages[message or "connected"] or 0) + 1
                    if client then client:receive() end
                end)
            end
            socket.sleep(0.05)
            for name in pairs(messages) do print(name) end
            os.exit(0)
        end)
    ]], "ulimit -n 40;")
    check.ok("s.87: the system's message", status == 0 and output:find("Too many open files") and output:find("connected"), output)
end

-- map.4: map outside tasks, past a deadline
do
    local output, status = run(START .. [[
        print(tasks.deadline(0.1, function()
            return tasks.map({ 1, 2 }, nil, function() return socket.sleep(100) end)
        end))
    ]])
    check.equal("map.4: outside a task", { output, status }, { "nil\ttimeout\n", 0 })
end

-- map.11: a task that ignores its cancellation and is abandoned takes no permit, mutex or value
do
    local semaphore, mutex, queue = tasks.semaphore(0), tasks.mutex(), tasks.queue()
    mutex:lock()
    local ok, problem = pcall(tasks.run, function()
        tasks.start(function() while true do semaphore:acquire() end end)
        tasks.start(function() while true do mutex:lock() end end)
        tasks.start(function() while true do queue:get() end end)
        tasks.yield()
        error("stop", 0)
    end)
    check.equal("map.11: they are abandoned", { ok, problem }, { false, "stop" })
    semaphore:release()
    mutex:unlock()
    queue:put("value")
    check.equal("map.11: the permit", { semaphore:acquire(0) }, { true })
    check.equal("map.11: the mutex", { mutex:lock(0) }, { true })
    check.equal("map.11: the value", { queue:get(0) }, { "value" })
    mutex:unlock()
end

-- A select whose event another task has handled ends at its limit, also when that task takes longer.
do
    local output, status = run(START .. [[
        local receiver, sender = socket.udp4(), socket.udp4()
        receiver:setsockname("127.0.0.1", 0)
        sender:setpeername("127.0.0.1", (select(2, receiver:getsockname())))
        tasks.run(function()
            tasks.start(function()
                receiver:receive()
                local started = socket.gettime()
                while socket.gettime() - started < 0.4 do end
            end)
            tasks.start(function() print((select(3, socket.select({ receiver }, nil, 0.2)))) end)
            socket.sleep(0.05)
            sender:send("x")
        end)
    ]])
    check.equal("waits.3: select ends", { output, status }, { "timeout\n", 0 })
end

-- fair.1: a loop of waits shorter than a millisecond
do
    local server = assert(socket.bind("127.0.0.1", 0))
    server:settimeout(0.0005)
    local slept = 0
    tasks.run(function()
        local other = tasks.start(function() for _ = 1, 5 do socket.sleep(0.001) slept = slept + 1 end end)
        local started = socket.gettime()
        while slept < 5 and socket.gettime() - started < 5 do server:accept() end
        other:cancel()
    end)
    server:close()
    check.equal("fair.1: tiny limits", slept, 5)
end

-- fair.1: a loop of selects that need not wait
do
    local server = assert(socket.bind("127.0.0.1", 0))
    local client = assert(socket.connect("127.0.0.1", (select(2, server:getsockname()))))
    local slept = 0
    tasks.run(function()
        local other = tasks.start(function() for _ = 1, 5 do socket.sleep(0.001) slept = slept + 1 end end)
        local started = socket.gettime()
        while slept < 5 and socket.gettime() - started < 5 do socket.select(nil, { client }, 1) end
        other:cancel()
    end)
    server:close()
    client:close()
    check.equal("fair.1: select", slept, 5)
end

-- coroutines.5: the coroutine of a task that was cancelled after its yield
do
    local thread
    local task = tasks.start(function()
        thread = coroutine.running()
        return coroutine.yield(), "end"
    end)
    tasks.step()
    task:cancel()
    check.equal("coroutines.5: whoever resumes it gets the results", { coroutine.resume(thread, 5) }, { true, 5, "end" })
    check.equal("coroutines.5: the task has failed", { task:status(), task:wait() }, { "failed", nil, "cancelled" })
end

-- objects.3: an object that is closed while its name is looked up. The name of a service needs the resolver.
do
    local probe = socket.tcp4()
    local _, problem = probe:connect("localhost", "http")
    probe:close()
    if problem == "connection refused" then
        for _, make in ipairs({ socket.tcp, socket.tcp4 }) do
            local client, got = make(), nil
            tasks.run(function()
                tasks.start(function() got = { client:connect("localhost", "http") } end)
                tasks.yield()
                client:close()
            end)
            check.equal("objects.3: closed during a lookup", { got, client:getfd() }, { { nil, "closed" }, -1 })
        end
    end
end

-- tasks.s.75: a fork inside a task
do
    local ok, unistd = pcall(require, "posix.unistd")
    local ok2, wait = pcall(require, "posix.sys.wait")
    if ok and ok2 then
        local finished, child_status = 0, nil
        tasks.run(function()
            for _ = 1, 9 do tasks.start(function() socket.sleep(0.1) finished = finished + 1 end) end
            tasks.yield()
            local child = unistd.fork()
            if child == 0 then
                finished = 0
                socket.sleep(0.2)
                local other = tasks.start(function() return 5 end)
                local _, value = other:wait()
                unistd._exit(finished == 0 and value == 5 and 7 or 8)
            end
            socket.sleep(0.4)
            child_status = { select(2, wait.wait(child)) }
            finished = finished + 1
        end)
        check.equal("s.75: the child runs one", child_status and child_status[2], 7)
        check.equal("s.75: the parent's ten", finished, 10)

        -- In the child, operations without waits let others run. Time limits work even if they are later than one of the
        -- parent's.
        local function in_child(f)
            local child = unistd.fork()
            if child == 0 then
                unistd.alarm(20)
                local fine = f()
                unistd._exit(fine and 7 or 8)
            end
            return (select(3, wait.wait(child)))
        end
        local quiet, limit
        tasks.run(function()
            local server = assert(socket.bind("127.0.0.1", 0))
            local client = assert(socket.connect("127.0.0.1", (select(2, server:getsockname()))))
            local peer = server:accept()
            quiet = in_child(function()
                for _ = 1, 300 do client:send("x") end
                return true
            end)
            local sleeper = tasks.start(function() socket.sleep(1) end)
            tasks.start(function() socket.sleep(0.05) client:send("line\n") end)
            peer:settimeout(2)
            peer:receive()
            limit = in_child(function()
                peer:settimeout(3)
                local _, message = peer:receive()
                return message == "timeout"
            end)
            sleeper:cancel()
            server:close()
            client:close()
            peer:close()
        end)
        check.equal("s.75: operations without waits", quiet, 7)
        check.equal("s.75: later limits", limit, 7)
    end
end
check.done()
