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

local function serve(self, connection)
    local ok, message = pcall(serving.run, connection, self.handler)
    if not ok then
        self:report(message)
        cut(connection)
    end
    remove(self, connection)
end

-- Starts the task of a connection. Returns true, or nil and a message.
local function start_serving(self, connection)
    local ok, task = pcall(self.tasks.start, serve, self, connection)
    if ok then
        connection.task = task
        return true
    end
    remove(self, connection)
    connection.sock:close()
    return nil, tostring(task):find("too many tasks", 1, true) and "too many tasks" or tostring(task)
end

-- Starts the tasks of queued connections, as far as the limit allows.
function start_queued(self)
    local queued = self.queued
    while queued[1] and self.open - #queued < self.settings.maxconnections do
        start_serving(self, remove_first(queued, 1))
    end
end

-- Cuts all remaining connections.
local function cut_all(self)
    local queued = self.queued
    self.queued = {}
    for _, connection in ipairs(queued) do
        cut(connection)
        remove(self, connection)
    end
    for connection in pairs(self.connections) do
        cut(connection)
        if connection.task then connection.task:cancel("closed") end
    end
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
connections.cut_all = cut_all

return connections
