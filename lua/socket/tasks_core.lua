-- Waits of socket.tasks: lists of waiters, the tasks that have ended, and the loop outside tasks. Internal to
-- socket.tasks.
local native = require("socket.native")("socket_tasks")

local error, pairs, pcall, select, tonumber, tostring, type = error, pairs, pcall, select, tonumber, tostring, type
local coroutine, io = coroutine, io

-- In Lua 5.1 a yield cannot cross a protected call, and a task's function may yield.
local PLAIN = _VERSION == "Lua 5.1" and not rawget(_G, "jit")
-- Whether a coroutine that has yielded may be dead without the task's function noticing it.
local LOSES = PLAIN or coroutine.close ~= nil

-- `settings` is the module table of socket.tasks, with MAXTASKS, STACKSIZE and onerror.
---@type any
local core = { settings = nil }

-- A task's number contains its place, which a later task may reuse. Places are small numbers. So a table with places as
-- keys need not grow with each new task.
local PLACES = 67108864

-- Tasks that have not ended, by their places, and the count of tasks that were ever in the table.
local by_place, launched = {}, 0

-- The waiters of tasks that wait in a list, by the tasks' places.
local awaiting = {}

-- Waiters without further fields, by the places of the tasks that reuse them.
local plain_waiters = {}

-- True while onerror runs. Functions of socket.tasks cannot wait in it.
local reporting = false

local function bad_argument(position, name, text)
    error(("bad argument #%d to '%s' (%s)"):format(position, name, text), 3)
end

local function expect_function(position, name, ...)
    if type((...)) == "function" then return end
    local got = select("#", ...) == 0 and "no value" or type((...))
    error(("bad argument #%d to '%s' (function expected, got %s)"):format(position, name, got), 3)
end

local function expect_timeout(position, name, timeout)
    if timeout ~= nil and not tonumber(timeout) then
        error(("bad argument #%d to '%s' (number expected, got %s)"):format(position, name, type(timeout)), 3)
    end
    timeout = tonumber(timeout)
    -- NaN counts as a limit that has passed.
    return timeout ~= timeout and 0 or timeout
end

-- A list of waiters, in order. It is doubly linked, because any waiter may leave. A waiter is made with all of its
-- fields, so that its table need not grow.

local function new_waiter()
    return { list = false, before = false, next = false, woken = false, id = false }
end

local function append(list, waiter)
    local last = list.last
    waiter.list, waiter.before, waiter.next = list, last or false, false
    if last then last.next = waiter else list.first = waiter end
    list.last = waiter
end

local function take_out(waiter)
    local list = waiter.list
    if not list then return end
    local before, next = waiter.before, waiter.next
    if before then before.next = next else list.first = next end
    if next then next.before = before else list.last = before end
    waiter.list, waiter.before, waiter.next = false, false, false
end

local function wake(waiter)
    take_out(waiter)
    waiter.woken = true
    if waiter.id then native.wake(waiter.id) else native.note() end
end

local function wake_all(list, field)
    while list.first do
        if field then list.first[field] = true end
        wake(list.first)
    end
end

-- The owner that represents code outside tasks.
local OUTSIDE = {}

local function own(mutex, owner)
    mutex._owner = owner
    if owner and owner ~= OUTSIDE then
        owner._mutexes = owner._mutexes or {}
        owner._mutexes[mutex] = true
    end
end

-- Passes the mutex to the first waiter.
local function give_up(mutex)
    local waiter = mutex._waiters.first
    own(mutex, waiter and waiter.owner)
    if waiter then wake(waiter) end
end

-- Tasks with unreported errors, in order.
local unreported = {}

