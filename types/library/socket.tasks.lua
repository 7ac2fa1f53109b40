---@meta socket.tasks

---Code that waits, run beside other code that waits, as it stands.
---@class socket.tasks
---@field MAXTASKS integer tasks that have not ended, at most: 10000
---@field STACKSIZE integer bytes reserved for each stack: 2097152
---@field onerror (fun(problem: any, traceback: string, task: socket.tasks.Task)) | false called for an error nobody waits for
local tasks = {}

---Runs tasks until all have ended, with a function as the first of them. Returns its results.
---@param f? function
---@param ... any
---@return any ...
function tasks.run(f, ...) end

---Starts a task: `f(...)` runs at its turn.
---@param f function
---@param ... any
---@return socket.tasks.Task
function tasks.start(f, ...) end

---The running task, nil outside.
---@return socket.tasks.Task?
function tasks.current() end

---Lets all other tasks that are ready run.
---@return boolean? ok nil when the task is cancelled, or past a deadline
---@return string? message
function tasks.yield() end

---Calls a function, all of whose waits fail with "timeout" when the time is up.
---@param seconds number
---@param f function
---@param ... any
---@return any ... the function's results
function tasks.deadline(seconds, f, ...) end

---Calls `f(list[i], i)` for each value of a list, each call in a task.
---@generic T
---@param list T[]
---@param most integer? how many at once: 50
---@param f fun(value: T, position: integer): any, any
---@return table<integer, any>? results nil when the caller's own wait has failed
---@return table<integer, any>|string? errors
function tasks.map(list, most, f) end

---A queue of values between tasks.
---@param capacity? integer any number when left out
---@return socket.tasks.Queue
function tasks.queue(capacity) end

---A lock that one task has at a time.
---@return socket.tasks.Mutex
function tasks.mutex() end

---A number of permits.
---@param count integer
---@return socket.tasks.Semaphore
function tasks.semaphore(count) end

---One turn of the scheduler, for a loop of one's own.
---@param timeout? number how long it may wait when nothing is ready: 0; negative: without a limit
---@return integer count tasks that have not ended, and have not yielded
function tasks.step(timeout) end

---One descriptor that is readable while something can go on.
---@param ... any ignored
---@return integer? descriptor
---@return string? message
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
---@return any ... its results; the error and a traceback; or, alone, why this wait has failed
function task:wait(timeout) end

---Makes the task's present wait and all later ones fail with a message.
---@param message? string "cancelled"
---@return boolean cancelled false when the task has ended
function task:cancel(message) end

---What the task does.
---@return "ready"|"running"|"waiting"|"yielded"|"done"|"failed"
function task:status() end

---A queue of values between tasks.
---@class socket.tasks.Queue
local queue = {}

---Adds a value, waiting while the queue is full.
---@param value any not nil
---@param timeout? number
---@return boolean? ok
---@return string? message
function queue:put(value, timeout) end

---Takes the next value, waiting for one.
---@param timeout? number
---@return any value
---@return string? message
function queue:get(timeout) end

---Takes no more values; what is there can still be taken.
function queue:close() end

---How many values are there.
---@return integer
function queue:length() end

---Iterates over the values until the queue is closed and empty, or the wait fails.
---@return fun(): any
function queue:values() end

---A lock that one task has at a time.
---@class socket.tasks.Mutex
local mutex = {}

---Waits until no other task has it.
---@param timeout? number
---@return boolean? ok
---@return string? message
function mutex:lock(timeout) end

---Gives it up.
function mutex:unlock() end

---A number of permits.
---@class socket.tasks.Semaphore
local semaphore = {}

---Takes a permit, waiting for one.
---@param timeout? number
---@return boolean? ok
---@return string? message
function semaphore:acquire(timeout) end

---Gives a permit.
function semaphore:release() end

return tasks
