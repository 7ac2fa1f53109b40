-- The server of module `http`: listens, accepts, stops. One task serves each connection.
local socket = require("socket")
local native = require("socket.http_server_leaves")
local connections = require("socket.http_server_connections")
local listening = require("socket.http_listening")
local log = require("socket.http_log")
local options = require("socket.http_server_options")

local error, ipairs, pairs, pcall, setmetatable, tostring, type =
    error, ipairs, pairs, pcall, setmetatable, tostring, type
local check_number = options.check_number
local max, min = math.max, math.min
local add, cut, close_idle, is_idle, remove =
    connections.add, connections.cut, connections.close_idle, connections.is_idle, connections.remove
local announce, announce_end, is_over = connections.announce, connections.announce_end, connections.is_over
local now = native.now

-- Seconds to wait when the system has no free descriptors.
local PAUSE = 0.1
-- Seconds by which a wait may end before its time.
local SLACK = 0.05

-- The message that ends the waits of the tasks that accept.
local STOPPING = "stopping"

---@class http.server
---@field tls_leaves any
---@field contexts any
---@field listeners any
---@field counts any
---@field open any
---@field handler any
---@field connections any
---@field stopping any
---@field ended any
---@field stopped any
---@field settings any
---@field log any
---@field tasks any
local methods = {}

local Server = { __index = methods, __name = "http.server" }

local function write_error(message, traceback)
    if io then io.stderr:write("http.listen: ", tostring(traceback or message), "\n") end
end

-- Reports an error to the owner of the server.
local function report(self, message, traceback, request)
    local handler = self.settings.on_error
    if not handler then return write_error(message, traceback) end
    local ok, problem = pcall(handler, message, traceback, request)
    if not ok then
        write_error(message, traceback)
        write_error(problem)
    end
end

-- Makes the TLS object of a connection.
local function wrap(self, connection)
    local contexts = self.contexts[connection.listener] or self.contexts[1]
    local sock, err = contexts.module.wrap(connection.sock, contexts.context)
    if not sock then return nil, err end
    if contexts.names then sock:sni(contexts.names) end
    return sock
end

---Replaces the certificates for later handshakes.
---@param parameters table as the option `tls`
---@return boolean|nil true
---@return string|nil message
function methods:tls(parameters)
    if not self.tls_leaves then return nil, "no address of this server uses TLS: listen with the option 'tls'" end
    local contexts, err = listening.contexts(parameters)
    if not contexts then return nil, err end
    for key in pairs(self.contexts) do self.contexts[key] = contexts end
    self.contexts[1] = contexts
    return true
end

-- The native functions for TLS connections.
local function tls_leaves()
    local tls = require("socket.native")("socket_tls_core")
    return tls.serving, tls.finish
end

-- Accepts the peers that connected before the stop: closing the listener would reset them. Those that have sent a
-- part of a request are served.
local function take_queued(self, listener)
    listener.socket:settimeout(0)
    for _ = 1, self.settings.backlog do
        local sock = listener.socket:accept()
        if not sock then break end
        local connection = add(self, listener, sock)
        if connection then connections.queue(self, connection) end
    end
    connections.start_queued(self)
end

-- Waits until one more connection is allowed.
local function make_room(self, listener)
    while self.open >= self.settings.maxconnections and not self.stopping do
        -- closes an idle connection only when a new client is waiting
        local ready = socket.select({ listener.socket }, nil)
        if self.stopping or not ready[1] then return end
        if self.open < self.settings.maxconnections then return end
        if close_idle(self) then
            self.tasks.yield()
        else
            -- without an idle connection, busy connections close after their current response
            self.waiting = self.waiting + 1
            self.leaving = true
            self.changed:get(1)
            self.waiting = self.waiting - 1
            self.leaving = self.stopping or self.waiting > 0
        end
    end
end

-- True for an error that means a lack of descriptors or memory.
local function is_shortage(message)
    return message:find("oo many open files", 1, true) or message:find("No buffer space", 1, true)
        or message:find("annot allocate memory", 1, true)
end

local function accept_loop(self, listener)
    local told = false
    while not self.stopping do
        make_room(self, listener)
        if self.stopping then break end
        local sock, message = listener.socket:accept()
        if sock then
            local connection = add(self, listener, sock)
            if connection then
                local ok, problem = connections.start(self, connection)
                if not ok then
                    if not told then self:report(problem) end
                    connections.start_later(self, connection, PAUSE)
                end
                told = not ok
            end
        end
        if not sock and message == "closed" or message == "cancelled" or self.stopping then break end
        if not sock and message ~= "timeout" then
            if not told then self:report(message) end
            told = true
            close_idle(self)
            if is_shortage(message) then socket.sleep(PAUSE) else socket.sleep(PAUSE / 10) end
        end
    end
end

local function accept_task(self, listener)
    accept_loop(self, listener)
    if self.stopping and not self.cutting then take_queued(self, listener) end
    listening.close({ listener })
    self.accepting = self.accepting - 1
    -- nobody is left who could serve them
    if self.unwatched and self.accepting == 0 and self.open == #self.queued then connections.cut_queued(self) end
    announce(self)