local function conclude(task, outcome, results)
    by_place[task._id % PLACES] = nil
    task._outcome, task._results = outcome, results
    local mutexes = task._mutexes
    if mutexes then
        task._mutexes = false
        for mutex in pairs(mutexes) do give_up(mutex) end
    end
    if outcome ~= "done" then
        if outcome == "failed" and not task._watched and not task.first then unreported[#unreported + 1] = task end
        native.note()
    end
    -- A task is the list of those that wait for it.
    while task.first do wake(task.first) end
    local map = task._watched
    if map and map ~= true then
        map.ended[#map.ended + 1] = task
        if map.waiters.first then wake(map.waiters.first) end
    end
end

-- Calls onerror for the collected errors, outside any task.
local function report_errors()
    while unreported[1] do
        local task = table.remove(unreported, 1)
        ---@cast core -?
        local handler = core.settings.onerror
        if handler then
            reporting = true
            native.block(true)
            ---@cast handler any
            local ok, problem = pcall(handler, task._results[1], task._results[2], task)
            native.block(false)
            reporting = false
            if not ok then
                io.stderr:write("luasocket: error in onerror: ", tostring(problem), "\nluasocket: error in a task: ",
                    tostring(task._results[1]), "\n", task._results[2], "\n")
            end
        end
    end
end

-- Removes the last line, which belongs to this file.
local function without_last_line(traceback) return (traceback:gsub("\n[^\n]*$", "")) end

-- Processes the tasks that the native part has ended.
local function drain()
    while true do
        local id, abandoned, problem, traceback = native.failed()
        if not id then break end
        local task = by_place[id % PLACES]
        if task then
            if abandoned then
                -- A waiter left in its list would still get a permit or a value, which would be lost.
                local waiter = awaiting[id % PLACES]
                if waiter then take_out(waiter) end
                conclude(task, "abandoned", { task._cancelled or "timeout", n = 1 })
            else
                conclude(task, "failed", { problem, without_last_line(traceback), n = 2 })
            end
        end
        native.remove(id)
    end
    if unreported[1] and not reporting then report_errors() end
    -- Lua tables do not shrink, so a new one is made.
    if launched > 1000 and native.counts() == 0 then
        by_place, awaiting, plain_waiters, launched = {}, {}, {}, 0
        native.reset()
    end
end

-- Ends a task whose coroutine has yielded and cannot go on any more. Returns whether it was one. In Lua 5.1, a coroutine
-- that fails when other code resumes it reports nothing. In Lua 5.4 and later, other code may have closed it.
local function end_if_dead(task)
    local id = task._id
    if native.state(id) ~= "yielded" or coroutine.status(task._thread) ~= "dead" then return false end
    if PLAIN then
        conclude(task, "failed", { "the task's coroutine has failed", "stack traceback:", n = 2 })
    else
        conclude(task, "abandoned", { "the task's coroutine was closed", n = 1 })
    end
    native.remove(id)
    return true
end

-- Ends all tasks whose coroutine is dead. Returns whether there was one.
local function find_failed()
    local found = false
    local _, yielded = native.counts()
    if yielded == 0 or not LOSES then return found end
    for _, task in pairs(by_place) do
        if end_if_dead(task) then found = true end
    end
    return found
end

local function deadlock()
    local live, yielded = native.counts()
    return ("deadlock: %d tasks wait for each other"):format(live - yielded)
end

-- Runs the scheduler until a waiter outside tasks is woken, or until the timeout. When the third result is true, the
-- caller must raise the problem. When shielded, a deadline does not end the wait.
local function drive(waiter, timeout, shielded)
    local limit = timeout and timeout >= 0 and native.now() + timeout
    while true do
        drain()
        if waiter.woken then return true end
        local left = not shielded and native.left() or nil
        if limit then
            local rest = limit - native.now()
            if not left or rest < left then left = rest end
        end
        if left and left <= 0 then return nil, "timeout" end
        local stuck, problem = native.turn(left, 100)
        if problem then return nil, problem, true end
        if stuck and not find_failed() then
            drain()
            if waiter.woken then return true end
            return nil, deadlock(), true
        end
    end
end

-- Waits in a list until woken. Returns true, or nil and the reason. A woken waiter has succeeded, even if its wait
-- failed at the same time. Without a waiter, a plain one is used.
local function await(list, waiter, timeout, shielded)
    local here, id = native.here()
    if here == "nowhere" or reporting then return nil, "cannot wait here" end
    local ok, problem, raised
    if here == "task" then
        local place = id % PLACES
        if not waiter then
            waiter = plain_waiters[place]
            if not waiter then
                waiter = new_waiter()
                plain_waiters[place] = waiter
            end
            ---@diagnostic disable-next-line: inject-field
            waiter.woken = false
        end
        append(list, waiter)
        waiter.id, awaiting[place] = id, waiter
        ok, problem = native.suspend(timeout, shielded)
        awaiting[place] = false
    else
        waiter = waiter or new_waiter()
        append(list, waiter)
        local driven
        driven, ok, problem, raised = pcall(drive, waiter, timeout, shielded)
        -- For example, the interpreter's interrupt.
        if not driven then ok, problem, raised = nil, ok, true end
    end
    if raised then
        take_out(waiter)
        error(problem, 0)
    end
    if waiter.woken then return true end
    take_out(waiter)
    return ok, problem
end

-- Adds a new task.
local function add(id, task)
    by_place[id % PLACES] = task
    launched = launched + 1
end

-- The running task; nil outside tasks.
local function current()
    local id = native.current()
    return id and by_place[id % PLACES]
end

-- All tasks that have not ended, in a new array.
local function list_tasks()
    local all = {}
    for _, task in pairs(by_place) do all[#all + 1] = task end
    return all
end

core.OUTSIDE = OUTSIDE
core.add = add
core.current = current
core.list_tasks = list_tasks
core.new_waiter = new_waiter
core.bad_argument = bad_argument
core.expect_function = expect_function
core.expect_timeout = expect_timeout
core.wake = wake
core.wake_all = wake_all
core.conclude = conclude
core.drain = drain
core.PLAIN = PLAIN
core.end_if_dead = end_if_dead
core.find_failed = find_failed
core.deadlock = deadlock
core.await = await
core.own = own
core.give_up = give_up

-- The count of tasks that were ever added.
function core.launched() return launched end

-- True while no function of socket.tasks may wait.
function core.is_blocked() return reporting end

return core
