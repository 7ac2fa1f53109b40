---@meta socket.tasks

---Runs waiting code concurrently, without changes to it.
---@class socket.tasks
---@field MAXTASKS integer most tasks that have not ended: 10000
---@field STACKSIZE integer bytes reserved for each stack: 2097152
---@field onerror (fun(problem: any, traceback: string, task: socket.tasks.Task)) | false called with an error of a task that no one waits for
local tasks = {}

---Runs tasks until all have ended. With a function, runs it as the first task and returns its results.
---@param f? function
---@param ... any
---@return any ...
function tasks.run(f, ...) end

---Starts a task: `f(...)` runs at its turn.
---@param f function
---@param ... any
---@return socket.tasks.Task
function tasks.start(f, ...) end

---The running task; nil outside tasks.
---@return socket.tasks.Task?
function tasks.current() end

---Lets all other tasks that are ready run.
---@return boolean? ok nil when the task is cancelled, or past a deadline
---@return string? message
---@return_overload true
---@return_overload nil, string message
function tasks.yield() end

---Calls a function. When the time is up, all its waits fail with "timeout".
---@param seconds number
---@param f function
---@param ... any
---@return any ... the function's results
function tasks.deadline(seconds, f, ...) end

---Calls `f(list[i], i)` for each value of a list, each call in a task.
---@generic T
---@param list T[]
---@param most integer? concurrent calls; default 50
---@param f fun(value: T, position: integer): any...
---@return table<integer, any>? results nil when the caller's wait has failed
---@return table<integer, any>|string? errors
function tasks.map(list, most, f) end

---A queue that passes values between tasks.
---@param capacity? integer most values in the queue; default unlimited
---@return socket.tasks.Queue
function tasks.queue(capacity) end

---A mutex, which one task at a time can lock.
---@return socket.tasks.Mutex
function tasks.mutex() end

---A semaphore: a number of permits.
---@param count integer
---@return socket.tasks.Semaphore
function tasks.semaphore(count) end

---Runs one turn of the scheduler, for programs with their own event loop.
---@param timeout? number seconds to wait when no task is ready; default 0; negative: no limit
---@return integer count tasks that have not ended, and have not yielded
function tasks.step(timeout) end

---A descriptor that is readable while a task can continue.
---@param ... any ignored
---@return integer? descriptor
---@return string? message
---@return_overload integer
---@return_overload nil, string message
function tasks.getfd(...) end

---Seconds until the next time limit; 0 when a task is ready, nil when no limit is pending.
---@return number?
function tasks.timeout() end

---A task.
---@class socket.tasks.Task
local task = {}

---Waits until the task has ended.
---@param timeout? number
---@return boolean? ok true when its function has returned
---@return any ... its results; the error and a traceback; or only the reason why this wait failed
function task:wait(timeout) end

---Makes the task's current wait and all later waits fail with a message.
---@param message? string "cancelled"
---@return boolean cancelled false when the task has ended
function task:cancel(message) end

---Returns the state of the task.
---@return "ready"|"running"|"waiting"|"yielded"|"done"|"failed"
function task:status() end

---A queue that passes values between tasks.
---@class socket.tasks.Queue
local queue = {}

---Adds a value. Waits while the queue is full.
---@param value any not nil
---@param timeout? number
---@return boolean? ok
---@return string? message
---@return_overload true
---@return_overload nil, string message
function queue:put(value, timeout) end

---Takes the next value. Waits until there is one.
---@param timeout? number
---@return any value
---@return string? message
function queue:get(timeout) end

---Closes the queue: it accepts no more values. Values in it can still be taken.
function queue:close() end

---The number of values in the queue.
---@return integer
function queue:length() end

---Iterates over the values until the queue is closed and empty, or the wait fails.
---@return fun(): any
function queue:values() end

---A mutex, which one task at a time can lock.
---@class socket.tasks.Mutex
local mutex = {}

---Locks the mutex. Waits while another task holds it.
---@param timeout? number
---@return boolean? ok
---@return string? message
---@return_overload true
---@return_overload nil, string message
function mutex:lock(timeout) end

---Unlocks the mutex.
function mutex:unlock() end

---A semaphore: a number of permits.
---@class socket.tasks.Semaphore
local semaphore = {}

---Takes a permit. Waits until there is one.
---@param timeout? number
---@return boolean? ok
---@return string? message
---@return_overload true
---@return_overload nil, string message
function semaphore:acquire(timeout) end

---Returns a permit.
function semaphore:release() end

return tasks
