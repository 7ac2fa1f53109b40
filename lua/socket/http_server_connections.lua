-- The connections of a server: how each begins, gets a task, and ends. Internal to socket.http_server.
local native = require("socket.http_server_leaves")
local serving = require("socket.http_serving")

local ipairs, pairs, pcall, tostring = ipairs, pairs, pcall, tostring
local match = string.match
local remove_first = table.remove

local connections = {}

-- Adds a connection that a listener has accepted.
local function add(self, listener, sock)
    local ip, port = "unix", nil
    if listener.leaves == native.tcp then
        ip, port = sock:getpeername()
        if not ip then
            -- the peer has already closed
            sock:close()
            return nil
        end
        -- a socket for both families shows an IPv4 peer as an IPv6 address, which no list of addresses has
        ip = match(ip, "^::ffff:(%d+%.%d+%.%d+%.%d+)$") or ip
        if listener.nodelay then sock:setoption("tcp-nodelay", true) end
    end
    local connection = serving.new(self, sock, listener.leaves, ip, port, listener.tls)
    connection.listener = listener
    self.connections[connection] = true
    self.open = self.open + 1
    return connection
end

-- True when a connection waits for a request and has received none of its bytes.
local function is_idle(connection)
    return connection.idle and connection.leaves.isquiet(connection.sock)
end

local function cut(connection)
    connection.cut = true
    connection.quiet = true
    connection.sock:close()
end

-- Closes the connection that has been idle longest. Returns whether there was one.
local function close_idle(self)
    local oldest
    for connection in pairs(self.connections) do
        if connection.idle and (not oldest or connection.turn < oldest.turn) and is_idle(connection) then
            oldest = connection
        end
    end
    if not oldest then return false end
    oldest.idle = false
    cut(oldest)
    -- otherwise its task ends it
    if not self.handler then oldest:close() end
    return true
end

-- Whether neither a connection nor a task that accepts is left.
local function is_over(self) return self.open == 0 and self.accepting == 0 end

local function announce_end(self)
    self.stopped = true
    self.ended:close()
end

-- Called when a connection or a task that accepts has ended. Wakes the code that waits for this.
local function announce(self)
    local over = self.stopping and is_over(self)
    if self.changed and (self.waiting > 0 or over) then self.changed:put(true) end
    if over and self.unwatched then
        self.whole = true
        announce_end(self)
    end
end

---@type any
local start_queued

-- Called when a connection has ended.
local function remove(self, connection)
    if not self.connections[connection] then return end
    self.connections[connection] = nil
    self.open = self.open - 1
    if self.queued[1] then start_queued(self) end
    announce(self)
end

-- Whether the limit allows a queued connection to be served.
local function may_begin(self)
    local queued = self.queued
    return queued[1] and self.open - #queued < self.settings.maxconnections
end

local function serve(self, connection)
    while connection do
        local ok, message = pcall(serving.run, connection, self.handler)
        if not ok then
            self:report(message)
            cut(connection)
        end
        remove(self, connection)
        -- without a free task, queued connections are still there: this task serves the next one
        local next_one = may_begin(self) and remove_first(self.queued, 1)
        if next_one then next_one.task = connection.task end
        connection = next_one
    end
end

-- Starts the task of a connection. Returns true; or nil and a message when no further task can be had.
local function start_serving(self, connection)
    local ok, task = pcall(self.tasks.start, serve, self, connection)
    if ok then
        connection.task = task
        return true
    end
    return nil, tostring(task):find("too many tasks", 1, true) and "too many tasks" or tostring(task)
end

-- Starts the tasks of queued connections, as far as the limits allow.
function start_queued(self)
    while may_begin(self) and start_serving(self, self.queued[1]) do remove_first(self.queued, 1) end
end

-- Queues an accepted connection for a stop. One that has sent nothing is closed.
local function queue(self, connection)
    if self.cutting or is_idle(connection) then
        cut(connection)
        remove(self, connection)
    else
        connection.idle = false
        self.queued[#self.queued + 1] = connection
    end
end

-- Starts the task of an accepted connection as soon as one is free. Meanwhile, as with too many connections, idle ones
-- are closed, and busy ones close after their current response. The end of a foreign task is not announced, so this
-- looks again after a time.
local function start_later(self, connection, pause)
    self.waiting = self.waiting + 1
    repeat
        self.leaving = true
        connection.idle = false
        close_idle(self)
        self.changed:get(pause)
        -- the task that has announced its end is not over yet
        self.tasks.yield()
        connection.idle = true
    until self.stopping or start_serving(self, connection)
    self.waiting = self.waiting - 1
    self.leaving = self.stopping or self.waiting > 0
    if self.stopping then queue(self, connection) end
end

-- Cuts the connections that still wait for a task.
local function cut_queued(self)
    local queued = self.queued
    self.queued = {}
    for _, connection in ipairs(queued) do
        cut(connection)
        remove(self, connection)
    end
end

-- Removes the connections whose tasks have ended, or have yielded and are never resumed. Such a task does not get to
-- the code that removes its connection.
local function remove_abandoned(self)
    local abandoned = {}
    for connection in pairs(self.connections) do
        local status = connection.task and connection.task:status()
        if status == "failed" or status == "yielded" then abandoned[#abandoned + 1] = connection end
    end
    for _, connection in ipairs(abandoned) do
        serving.leave(connection)
        remove(self, connection)
    end
end

-- Cuts all remaining connections.
local function cut_all(self)
    cut_queued(self)
    for connection in pairs(self.connections) do
        cut(connection)
        if connection.task then connection.task:cancel("closed") end
    end
    remove_abandoned(self)
end

connections.add = add
connections.is_idle = is_idle
connections.cut = cut
connections.close_idle = close_idle
connections.is_over = is_over
connections.announce_end = announce_end
connections.announce = announce
connections.remove = remove
connections.start = start_serving
connections.start_queued = start_queued
connections.start_later = start_later
connections.queue = queue
connections.cut_queued = cut_queued
connections.remove_abandoned = remove_abandoned
connections.cut_all = cut_all

return connections
