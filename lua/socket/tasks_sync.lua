-- Queues, mutexes and semaphores of socket.tasks. Internal to socket.tasks.
local native = require("socket.native")("socket_tasks")
local core = require("socket.tasks_core")

local error, getmetatable, setmetatable, type = error, getmetatable, setmetatable, type
local floor, huge = math.floor, math.huge
local current, OUTSIDE, bad_argument, expect_timeout, wake =
    core.current, core.OUTSIDE, core.bad_argument, core.expect_timeout, core.wake
local wake_all, await, own, give_up = core.wake_all, core.await, core.own, core.give_up

local sync = {}

---@class socket.tasks.Queue
---@field _putters any
---@field _getters any
---@field _capacity any
---@field _first integer
---@field [integer] any
---@field _last integer
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
function sync.queue(capacity)
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
---@field _owner any
---@field _waiters any
local Mutex = {}
local MUTEX = { __index = Mutex, __name = "mutex" }

---Makes a mutex, which one task at a time can lock.
---@return socket.tasks.Mutex
function sync.mutex() return setmetatable({ _waiters = {} }, MUTEX) end

---Locks the mutex. Waits while another task holds it.
---@param timeout? number
---@return boolean? ok
---@return string? message
function Mutex:lock(timeout)
    check_object(MUTEX, self, "lock")
    timeout = expect_timeout(1, "lock", timeout)
    local owner = current() or OUTSIDE
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
    if owner ~= (current() or OUTSIDE) then error("mutex is locked by another task", 2) end
    if owner ~= OUTSIDE then owner._mutexes[self] = nil end
    give_up(self)
end

---@class socket.tasks.Semaphore
---@field _waiters any
local Semaphore = {}
local SEMAPHORE = { __index = Semaphore, __name = "semaphore" }

---Makes a semaphore with `count` permits.
---@param count integer
---@return socket.tasks.Semaphore
function sync.semaphore(count)
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

return sync
