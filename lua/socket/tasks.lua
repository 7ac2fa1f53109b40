-- socket.tasks: runs waiting code concurrently, without changes to it. The native part switches between tasks and
-- knows what they wait for.
local native = require("socket.native")("socket_tasks")
local socket = require("socket")
local core = require("socket.tasks_core")
local sync = require("socket.tasks_sync")
local starting = require("socket.tasks_task")

local error, pairs, pcall, select, tonumber, tostring, type = error, pairs, pcall, select, tonumber, tostring, type
local io = io
---@diagnostic disable-next-line: access-invisible
local unpack = table.unpack or unpack -- luacheck: compat
local current, bad_argument, expect_function, expect_timeout, drain =
    core.current, core.bad_argument, core.expect_function, core.expect_timeout, core.drain
local find_failed, deadlock = core.find_failed, core.deadlock
---@type function, function
local launch, note_traceback = starting.launch, starting.note_traceback

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
---@param problem any
---@param traceback string
function tasks.onerror(problem, traceback)
    io.stderr:write("luasocket: error in a task: ", tostring(problem), "\n", traceback, "\n")
end

core.settings = tasks

---Starts a task: `f(...)` runs at its turn. Outside tasks, it starts in the next `run`, `step` or waiting call.
---@param ... any a function and its arguments
---@return socket.tasks.Task
function tasks.start(...)
    if type((...)) ~= "function" then expect_function(1, "start", ...) end
    return (launch(...))
end

---The running task; nil outside tasks.
---@return socket.tasks.Task?
function tasks.current() return current() end

---Lets all other tasks that are ready run.
---@return boolean? ok true; nil when the task is cancelled, or past a deadline
---@return string? message
function tasks.yield() return native.yield() end

local function cancel_all()
    for _, task in pairs(core.list_tasks()) do task:cancel() end
end

-- Runs until all tasks have ended. Returns the reason: "ended", "failed", "stuck", or "error" and the problem.
local function loop(main, ending)
    local seen
    while true do
        drain()
        if ending and core.launched() ~= seen then
            -- A task that is being ended may start others.
            seen = core.launched()
            cancel_all()
        end
        if main and main._outcome and main._outcome ~= "done" then return "failed" end
        local live, yielded = native.counts()
        if live == yielded then
            if not find_failed() then return "ended" end
        else
            -- Wakes the waiters of tasks whose coroutine was closed.
            if yielded > 0 then find_failed() end
            local stuck, problem = native.turn(nil, 100)
            if problem then return "error", problem end
            if stuck and not find_failed() then
                drain()
                return "stuck"
            end
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
---@param ... any a function and its arguments, or nothing
---@return any ... the function's results
function tasks.run(...)
    if native.current() then error("tasks.run called inside a task", 2) end
    if native.here() ~= "outside" or core.is_blocked() then error("cannot wait here", 2) end
    ---@type any
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
    if reason == "error" then error(problem, 2) end
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
    if native.here() ~= "outside" or core.is_blocked() then error("cannot wait here", 2) end
    find_failed()
    local _, problem = native.turn(timeout)
    if problem then error(problem, 2) end
    if core.PLAIN then find_failed() end
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
---@param ... any a function and its arguments
---@return any ... the function's results
function tasks.deadline(seconds, ...)
    local limit = tonumber(seconds)
    if not limit then bad_argument(1, "deadline", "number expected, got " .. type(seconds)) end
    if limit ~= limit then bad_argument(1, "deadline", "not a number") end
    expect_function(2, "deadline", ...)
    return after_deadline(native.deadline(limit, note_traceback, ...))
end

tasks.map = require("socket.tasks_map")
tasks.queue = sync.queue
tasks.mutex = sync.mutex
tasks.semaphore = sync.semaphore

---@diagnostic disable-next-line: inject-field
socket.tasks = tasks
return tasks