end

---The address on which the server listens.
---@param n? integer position of the listener, from 1
---@return string|nil address or path of a Unix socket
---@return integer|nil port
function methods:getsockname(n)
    check_number(n, "getsockname")
    local listener = self.listeners[n or 1]
    if not listener then return nil end
    if listener.path then return listener.path end
    return listener.address, listener.port
end

---Statistics of the server.
---@return {connections: integer, active: integer, requests: integer, errors: integer}
function methods:stats()
    local counts = self.counts
    return {
        connections = self.open,
        active = counts.active,
        requests = counts.requests,
        errors = counts.errors,
    }
end

-- True when the running task belongs to this server: the stop cannot wait for it.
local function is_inside(self)
    local current = self.tasks and self.tasks.current()
    if not current then return false end
    for _, task in ipairs(self.acceptors) do
        if task == current then return true end
    end
    for connection in pairs(self.connections) do
        if connection.task == current then return true end
    end
    return false
end

local wind_up

-- Lets a new task wait for the end. When no further task is allowed, the last connection ends the stop, and
-- nothing is cut.
local function wind_up_later(self, seconds)
    if not pcall(self.tasks.start, wind_up, self, seconds) then self.unwatched = true end
end

-- Waits until all connections have ended. Cuts them when the time is up. Returns nil and a message when the wait of
-- the caller ended for another reason, such as its deadline: then a new task goes on.
function wind_up(self, seconds)
    local stop = now() + seconds
    local whole = true
    while not is_over(self) do
        local left = stop - now()
        local changed, message = false, nil
        if left > 0 then
            -- queued connections may wait for the end of a foreign task, which is not announced
            local pause = self.queued[1] and min(left, PAUSE)
            local began = now()
            changed, message = self.changed:get(pause or left)
            if pause and (changed or now() - began >= pause - SLACK) then
                connections.start_queued(self)
                changed = true
            end
        end
        if not changed then
            if is_over(self) then break end
            left = stop - now()
            if left > SLACK then
                wind_up_later(self, left)
                return nil, message
            end
            if left <= 0 then
                whole = false
                connections.cut_all(self)
                -- the handlers whose waits have failed may end
                local last = now() + 1
                while not is_over(self) and now() < last and self.changed:get(last - now()) do end
                connections.remove_abandoned(self)
                break
            end
        end
    end
    announce_end(self)
    self.whole = whole
    return whole
end

local function result(self)
    if self.whole then return true end
    return nil, "timeout"
end

local function begin_stop(self, seconds)
    self.stopping, self.leaving, self.cutting = true, true, seconds <= 0
    if self.cutting or not self.handler then listening.close(self.listeners) end
    for _, task in ipairs(self.acceptors) do task:cancel(STOPPING) end
    for connection in pairs(self.connections) do
        if is_idle(connection) then
            connection.idle = false
            cut(connection)
        end
    end
end

---Stops the server: accepts no more connections, closes idle ones, and finishes current requests. Connections that
---remain after the time limit are cut.
---@param seconds? number default 30; 0 cuts at once
---@return boolean|nil true
---@return string|nil message `"timeout"` when a connection was cut
function methods:stop(seconds)
    check_number(seconds, "stop")
    seconds = seconds or 30
    if not self.handler then
        if self.stopped then return true end
        begin_stop(self, seconds)
        for connection in pairs(self.connections) do connection:close() end
        self.stopped, self.whole = true, true
        return true
    end
    local inside = is_inside(self)
    if self.stopping then
        if inside then return true end
        self:wait()
        return result(self)
    end
    begin_stop(self, seconds)
    if inside then
        wind_up_later(self, seconds)
        return true
    end
    local whole, message = wind_up(self, seconds)
    if whole == nil then return nil, message end
    return result(self)
end

---Stops at once, cutting all connections.
---@return boolean|nil true
---@return string|nil message
function methods:close() return self:stop(0) end

---Waits until the server has stopped.
---@param timeout? number
---@return boolean|nil true
---@return string|nil message
function methods:wait(timeout)
    check_number(timeout, "wait")
    if self.stopped then return true end
    if not self.ended then return nil, "not listening in tasks" end
    local _, message = self.ended:get(timeout)
    if self.stopped then return true end
    return nil, message
end

-- Makes room for one more connection of a server without a handler. Outside tasks, nothing could end a connection
-- meanwhile. Returns true, or nil and a message.
local function make_manual_room(self, stop)
    while self.open >= self.settings.maxconnections and not close_idle(self) do
        local tasks = package and package.loaded["socket.tasks"]
        if not tasks or not tasks.current() then return nil, "too many connections" end
        self.changed = self.changed or tasks.queue()
        self.waiting = self.waiting + 1
        local changed, message = self.changed:get(stop and max(0, stop - now()))
        self.waiting = self.waiting - 1
        if not changed then return nil, message end
    end
    return true
