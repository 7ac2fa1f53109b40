-- One connection of a server: its requests, one after another. Internal to socket.http_server.
local native = require("socket.http_server_leaves")
local answers = require("socket.http_answer")
local bodies = require("socket.http_incoming_body")
local incoming = require("socket.http_incoming")
local log = require("socket.http_log")
local options = require("socket.http_server_options")
local writers = require("socket.http_writer")

local error, pcall, setmetatable, tostring, type, xpcall = error, pcall, setmetatable, tostring, type, xpcall
-- A host program may have removed `debug`.
local debug_traceback = debug and debug.traceback or function(message) return message end
local huge, max, min = math.huge, math.max, math.min
local now = native.now
local HEAD, CONNECTION, STREAM = incoming.HEAD, incoming.CONNECTION, incoming.STREAM
local Request = incoming.metatable
local check_number = options.check_number

-- Seconds for the first byte of a request on a connection that is new when the server stops.
local GRACE = 1

---@class http.connection
---@field closed any
---@field tls any
---@field shaken any
---@field broken any
---@field count any
---@field keep any
---@field settings any
---@field linger any
---@field quiet any
---@field server any
---@field sock any
---@field leaves any
---@field cut any
local methods = {}

local Connection = { __index = methods, __name = "http.connection" }

local serving = { methods = methods }

---An accepted connection.
function serving.new(server, sock, leaves, ip, port, tls)
    local turn = server.turn + 1
    server.turn = turn
    return setmetatable({
        server = server,
        settings = server.settings,
        sock = sock,
        leaves = leaves,
        ip = ip,
        port = port,
        tls = tls,
        -- set while no byte of a request has to be there; `turn` is the order in which connections became idle
        idle = true,
        turn = turn,
        keep = true,
        count = 0,
        bytes = 0,
    }, Connection)
end

-- Logs a request, or a failure before there was a request: then `line` has what is known of it.
local function write_log(self, request, reason, line)
    local sink = self.server.log
    if not sink then return end
    local ok, message = pcall(function() sink(log.entry(self, request, reason, line)) end)
    if not ok then self.server:report(message, nil, request) end
end

-- The response for an error status.
local function error_answer(self, status, request)
    local custom = self.settings.errors and self.settings.errors[status]
    if custom then
        local ok, answer = pcall(custom, status, request)
        if ok and type(answer) == "table" then
            -- a copy: the owner may return the same table for several statuses
            return { status = answer.status or status, headers = answer.headers, body = answer.body }
        end
        if not ok then self.server:report(answer, nil, request) end
    end
    return {
        status = status,
        headers = { ["Content-Type"] = "text/plain; charset=utf-8" },
        body = ("%d %s\n"):format(status, native.reason(status)),
    }
end

local NONE = { version = "1.1", method = "GET" }

-- Sends an error response: the custom one, or the standard one when the custom one cannot be sent.
local function send_error(self, status, request)
    local ok = answers.send(self, request or NONE, error_answer(self, status, request))
    if ok == false and self.settings.errors then
        local given = self.settings.errors
        self.settings = setmetatable({ errors = false }, { __index = self.settings })
        ok = answers.send(self, request or NONE, error_answer(self, status, request))
        self.settings.errors = given
    end
    return ok
end

-- Refuses a request, or what is known of it from its first line. No further request is read from the connection.
local function refuse(self, status, reason, request, line)
    local stats = self.server.counts
    stats.errors = stats.errors + 1
    self.keep = false
    self.linger = true
    self.bytes = 0
    send_error(self, status, request)
    self.status = status
    write_log(self, request, reason, line)
    return nil, reason
end

local function is_streamed(self, request)
    local stream = self.settings.stream
    if type(stream) ~= "function" then return stream end
    local ok, answer = pcall(stream, request.method, request.path)
    if ok then return answer end
    self.server:report(answer, nil, request)
    return false
end

-- Receives the next request. `idletime` is the limit for its first byte. Returns it, or nil and a message. After a
-- refusal, which has been sent, the message is its reason.
local function receive(self, idletime)
    local server, settings = self.server, self.settings
    local stats = server.counts
    local turn = server.turn + 1
    server.turn, self.turn = turn, turn
    self.idle = true
    local head, method, url, path, query, host, old, keeps, length, expects =
        self.leaves.head(self.sock, idletime, settings.headtime, settings.maxline, settings.maxhead, settings.maxfields)
    self.idle = false
    if not head then
        if head == nil then return nil, method end
        if self.server.log then self.started = now() end
        self.count = self.count + 1
        -- the names are those of a request: a refusal has status, reason, method, target and version
        return refuse(self, method, url, nil, path and { method = path, url = query, version = host })
    end
    local count = self.count + 1
    self.count = count
    self.bytes = 0
    self.answering = nil
    stats.requests = stats.requests + 1
    if not keeps or not settings.keepalive then self.keep = false end
    -- LuaJIT makes room for the named fields, in powers of two. With nine to sixteen of them, the others and those
    -- computed later fit in too, and the table does not have to grow.
    local request = setmetatable({
        [HEAD] = head,
        [CONNECTION] = self,
        method = method,
        url = url,
        path = path,
        query = query,
        host = host,
        version = old and "1.0" or "1.1",
        ip = self.ip,
        port = self.port,
        id = count,
        body = "",
    }, Request)
    if self.server.log then self.started = now() end
    if not length then
        if settings.stream and is_streamed(self, request) then request.body = nil end
        return request
    end
    if length > settings.maxbody then return refuse(self, 413, "body too large", request) end
    local state = bodies.new(self, length, expects)
    self.unread = state
    if settings.stream and is_streamed(self, request) then
        request.body = nil
        request[STREAM] = state
        return request
    end
    local body, message, status, reason = bodies.whole(state)
    if body then
        request.body = body
        self.unread = nil
        return request
    end
    if status then return refuse(self, status, reason, request) end
    self.broken = message
    write_log(self, request, "body cut short")
    return nil, message
