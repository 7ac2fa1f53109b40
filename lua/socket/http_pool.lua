-- Connections kept for further requests. Internal to HTTP; `http.pool` makes a pool.
local socket = require("socket")
local native = require("socket.native")("socket_http")

local now, process = native.now, native.process
local error, getmetatable, pairs, setmetatable = error, getmetatable, pairs, setmetatable
local tonumber, tostring, type = tonumber, tostring, type
local remove = table.remove

-- Errors of `receive` on a connection without received data.
local NOTHING = { timeout = true, wantread = true, wantwrite = true }
local LOOK = { most = 1 }

-- Origins that a pool knows before it forgets those without connections.
local MOST_LISTS = 1000

local pools = {}

---A pool of connections. Several tasks may use one; a connection serves one request at a time.
---@class socket.http.pool
---@field made any
---@field reused any
---@field dropped any
---@field count any
local methods = {}
local metatable = { __index = methods, __name = "http pool" }

-- Closes the descriptor of a connection that the parent process still uses. Sends nothing to the peer.
local function abandon(connection)
    local sock = connection.sock
    local holder = socket.tcp()
    ---@cast holder -?
    holder:setfd(sock:getfd())
    sock:setfd(-1)
    ---@cast holder -?
    holder:close()
end

-- After a fork, a child process uses none of its parent's connections. Returns whether there was a fork.
local function notice_fork(pool)
    local current = process()
    if pool.process == current then return false end
    pool.process = current
    for _, list in pairs(pool.lists) do
        for i = 1, #list do abandon(list[i]) end
    end
    pool.lists, pool.count = {}, 0
    return true
end

local function drop(pool, connection)
    pool.dropped = pool.dropped + 1
    connection.sock:close()
end

-- True when a connection is still open and its peer has sent nothing.
local function is_fresh(connection, time)
    if connection.expires < time then return false end
    local sock = connection.sock
    sock:settimeout(0)
    local data, err = sock:receive(LOOK)
    return not data and NOTHING[err] == true
end

-- Takes the newest connection that is still usable, or returns nil. With `unchecked`, a connection with a `converse`
-- function is not checked: that function does it, and the caller reports the result with `used` or `stale`.
function pools.take(pool, key, unchecked)
    notice_fork(pool)
    local list = pool.lists[key]
    if not list then return nil end
    while true do
        local n = #list
        local connection = list[n]
        if not connection then break end
        list[n] = nil
        pool.count = pool.count - 1
        if unchecked and connection.converse then return connection end
        if is_fresh(connection, now()) then
            pool.reused = pool.reused + 1
            return connection
        end
        drop(pool, connection)
    end
    if pool.lists[key] == list then pool.lists[key] = nil end
    return nil
end

-- Counts a new connection.
function pools.made(pool) pool.made = pool.made + 1 end

-- Counts a kept connection that was usable.
function pools.used(pool) pool.reused = pool.reused + 1 end

-- Closes a kept connection that was no longer usable.
pools.stale = drop

local function drop_oldest(pool)
    local oldest, where
    for key, list in pairs(pool.lists) do
        local first = list[1]
        if first and (not oldest or first.since < oldest.since) then oldest, where = first, key end
    end
    if not oldest then return end
    local list = pool.lists[where]
    remove(list, 1)
    if not list[1] then pool.lists[where] = nil end
    pool.count = pool.count - 1
    drop(pool, oldest)
end

-- Removes the lists without connections. They are left by connections that were taken and did not come back.
local function forget_empty(pool)
    local left = 0
    for key, list in pairs(pool.lists) do
        if list[1] then left = left + 1 else pool.lists[key] = nil end
    end
    pool.known, pool.most_known = left, left * 2 > MOST_LISTS and left * 2 or MOST_LISTS
end

---Returns a connection to the pool. `age` is the idle time in seconds that the peer allows, if it sent one.
function pools.put(pool, key, connection, age)
    local time = now()
    if not age or age > pool.age then age = pool.age end
    connection.since, connection.expires = time, time + age
    local list = pool.lists[key]
    if not list then
        if pool.known >= pool.most_known then forget_empty(pool) end
        list = {}
        pool.lists[key], pool.known = list, pool.known + 1
    end
    local n = #list
    -- a child process must not close connections of its parent
    if (n >= pool.perhost or pool.count >= pool.idle) and notice_fork(pool) then
        return pools.put(pool, key, connection, age)
    end
    if n >= pool.perhost then
        if n == 0 then
            pool.lists[key] = nil
            return drop(pool, connection)
        end
        local oldest = remove(list, 1)
        list[n] = connection
        return drop(pool, oldest)
    end
    list[n + 1] = connection
    pool.count = pool.count + 1
    if pool.count > pool.idle then drop_oldest(pool) end
end

---Closes all idle connections.
function methods:close()
    notice_fork(self)
    local lists = self.lists
    self.lists, self.count = {}, 0
    for _, list in pairs(lists) do
        for i = 1, #list do list[i].sock:close() end
    end
end

---Counters of the pool.
---@return { idle: integer, made: integer, reused: integer, dropped: integer }
function methods:stats()
    notice_fork(self)
    return { idle = self.count, made = self.made, reused = self.reused, dropped = self.dropped }
end

local WEAK = { __mode = "k" }
local DEFAULTS = { idle = 100, perhost = 6, age = 15 }

---Makes a pool.
---@param options? { idle?: integer, perhost?: integer, age?: number } most connections kept in all (100), most
---kept for one host (6), and the seconds for which a connection is kept (15)
---@return socket.http.pool
function pools.pool(options)
    local pool = {
        lists = {}, count = 0, made = 0, reused = 0, dropped = 0, known = 0, most_known = MOST_LISTS,
        process = process(),
        -- what socket.http has prepared of remembered plans: kept here, so that no plan keeps a pool alive
        quick = setmetatable({}, WEAK),
    }
    for name, value in pairs(DEFAULTS) do pool[name] = value end
    for name, value in pairs(options or {}) do
        if DEFAULTS[name] == nil then error("invalid option '" .. tostring(name) .. "'", 2) end
        value = tonumber(value)
        if not value or value < 0 then error("bad option '" .. name .. "' (number expected)", 2) end
        pool[name] = value
    end
    return setmetatable(pool, metatable)
end

---Returns whether a value is a pool.
---@param value any
---@return boolean
function pools.is_pool(value)
    return type(value) == "table" and getmetatable(value) == metatable
end

local default
---The pool for requests without their own pool.
---@return socket.http.pool
function pools.default()
    default = default or pools.pool()
    return default
end

return pools