end

---Accepts a connection, on a server without a handler.
---@param timeout? number
---@return http.connection|nil connection
---@return string|nil message
function methods:accept(timeout)
    check_number(timeout, "accept")
    if self.handler then error("the server has a handler", 2) end
    local stop = timeout and timeout >= 0 and now() + timeout or nil
    local sockets, by_socket = {}, {}
    for i, listener in ipairs(self.listeners) do
        sockets[i] = listener.socket
        by_socket[listener.socket] = listener
    end
    while not self.stopping do
        ---@cast stop any
        local ready, _, message = socket.select(sockets, nil, stop and max(0, stop - now()))
        if ready[1] then
            local room, problem = make_manual_room(self, stop)
            if not room then return nil, problem end
        end
        for _, sock in ipairs(ready) do
            sock:settimeout(0)
            local accepted, problem = sock:accept()
            local connection = accepted and add(self, by_socket[sock], accepted)
            if connection then return connection end
            if problem and problem ~= "timeout" then return nil, problem end
        end
        if not ready[1] and (message ~= "timeout" or stop and now() >= stop) then return nil, message end
    end
    return nil, "closed"
end

local function entries_of(settings, host, port)
    local entries = { { host = host, port = port, socket = settings.socket, tls = settings.tls } }
    for _, address in ipairs(settings.addresses or {}) do
        entries[#entries + 1] = { host = address.host, port = address.port, socket = address.socket, tls = address.tls }
    end
    return entries
end

-- TLS contexts by listener position.
local function make_contexts(entries)
    local contexts = {}
    for i, entry in ipairs(entries) do
        if entry.tls then
            local made, err = listening.contexts(entry.tls)
            if not made then return nil, err end
            contexts[i] = made
        end
    end
    return contexts
end

local function make(host, port, handler, settings)
    local entries = entries_of(settings, host, port)
    local contexts, err = make_contexts(entries)
    if not contexts then return nil, err end
    local listeners
    listeners, err = listening.open(entries, settings)
    if not listeners then return nil, err end
    local self = setmetatable({
        settings = settings,
        handler = handler,
        listeners = listeners,
        report = report,
        wrap = wrap,
        remove = remove,
        contexts = {},
        connections = {},
        queued = {},
        acceptors = {},
        accepting = 0,
        open = 0,
        turn = 0,
        waiting = 0,
        counts = { active = 0, requests = 0, errors = 0 },
    }, Server)
    for i, listener in ipairs(listeners) do
        if contexts[i] then
            self.contexts[listener] = contexts[i]
            self.contexts[1] = self.contexts[1] or contexts[i]
            self.tls_leaves, self.finish_tls = tls_leaves()
        end
        if not listener.path then listener.address, listener.port = listener.socket:getsockname() end
    end
    return self
end

local function start(self, tasks)
    self.tasks = tasks
    self.log = log.sink(self.settings.log, tasks)
    self.changed, self.ended = tasks.queue(), tasks.queue()
    -- creates the scheduler's own descriptors before connections use the last free ones
    tasks.getfd()
    for i, listener in ipairs(self.listeners) do
        listener.socket:settimeout(nil)
        self.acceptors[i] = tasks.start(accept_task, self, listener)
        self.accepting = i
    end
end

local function arguments(host, port, handler, given)
    if type(host) == "table" and port == nil and handler == nil and given == nil then
        local settings = options.complete(host)
        return settings.host, settings.port, settings.handler, settings
    end
    if type(host) == "number" and port == nil then error("bad argument #1 to 'listen' (string expected, got number)", 3) end
    return host, port, handler, options.complete(given)
end

---Serves HTTP.
---@param host string|table|nil
---@param port integer|nil
---@param handler? http.handler
---@param given? table|function
---@return http.server|boolean|nil server true after the stop when it was called outside tasks
---@return string|nil message
local function listen(host, port, handler, given)
    ---@type any
    local settings
    host, port, handler, settings = arguments(host, port, handler, given)
    if host ~= nil and type(host) ~= "string" then
        error(("bad argument #1 to 'listen' (string expected, got %s)"):format(type(host)), 2)
    end
    if handler ~= nil and type(handler) ~= "function" then
        error(("bad argument #3 to 'listen' (function expected, got %s)"):format(type(handler)), 2)
    end
    local tasks
    if handler then tasks = require("socket.tasks") end
    local self, err = make(host, port, handler, settings)
    if not self then return nil, err end
    if not handler then
        ---@diagnostic disable-next-line: need-check-nil
        self.log = log.sink(settings.log)
        return self
    end
    start(self, tasks)
    ---@cast tasks -?
    if tasks.current() then return self end
    -- outside tasks, `wait` runs all tasks until the server has stopped
    local ok
    ok, err = self:wait()
    return ok, err
end

-- The functions that module `http` uses.
return {
    listen = listen,
    combined = log.combined,
    methods = methods,
    files = function(folder, given) return require("socket.http_files")(folder, given) end,
}