end

-- Before a response: decides whether the unread rest of the request body prevents keeping the connection.
local function weigh_rest(self)
    local state = self.unread
    if state and not state.done
        and (state.failure or state.expects or not state.chunked and state.left > self.settings.drain) then
        self.keep = false
        self.linger = true
    end
end

-- After a response: reads the rest of the request body.
local function read_rest(self)
    local state = self.unread
    self.unread = nil
    if state and self.keep and not bodies.drain(state, self.settings.drain) then
        self.keep = false
        self.linger = true
    end
end

-- Converts a raised error to a table with its traceback.
local function trace(message)
    return { message, debug_traceback(type(message) == "string" and message or tostring(message), 2) }
end

-- In Lua 5.1, xpcall does not pass arguments.
local passes = select(2, xpcall(function(...) return select("#", ...) end, trace, 1)) == 1

local function call(self, handler, request, writer)
    if self.settings.handlertime < huge then
        local deadline, seconds = self.server.tasks.deadline, self.settings.handlertime
        return xpcall(function() return deadline(seconds, handler, request, writer) end, trace)
    end
    if passes then return xpcall(handler, trace, request, writer) end
    return xpcall(function() return handler(request, writer) end, trace)
end

-- Sends 500, or cuts the connection when a part of another response was already sent.
local function fail(self, writer, request, message, traceback)
    if message then self.server:report(message, traceback, request) end
    local stats = self.server.counts
    stats.errors = stats.errors + 1
    if writer and writer.finished and not writer.failure then
        -- the answer is complete, or another task sends its end
        writer:finish()
        return
    end
    if writer then writer.finished = true end
    if writer and writer.sent then
        self.keep = false
        self.cut = true
        self.broken = self.broken or "handler failed"
        return
    end
    self.bytes = 0
    send_error(self, 500, request)
end

-- Ends the count of a connection's handler.
local function leave(self)
    if not self.active then return end
    self.active = false
    local stats = self.server.counts
    stats.active = stats.active - 1
end

serving.leave = leave

local function handle(self, handler, request)
    local stats = self.server.counts
    local writer = writers.new(self, request)
    local start = self.settings.handlertime < huge and now()
    stats.active = stats.active + 1
    self.active = true
    local ok, answer = call(self, handler, request, writer)
    leave(self)
    weigh_rest(self)
    if start and now() - start >= self.settings.handlertime and not writer.sent then
        stats.errors = stats.errors + 1
        self.bytes = 0
        self.keep = false
        writer.finished = true
        send_error(self, 503, request)
        return write_log(self, request, "handler too slow")
    end
    if not ok then
        fail(self, writer, request, answer[1] == nil and "nil" or answer[1], answer[2])
    elseif writer.mode or writer.failure then
        if answer ~= nil then self.server:report("answer after the writer was used", nil, request) end
        writer:finish()
    elseif type(answer) ~= "table" then
        fail(self, writer, request, ("invalid answer (%s)"):format(type(answer)))
    else
        -- a task that still holds the writer cannot write into a later answer
        writer.finished = true
        local sent, message = answers.send(self, request, answer)
        if sent == false then fail(self, nil, request, message) end
    end
    if self.server.log then write_log(self, request) end
    if self.unread then read_rest(self) end
end

-- Ends the connection, so that the peer can still read the last response.
local function finish(self)
    local settings = self.settings
    if self.closed then return end
    self.closed = true
    if not self.cut and not self.broken and self.count > 0 and settings.linger > 0 and not self.quiet then
        if self.tls then
            self.sock:settimeout(settings.linger)
            self.server.finish_tls(self.sock)
        else
            self.leaves.discard(self.sock, settings.drain, settings.linger)
        end
    end
    self.sock:close()
    local server = self.server
    if not server.handler then server:remove(self) end
end

