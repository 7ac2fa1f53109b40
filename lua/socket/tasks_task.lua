-- Tasks: their start, their methods, and the tracebacks of their errors. Internal to socket.tasks.
local native = require("socket.native")("socket_tasks")
local core = require("socket.tasks_core")

local error, getmetatable, rawequal, select, setmetatable, tostring, type, xpcall =
    error, getmetatable, rawequal, select, setmetatable, tostring, type, xpcall
local coroutine, floor, huge = coroutine, math.floor, math.huge
---@diagnostic disable-next-line: access-invisible
local unpack = table.unpack or unpack -- luacheck: compat
local add, bad_argument, expect_timeout, conclude, end_if_dead, find_failed =
    core.add, core.bad_argument, core.expect_timeout, core.conclude, core.end_if_dead, core.find_failed
local await, PLAIN = core.await, core.PLAIN

local NOTHING = { n = 0 }

local function pack(...)
    local count = select("#", ...)
    if count == 0 then return NOTHING end
    return { n = count, ... }
end

---@class socket.tasks.Task
---@field _outcome any
---@field _id any
---@field _results any
---@field _watched any
---@field _position any
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
    ---@type any
    local settings = core.settings
    local limit, size = settings.MAXTASKS, settings.STACKSIZE
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
    limit = limit < most and limit or most
    local id, thread = native.spawn(size, limit, body, task, f, ...)
    if not id and find_failed() then id, thread = native.spawn(size, limit, body, task, f, ...) end
    if not id then error("too many tasks", 3) end
    task._id, task._thread = id, thread
    add(id, task)
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
        end_if_dead(self)
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
    if not self._outcome then end_if_dead(self) end
    local outcome = self._outcome
    if outcome then return outcome == "done" and "done" or "failed" end
    return native.state(self._id)
end

return { launch = launch, note_traceback = note_traceback }
