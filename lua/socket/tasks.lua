-- socket.tasks: runs waiting code concurrently, without changes to it. The native part switches between tasks and
-- knows what they wait for. This file contains tasks, queues, mutexes and semaphores.
local native = require("socket.native")("socket_tasks")
local socket = require("socket")

local error, getmetatable, pairs, pcall, rawequal, select, setmetatable, tonumber, tostring, type, xpcall =
    error, getmetatable, pairs, pcall, rawequal, select, setmetatable, tonumber, tostring, type, xpcall
local coroutine, floor, huge, io = coroutine, math.floor, math.huge, io
local unpack = table.unpack or unpack -- luacheck: compat

-- In Lua 5.1 a yield cannot cross a protected call, and a task's function may yield.
local PLAIN = _VERSION == "Lua 5.1" and not rawget(_G, "jit")

---@class socket.tasks
local tasks = {
    ---Most tasks that have not ended.
    ---@type integer
    MAXTASKS = 10000,
    ---Bytes reserved for each new stack.
    ---@type integer
    STACKSIZE = 2097152,
}

---Called with an error of a task that no one waits for; `false` disables it.
---@type (fun(problem: any, traceback: string, task: socket.tasks.Task)) | false
function tasks.onerror(problem, traceback)
    io.stderr:write("luasocket: error in a task: ", tostring(problem), "\n", traceback, "\n")
end

-- A task's number contains its place, which a later task may have again. Places are small, so tables that have a task's
-- place as their key need not grow with each new task.
local PLACES = 67108864

-- Tasks that have not ended, by their places, and the count of tasks that were ever in the table.
local by_place, launched = {}, 0

-- The waiters of tasks that wait in a list, by the tasks' places.
local awaiting = {}

-- Waiters without further fields, by the places of the tasks that use them again and again.
local plain_waiters = {}

-- True while onerror runs. Functions of this module cannot wait in it.
local complaining = false

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
    -- NaN is no limit that can be kept, so the time is up at once.
    return timeout ~= timeout and 0 or timeout
end

local NOTHING = { n = 0 }

local function pack(...)
    local count = select("#", ...)
    if count == 0 then return NOTHING end
    return { n = count, ... }
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
local complaints = {}