-- The handshake of a TLS connection, until `until_time` at most. Returns true; nil and a message; or false when the
-- time was over before the server's limit: then the next call goes on.
local function shake_hands(self, until_time)
    local stop = self.handshake_stop or now() + self.settings.tlstime
    self.handshake_stop = stop
    local is_short = until_time < stop
    if is_short then stop = until_time end
    local sock, message = self.handshaking, nil
    if not sock then
        -- a peer that says nothing is idle: a stop, or the limit of connections, may close it
        local arrived
        arrived, message = self.leaves.arrival(self.sock, max(0, stop - now()))
        if not arrived and message == "timeout" and is_short then return false end
        self.idle = false
        if arrived then sock, message = self.server:wrap(self) end
        if sock then self.sock, self.leaves, self.handshaking = sock, self.server.tls_leaves, sock end
    end
    if sock then
        sock:settimeout(max(0, stop - now()))
        -- the ALPN callback raises when no offered protocol is supported
        local called, ok, problem = pcall(sock.dohandshake, sock)
        if not called then
            problem = ok
        elseif ok then
            sock:settimeout(nil)
            self.handshaking = nil
            return true
        end
        message = (problem == "wantread" or problem == "wantwrite") and "timeout" or problem
        if message == "timeout" and is_short then return false end
    end
    -- closed by the server
    if self.cut then return nil, "closed" end
    local stats = self.server.counts
    stats.errors = stats.errors + 1
    write_log(self, nil, "tls: " .. tostring(message))
    return nil, message
end

---Serves a connection until it ends.
function serving.run(self, handler)
    local server, settings = self.server, self.settings
    if self.tls and not shake_hands(self, huge) then
        self.quiet = true
        return finish(self)
    end
    while true do
        local limit = settings.idletime
        local request, message = receive(self, server.stopping and min(limit, GRACE) or limit)
        if not request then
            -- the peer sent no request, so there is no response for it to read
            self.quiet = not self.linger and message ~= nil
            break
        end
        handle(self, handler, request)
        -- after an answer without `Connection: close`, a request that has already arrived is still answered
        if not self.keep or self.broken or server.leaving and self.leaves.isquiet(self.sock) then break end
    end
    finish(self)
end

---Receives the next request of a connection from `server:accept`.
---@param timeout? number seconds to wait for its first byte
---@return http.request|nil request
---@return string|nil message `"closed"` at the end, `"timeout"`, or the reason of a refusal that was sent
function methods:receive(timeout)
    check_number(timeout, "receive")
    if self.request then error("the request before has no answer yet", 2) end
    if self.closed then return nil, "closed" end
    if timeout and timeout < 0 then timeout = nil end
    if self.tls and not self.shaken then
        local start = now()
        local ok, message = shake_hands(self, timeout and start + timeout or huge)
        if ok == false then return nil, "timeout" end
        self.shaken = true
        if not ok then
            self.quiet = true
            finish(self)
            return nil, message
        end
        if timeout then timeout = max(0, start + timeout - now()) end
    end
    if self.count > 0 and (not self.keep or self.broken) then
        finish(self)
        return nil, "closed"
    end
    local limit = self.settings.idletime
    self.since = self.since or now()
    local left = limit < huge and self.since + limit - now() or huge
    local wait = timeout and timeout < left and timeout or left
    local request, message = receive(self, wait)
    if not request then
        if message == "timeout" and wait < left and not self.linger and not self.broken then
            self.idle = true
            return nil, message
        end
        self.quiet = not self.linger
        finish(self)
        return nil, message
    end
    self.since = nil
    self.request = request
    self.own_writer = nil
    return request
end

local function done(self, request)
    self.request = nil
    write_log(self, request)
    read_rest(self)
    local server = self.server
    server.turn = server.turn + 1
    self.turn, self.idle = server.turn, true
end

---Sends the response to the last request received.
---@param answer http.answer
---@return boolean|nil true
---@return string|nil message
function methods:respond(answer)
    local request = self.request
    if not request then error("no request to answer", 2) end
    if type(answer) ~= "table" then
        error(("bad argument #1 to 'respond' (table expected, got %s)"):format(type(answer)), 2)
    end
    local writer = self.own_writer
    if writer then
        if writer.mode then error("the answer has begun", 2) end
        writer.finished = true
    end
    weigh_rest(self)
    local ok, message = answers.send(self, request, answer)
    if ok == false then
        fail(self, nil, request, message)
        done(self, request)
        return nil, message
    end
    done(self, request)
    return ok, message
end

---The writer for the last request received. Its `finish` ends the response.
---@return http.writer
function methods:writer()
    local request = self.request
    if not request then error("no request to answer", 2) end
    if not self.own_writer then
        weigh_rest(self)
        local writer = writers.new(self, request)
        self.own_writer = writer
        local finish_answer = writer.finish
        ---@diagnostic disable-next-line: redundant-parameter
        writer.finish = function(w)
            local ok, message = finish_answer(w)
            if self.request == request then done(self, request) end
            return ok, message
        end
    end
    return self.own_writer
end

---Closes the connection.
function methods:close()
    self.cut = self.request ~= nil
    finish(self)
end

return serving