local function conclude(task, outcome, results)
    by_place[task._id % PLACES] = nil
    task._outcome, task._results = outcome, results
    local mutexes = task._mutexes
    if mutexes then
        task._mutexes = false
        for mutex in pairs(mutexes) do give_up(mutex) end
    end
    if outcome ~= "done" then
        if outcome == "failed" and not task._watched and not task.first then complaints[#complaints + 1] = task end
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
local function complain()
    while complaints[1] do
        local task = table.remove(complaints, 1)
        local tell = tasks.onerror
        if tell then
            complaining = true
            native.block(true)
            local ok, problem = pcall(tell, task._results[1], task._results[2], task)
            native.block(false)
            complaining = false
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
                -- Otherwise it would still be served, and a permit or a value would be lost.
                local waiter = awaiting[id % PLACES]
                if waiter then take_out(waiter) end
                conclude(task, "abandoned", { task._cancelled or "timeout", n = 1 })
            else
                conclude(task, "failed", { problem, without_last_line(traceback), n = 2 })
            end
        end
        native.remove(id)
    end
    if complaints[1] and not complaining then complain() end
    -- Lua tables do not shrink, so a new one is made.
    if launched > 1000 and native.counts() == 0 then
        by_place, awaiting, plain_waiters, launched = {}, {}, {}, 0
        native.reset()
    end
end

-- Lua 5.1: a coroutine that has yielded and then fails when other code resumes it reports nothing.
local function find_failed()
    local found = false
    if not PLAIN then return found end
    for _, task in pairs(by_place) do
        local id = task._id
        if native.state(id) == "yielded" and coroutine.status(task._thread) == "dead" then
            conclude(task, "failed", { "the task's coroutine has failed", "stack traceback:", n = 2 })
            native.remove(id)
            found = true
        end
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
    if here == "nowhere" or complaining then return nil, "cannot wait here" end
    local ok, problem, raised
    if here == "task" then
        local place = id % PLACES
        if not waiter then
            waiter = plain_waiters[place]
            if not waiter then
                waiter = new_waiter()
                plain_waiters[place] = waiter
            end
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

-- Tasks -----------------------------------------------------------------------------------------------------------

---@class socket.tasks.Task
local Task = {}
local TASK = { __index = Task, __name = "task" }

function TASK.__tostring(task)
    local metatable = getmetatable(task)
    setmetatable(task, nil)
    local text = tostring(task):gsub("^table", "task")
    setmetatable(task, metatable)
    return text
end

local function check_self(task, name)
    if type(task) ~= "table" or getmetatable(task) ~= TASK then
        error(("calling '%s' on bad self (task expected, got %s)"):format(name, type(task)), 3)
    end
end

-- The tracebacks of errors during unwinding, by coroutine.
local tracebacks = setmetatable({}, { __mode = "k" })

-- The message handler of a deadline. The error is raised again outside, where its original traceback is lost.
local function note_traceback(problem)
    local thread = coroutine.running()
    if thread then tracebacks[thread] = { problem, native.traceback(2) } end
    return problem
end

local function note_error(problem)
    local thread = coroutine.running()
    local known = tracebacks[thread]
    if not (known and rawequal(known[1], problem)) then
        tracebacks[thread] = { problem, native.traceback(2) }
    end
    return problem
end

-- The part of a traceback up to the task's own function. The rest belongs to this file.
local function own_part(traceback)
    local cut
    local from = 1
    while true do
        -- the text after this prefix differs between Lua versions
        local at = traceback:find("\n\t%[C%]: in [^\n]*xpcall", from)
        if not at then break end
        cut, from = at, at + 1
    end
    return cut and traceback:sub(1, cut - 1) or traceback
end

local function finish(task, ok, ...)
    if task._outcome then
        -- It was cancelled when it had yielded. Only the code that resumed the coroutine gets the results.
        if not ok then error((...), 0) end
        return ...
    end
    -- If other code has resumed the coroutine, it also gets the results or the error.
    local foreign = native.yielded(task._id)
    if ok then
        conclude(task, "done", pack(...))
    else
        local known = tracebacks[coroutine.running()]
        conclude(task, "failed", { (...), known and own_part(known[2]) or "stack traceback:", n = 2 })
    end
    if not foreign then return end
    native.remove(task._id)
    if not ok then error((...), 0) end
    return ...
end

local body
if PLAIN then
    body = function(task, f, ...) return finish(task, true, f(...)) end
else
    body = function(task, f, ...) return finish(task, xpcall(f, note_error, ...)) end
end

-- The system has no room for the stacks of more tasks than this.
local most = native.most() or huge

-- The fields of the module that were checked last.
local good_limit, good_size

local function launch(f, ...)
    local limit, size = tasks.MAXTASKS, tasks.STACKSIZE
    if limit ~= good_limit or size ~= good_size then
        if type(limit) ~= "number" or limit < 1 or limit ~= floor(limit) then error("invalid number of tasks", 3) end
        if type(size) ~= "number" or not (size >= 65536 and size <= 67108864) then error("invalid stack size", 3) end
        good_limit, good_size = limit, size
    end
    -- Sets all fields at once, so that the table need not grow.
    local task = {
        first = false, last = false, _id = false, _thread = false, _outcome = false, _results = false, _watched = false,
        _mutexes = false,
    }
    setmetatable(task, TASK)
    local id, thread = native.spawn(size, limit < most and limit or most, body, task, f, ...)
    if not id then error("too many tasks", 3) end
    task._id, task._thread = id, thread
    by_place[id % PLACES] = task
    launched = launched + 1
    return task
end

local function results_of(task)
    local results = task._results
    if task._outcome == "done" then
        if results == NOTHING then return true end
        return true, unpack(results, 1, results.n)
    end
    return nil, unpack(results, 1, results.n)
end

---Waits until the task has ended.
---@param timeout? number seconds; nil or negative: no limit; 0: returns at once
---@return boolean? ok true when its function has returned
---@return any ... its results; or the error and a traceback; or only the reason why this wait failed
function Task:wait(timeout)
    if getmetatable(self) ~= TASK then check_self(self, "wait") end
    if timeout ~= nil then timeout = expect_timeout(1, "wait", timeout) end
    if not self._outcome then
        if native.current() == self._id then error("a task cannot wait for itself", 2) end
        if PLAIN then find_failed() end
    end
    if not self._outcome then
        if timeout == 0 then return nil, "timeout" end
        local ok, problem = await(self, nil, timeout)
        if not ok then return nil, problem end
    else
        native.settle()
    end
    return results_of(self)
end

---Makes the task's current wait and all later waits fail with a message.
---@param message? string "cancelled"
---@return boolean cancelled false when the task has ended
function Task:cancel(message)
    check_self(self, "cancel")
    if message ~= nil and type(message) ~= "string" then
        bad_argument(1, "cancel", "string expected, got " .. type(message))
    end
    if self._outcome then return false end
    if self._cancelled then return true end
    self._cancelled = message or "cancelled"
    local id = self._id
    local state = native.cancel(id, self._cancelled)
    if state == "yielded" or state == "ready" and not native.begun(id) then
        conclude(self, "abandoned", { self._cancelled, n = 1 })
        native.remove(id)
    end
    return true
end

---Returns the state of the task.
---@return "ready"|"running"|"waiting"|"yielded"|"done"|"failed"
function Task:status()
    check_self(self, "status")
    if not self._outcome then find_failed() end
    local outcome = self._outcome
    if outcome then return outcome == "done" and "done" or "failed" end
    return native.state(self._id)
end

---Starts a task: `f(...)` runs at its turn. Outside tasks, it starts in the next `run`, `step` or waiting call.
---@param f function
---@return socket.tasks.Task
function tasks.start(...)
    if type((...)) ~= "function" then expect_function(1, "start", ...) end
    return (launch(...))
end

---The running task; nil outside tasks.
---@return socket.tasks.Task?
function tasks.current()
    local id = native.current()
    return id and by_place[id % PLACES]
end

---Lets all other tasks that are ready run.
---@return boolean? ok true; nil when the task is cancelled, or past a deadline
---@return string? message
function tasks.yield() return native.yield() end

local function cancel_all()
    local all = {}
    for _, task in pairs(by_place) do all[#all + 1] = task end
    for _, task in pairs(all) do task:cancel() end
end

-- Runs until all tasks have ended. Returns the reason: "ended", "failed", "stuck", or "trouble" and the problem.
local function loop(main, ending)
    local seen
    while true do
        drain()
        if ending and launched ~= seen then
            -- A task that is being ended may start others.
            seen = launched
            cancel_all()
        end
        if main and main._outcome and main._outcome ~= "done" then return "failed" end
        local live, yielded = native.counts()
        if live == yielded and not find_failed() then return "ended" end
        local stuck, problem = native.turn(nil, 100)
        if problem then return "trouble", problem end
        if stuck and not find_failed() then
            drain()
            return "stuck"
        end
    end
end

-- Cancels all tasks, and lets them end.
local function end_all()
    native.abandoning(true)
    local ok, problem = pcall(loop, nil, true)
    native.abandoning(false)
    if not ok then error(problem, 0) end
end

---Runs tasks until all have ended. With a function, runs it as the first task.
---@param f? function
---@return any ... the function's results
function tasks.run(...)
    if native.current() then error("tasks.run called inside a task", 2) end
    if native.here() ~= "outside" or complaining then error("cannot wait here", 2) end
    local main
    if select("#", ...) > 0 and (...) ~= nil then
        expect_function(1, "run", ...)
        main = launch(...)
        main._watched = true
    end
    local ok, reason, problem = pcall(loop, main)
    if not ok then
        -- For example, the interpreter's interrupt: raised as if by the function.
        end_all()
        error(reason, 0)
    end
    if reason == "trouble" then error(problem, 2) end
    if reason == "stuck" then error(deadlock(), 2) end
    if reason == "failed" then
        end_all()
        error(main._results[1], 0)
    end
    if main and main._outcome == "done" then return unpack(main._results, 1, main._results.n) end
end

---Runs each ready task once, and checks descriptors and time limits. For programs with their own event loop.
---@param timeout? number seconds to wait when no task is ready; default 0. Negative: no limit
---@return integer count tasks that have not ended, and have not yielded
function tasks.step(timeout)
    timeout = expect_timeout(1, "step", timeout) or 0
    if native.current() then error("tasks.step called inside a task", 2) end
    if native.here() ~= "outside" or complaining then error("cannot wait here", 2) end
    local _, problem = native.turn(timeout)
    if problem then error(problem, 2) end
    find_failed()
    drain()
    local live, yielded = native.counts()
    return live - yielded
end

---A descriptor that is readable while a task can continue. Takes any arguments, so that `socket.select` accepts this
---table.
---@return integer? descriptor
---@return string? message
function tasks.getfd() return native.getfd() end

---Seconds until the next time limit; 0 when a task is ready, nil when no limit is pending.
---@return number?
function tasks.timeout() return native.timeout() end

local function after_deadline(ok, ...)
    if ok then return ... end
    error((...), 0)
end

---Calls a function. When the time is up, all its waits fail with "timeout".
---@param seconds number
---@param f function
---@return any ... the function's results
function tasks.deadline(seconds, ...)
    local limit = tonumber(seconds)
    if not limit then bad_argument(1, "deadline", "number expected, got " .. type(seconds)) end
    if limit ~= limit then bad_argument(1, "deadline", "not a number") end
    expect_function(2, "deadline", ...)
    return after_deadline(native.deadline(limit, note_traceback, ...))
end

---Calls `f(list[i], i)` for each value of a list, each call in a task.
---@generic T
---@param list T[]
---@param max? integer concurrent calls; 50
---@param f fun(value: T, position: integer): any, any
---@return table<integer, any>? results the first result of each call; nil when the caller's wait has failed
---@return table<integer, any>|string? errors the second results of calls whose first is nil; or why the wait failed
function tasks.map(list, max, f)
    if type(list) ~= "table" then bad_argument(1, "map", "table expected, got " .. type(list)) end
    if max ~= nil and type(max) ~= "number" then bad_argument(2, "map", "number expected, got " .. type(max)) end
    max = max or 50
    if max ~= max or max < 1 then bad_argument(2, "map", "at least 1 expected") end
    expect_function(3, "map", f)
    local here = native.here()
    local count = #list
    local results, errors = {}, nil
    if count == 0 then return results end
    if here == "nowhere" or complaining then return nil, "cannot wait here" end
    local map = { ended = {}, waiters = {} }
    local running, running_count, begun = {}, 0, 0
    local failed, problem, stopped

    local function stop()
        for task in pairs(running) do task:cancel() end
    end

    local function take(task)
        running[task] = nil
        running_count = running_count - 1
        local position, values = task._position, task._results
        if task._outcome == "done" then
            if values[1] == nil then
                errors = errors or {}
                errors[position] = values[2] == nil and "failed" or values[2]
            else
                results[position] = values[1]
            end
        elseif task._outcome == "failed" then
            if not (failed or stopped) then
                failed, problem = true, values[1]
                stop()
            end
        else
            errors = errors or {}
            errors[position] = values[1]
        end
    end

    while true do
        while begun < count and running_count < max and not failed and not stopped do
            local ok, task = pcall(launch, f, list[begun + 1], begun + 1)
            if not ok then
                if running_count > 0 then break end
                error(task, 0)
            end
            begun = begun + 1
            task._watched, task._position = map, begun
            native.inherit(task._id)
            running[task] = true
            running_count = running_count + 1
        end
        if running_count == 0 then break end
        if not map.ended[1] then
            local ok, message = await(map.waiters, {}, nil, failed or stopped)
            if not ok and not stopped and not failed then
                stopped = message
                stop()
            end
        end
        local ended = map.ended
        map.ended = {}
        for position = 1, #ended do take(ended[position]) end
    end
    if failed then error(problem, 0) end
    if stopped then return nil, stopped end
    return results, errors
end

-- Queues ----------------------------------------------------------------------------------------------------------

---@class socket.tasks.Queue
local Queue = {}
local QUEUE = { __index = Queue, __name = "queue" }

local function check_object(class, object, name)
    if type(object) ~= "table" or getmetatable(object) ~= class then
        error(("calling '%s' on bad self (%s expected, got %s)"):format(name, class.__name, type(object)), 3)
    end
end

---Makes a queue that passes values between tasks, in order.
---@param capacity? integer most values in the queue; default unlimited
---@return socket.tasks.Queue
function tasks.queue(capacity)
    if capacity ~= nil then
        if type(capacity) ~= "number" then bad_argument(1, "queue", "number expected, got " .. type(capacity)) end
        if capacity ~= capacity or capacity < 1 or capacity ~= floor(capacity) then
            bad_argument(1, "queue", "an integer from 1 expected")
        end
    end
    return setmetatable({ _capacity = capacity or huge, _first = 1, _last = 0, _getters = {}, _putters = {} }, QUEUE)
end

---Adds a value. Waits while the queue is full.
---@param value any not nil
---@param timeout? number
---@return boolean? ok
---@return string? message
function Queue:put(value, timeout)
    check_object(QUEUE, self, "put")
    if value == nil then bad_argument(1, "put", "value expected") end
    timeout = expect_timeout(2, "put", timeout)
    if self._closed then return nil, "closed" end
    local getter = self._getters.first
    if getter then
        getter.value = value
        wake(getter)
    elseif self._last - self._first + 1 < self._capacity then
        self._last = self._last + 1
        self[self._last] = value
    else
        if timeout == 0 then return nil, "timeout" end
        local putter = { value = value }
        local ok, problem = await(self._putters, putter, timeout)
        if not ok then return nil, problem end
        if putter.closed then return nil, "closed" end
        return true
    end
    native.settle()
    return true
end

---Takes the next value. Waits until there is one.
---@param timeout? number
---@return any value nil on failure
---@return string? message
function Queue:get(timeout)
    check_object(QUEUE, self, "get")
    timeout = expect_timeout(1, "get", timeout)
    local first = self._first
    if first <= self._last then
        local value = self[first]
        self[first] = nil
        self._first = first + 1
        local putter = self._putters.first
        if putter then
            self._last = self._last + 1
            self[self._last] = putter.value
            wake(putter)
        end
        native.settle()
        return value
    end
    if self._closed then return nil, "closed" end
    if timeout == 0 then return nil, "timeout" end
    local getter = {}
    local ok, problem = await(self._getters, getter, timeout)
    if not ok then return nil, problem end
    if getter.closed then return nil, "closed" end
    return getter.value
end

---Closes the queue: it accepts no more values. Values in it can still be taken.
function Queue:close()
    check_object(QUEUE, self, "close")
    self._closed = true
    wake_all(self._getters, "closed")
    wake_all(self._putters, "closed")
end

---The number of values in the queue.
---@return integer
function Queue:length()
    check_object(QUEUE, self, "length")
    return self._last - self._first + 1
end

---Iterates over the values, until the queue is closed and empty, or the wait fails.
---@return fun(): any
function Queue:values()
    check_object(QUEUE, self, "values")
    return function()
        -- drops the message, which would be a second loop value
        return (self:get())
    end
end

-- Mutexes and semaphores --------------------------------------------------------------------------------------------

---@class socket.tasks.Mutex
local Mutex = {}
local MUTEX = { __index = Mutex, __name = "mutex" }

---Makes a mutex, which one task at a time can lock.
---@return socket.tasks.Mutex
function tasks.mutex() return setmetatable({ _waiters = {} }, MUTEX) end

---Locks the mutex. Waits while another task holds it.
---@param timeout? number
---@return boolean? ok
---@return string? message
function Mutex:lock(timeout)
    check_object(MUTEX, self, "lock")
    timeout = expect_timeout(1, "lock", timeout)
    local owner = tasks.current() or OUTSIDE
    if self._owner == owner then error("mutex is locked by this task already", 2) end
    if not self._owner then
        own(self, owner)
        native.settle()
        return true
    end
    if timeout == 0 then return nil, "timeout" end
    local ok, problem = await(self._waiters, { owner = owner }, timeout)
    if not ok then return nil, problem end
    return true
end

---Unlocks the mutex.
function Mutex:unlock()
    check_object(MUTEX, self, "unlock")
    local owner = self._owner
    if not owner then error("mutex is not locked", 2) end
    if owner ~= (tasks.current() or OUTSIDE) then error("mutex is locked by another task", 2) end
    if owner ~= OUTSIDE then owner._mutexes[self] = nil end
    give_up(self)
end

---@class socket.tasks.Semaphore
local Semaphore = {}
local SEMAPHORE = { __index = Semaphore, __name = "semaphore" }

---Makes a semaphore with `count` permits.
---@param count integer
---@return socket.tasks.Semaphore
function tasks.semaphore(count)
    if type(count) ~= "number" then bad_argument(1, "semaphore", "number expected, got " .. type(count)) end
    if count ~= count or count < 0 or count ~= floor(count) then
        bad_argument(1, "semaphore", "an integer from 0 expected")
    end
    return setmetatable({ _count = count, _waiters = {} }, SEMAPHORE)
end

---Takes a permit. Waits until there is one.
---@param timeout? number
---@return boolean? ok
---@return string? message
function Semaphore:acquire(timeout)
    check_object(SEMAPHORE, self, "acquire")
    timeout = expect_timeout(1, "acquire", timeout)
    if self._count > 0 then
        self._count = self._count - 1
        native.settle()
        return true
    end
    if timeout == 0 then return nil, "timeout" end
    local ok, problem = await(self._waiters, {}, timeout)
    if not ok then return nil, problem end
    return true
end

---Returns a permit.
function Semaphore:release()
    check_object(SEMAPHORE, self, "release")
    local waiter = self._waiters.first
    if waiter then wake(waiter) else self._count = self._count + 1 end
end

socket.tasks = tasks
return tasks
