-- The writer that a handler gets: a response in pieces, and Server-Sent Events. Internal to socket.http_server.
local native = require("socket.http_server_leaves")

local error, pairs, pcall, setmetatable, tonumber, tostring, type =
    error, pairs, pcall, setmetatable, tonumber, tostring, type
local find, format, gmatch, gsub, lower, sub =
    string.find, string.format, string.gmatch, string.gsub, string.lower, string.sub
local concat = table.concat

-- Size at which collected small writes are sent.
local GATHERED = 16384

local writer = {}

---@class http.writer
---@field failure any
---@field finished any
---@field connection any
---@field request any
---@field sent any
---@field mode any
---@field left any
---@field starting any
---@field exceeded any
local methods = {}

local Writer = { __index = methods, __name = "http.writer" }

writer.methods = methods

---The value of the Connection header in a response.
function writer.announcement(connection, request)
    if connection.count >= connection.settings.maxrequests or connection.server.leaving then connection.keep = false end
    if not connection.keep then return "close" end
    if request.version == "1.0" then return "keep-alive" end
end

local announcement = writer.announcement

---Makes a writer for the response to a request.
---@return http.writer
function writer.new(connection, request)
    return setmetatable({ connection = connection, request = request, size = 0, finished = false }, Writer)
end

-- Converts a value to a whole number. Returns nil for any other value, such as "-5", "0x5" or 5.5.
local function whole_number(value)
    if type(value) == "string" and not find(value, "^%d+$") then return nil end
    local number = tonumber(value)
    if number and number >= 0 and number < 2 ^ 53 and number % 1 == 0 then return number end
end

---The `Content-Length` in the handler's headers: a number, or nil.
local function declared_length(headers)
    for key, entry in pairs(headers or {}) do
        local name, value = key, entry
        if type(name) == "number" and type(value) == "table" then name, value = value[1], value[2] end
        if type(name) == "string" and #name == 14 and lower(name) == "content-length" then
            return whole_number(value)
        end
    end
end

writer.declared_length = declared_length

local function fail(self, message)
    self.failure = message
    self.connection.keep = false
    self.connection.broken = message
    return nil, message
end

-- Reports a body that does not match its Content-Length. The connection is closed, so that the peer notices.
local function mismatch(self, message)
    self.connection.keep = false
    self.connection.server:report(message, nil, self.request)
end

-- Raises in the line of the method's caller. A method calls this at its start: its own calls of other methods would
-- raise in this file.
local function expect_open(self)
    if self.finished then error("the answer has ended", 3) end
end

-- Raises in the line of the method's caller, unless a value is a string or a number.
local function expect_text(value, name)
    local kind = type(value)
    if kind ~= "string" and kind ~= "number" then
        error(("bad argument #1 to '%s' (string expected, got %s)"):format(name, kind), 3)
    end
end

---Starts the response. Nothing is sent yet.
---@param status? integer default 200
---@param headers? table
---@return boolean|nil true
---@return string|nil message
function methods:start(status, headers)
    if self.failure then return nil, self.failure end
    expect_open(self)
    if self.mode then error("the answer has begun", 2) end
    status = status or 200
    if type(status) ~= "number" or status % 1 ~= 0 or status < 200 or status > 599 then
        error(("invalid status (%s)"):format(tostring(status)), 2)
    end
    if headers ~= nil and type(headers) ~= "table" then
        error(("bad argument #2 to 'start' (table expected, got %s)"):format(type(headers)), 2)
    end
    local connection, request = self.connection, self.request
    local length
    if status == 204 or status == 304 then
        self.mode = "none"
        -- the length of what GET would get (RFC 9110, 15.4.5)
        if status == 304 then length = declared_length(headers) end
    elseif status == 205 then
        self.mode, length = "none", 0
    else
        length = declared_length(headers)
        if length then
            self.mode, self.left = "length", length
        elseif request.version == "1.0" then
            self.mode = "close"
            connection.keep = false
        else
            self.mode, length = "chunked", -1
        end
    end
    local text, closes = native.compose(nil, nil, status, headers, length, announcement(connection, request),
        connection.settings.server_name)
    if not text then
        self.mode = nil
        error(("invalid header '%s'"):format(tostring(closes)), 2)
    end
    if closes then connection.keep = false end
    if request.method == "HEAD" then self.mode = "head" end
    connection.status = status
    self[1] = text
    self.head = true
    return true
end

-- Waits until no other task sends with this writer. Returns true, or nil and a message.
local function wait_for_others(self)
    if not self.sending then return true end
    repeat
        while self.sending do
            if not self.turns then self.turns = require("socket.tasks").queue() end
            self.waiting = (self.waiting or 0) + 1
            local turn, message = self.turns:get()
            self.waiting = self.waiting - 1
            if not turn then return nil, message end
        end
        -- Wakes the next waiter, in case this task has nothing to send. `put` may let it run.
        if self.waiting > 0 then self.turns:put(true) end
    until not self.sending
    return true
end

-- Sends the collected data. With `finishes`, this ends the answer.
local function flush(self, finishes)
    local turn, refusal = wait_for_others(self)
    if not turn then return nil, refusal end
    if self.failure then return nil, self.failure end
    local last
    if finishes then
        if self.finished then return true end
        -- before the wait below, so that no other task writes after the end
        self.finished = true
        if self.mode == "chunked" then last = "0\r\n\r\n" end
    end
    local n = #self
    if n == 0 and not last then return true end
    local connection = self.connection
    local first = 1
    local head = ""
    if self.head then head, first = self[1], 2 end
    local data = concat(self, "", first)
    for i = n, 1, -1 do self[i] = nil end
    self.size = 0
    self.head = nil
    self.sent = true
    connection.answering = true
    connection.bytes = connection.bytes + #data
    if self.mode == "chunked" and data ~= "" then
        data = format("%s%x\r\n%s\r\n%s", head, #data, data, last or "")
    else
        data = head .. data .. (last or "")
    end
    if data == "" then return true end
    self.sending = true
    local ok, message = connection.leaves.send(connection.sock, data, connection.settings.progresstime)
    self.sending = nil
    if self.waiting and self.waiting > 0 then self.turns:put(true) end
    if not ok then return fail(self, message) end
    return true
end

-- Runs in a task: sends the collected data when the handler waits for something else.
local function flush_meanwhile(self)
    self.starting = nil
    if self.finished or self.failure or #self == 0 then return end
    flush(self)
end

---Writes a piece of the body. Small pieces are collected.
---@param data string|number
---@return boolean|nil true
---@return string|nil message `"closed"`, `"timeout"`
function methods:write(data)
    expect_text(data, "write")
    if type(data) == "number" then data = tostring(data) end
    if self.failure then return nil, self.failure end
    expect_open(self)
    local mode = self.mode
    if not mode then
        self:start(200)
        mode = self.mode
    end
    if mode == "head" or mode == "none" then return true end
    if mode == "length" then
        if #data > self.left then
            data = sub(data, 1, self.left)
            if not self.exceeded then
                self.exceeded = true
                mismatch(self, "body longer than its Content-Length")
            end
        end
        self.left = self.left - #data
    end
    if data == "" then return true end
    self[#self + 1] = data
    self.size = self.size + #data
    if self.size >= GATHERED then return flush(self) end
    local tasks = self.connection.server.tasks
    if tasks and not self.starting then
        -- when no further task is allowed, the data stays collected
        self.starting = true
        pcall(tasks.start, flush_meanwhile, self)
    end
    return true
end

---Sends the collected data.
---@return boolean|nil true
---@return string|nil message
function methods:flush()
    if self.failure then return nil, self.failure end
    if not self.mode then
        expect_open(self)
        self:start(200)
    end
    return flush(self)
end

---Ends the response. This also happens when the handler returns.
---@return boolean|nil true
---@return string|nil message
function methods:finish()
    if self.failure then return nil, self.failure end
    -- another task may still send the end
    if self.finished then return wait_for_others(self) end
    if not self.mode then self:start(200) end
    if self.mode == "length" and self.left > 0 then
        mismatch(self, "body shorter than its Content-Length")
        flush(self, true)
        self.connection.cut = true
        return fail(self, "body shorter than its Content-Length")
    end
    return flush(self, true)
end

---Returns whether the peer has not closed. Does not wait.
---@return boolean
function methods:isopen()
    if self.failure then return false end
    local connection = self.connection
    return connection.leaves.isopen(connection.sock)
end

-- The fields of an event.
local FIELDS = { data = true, event = true, id = true, retry = true }

-- Raises in the line of the caller of `event`, unless its argument is an event.
local function expect_event(event)
    local kind = type(event)
    if kind ~= "table" then
        if kind == "string" or kind == "number" then return end
        error(("bad argument #1 to 'event' (string or table expected, got %s)"):format(kind), 3)
    end
    for name in pairs(event) do
        if not FIELDS[name] then
            error(("unknown field '%s' of an event (data, event, id, retry)"):format(tostring(name)), 3)
        end
    end
    for name in pairs(FIELDS) do
        local value = event[name]
        kind = type(value)
        if value and kind ~= "string" and kind ~= "number" then
            error(("invalid %s of an event (%s expected, got %s)"):format(name, name == "retry" and "number" or "string", kind), 3)
        end
    end
end

local function one_line(value, name)
    value = tostring(value)
    if find(value, "[\r\n]") or name == "id" and find(value, "%z") then
        error(("invalid %s of an event"):format(name), 3)
    end
    return value
end

local function begin_events(self)
    if self.mode then return true end
    return self:start(200, { ["Content-Type"] = "text/event-stream", ["Cache-Control"] = "no-store" })
end

-- Adds the lines of a text in event stream format, each with its field name.
local function add_lines(lines, name, text)
    for line in gmatch(gsub(text, "\r\n?", "\n") .. "\n", "([^\n]*)\n") do
        lines[#lines + 1] = name .. ": " .. line .. "\n"
    end
end

local function send_event(self, text)
    local ok, message = begin_events(self)
    if ok then ok, message = self:write(text) end
    if ok then ok, message = flush(self) end
    return ok, message
end

---Sends a Server-Sent Event.
---@param event string|{data?: string, event?: string, id?: string, retry?: integer}
---@return boolean|nil true
---@return string|nil message
function methods:event(event)
    expect_event(event)
    if self.failure then return nil, self.failure end
    expect_open(self)
    if type(event) ~= "table" then event = { data = event } end
    local lines = {}
    if event.event then lines[1] = "event: " .. one_line(event.event, "event") .. "\n" end
    if event.id then lines[#lines + 1] = "id: " .. one_line(event.id, "id") .. "\n" end
    if event.retry then
        local retry = whole_number(event.retry)
        if not retry then error("invalid retry of an event", 2) end
        lines[#lines + 1] = format("retry: %d\n", retry)
    end
    if event.data then add_lines(lines, "data", tostring(event.data)) end
    lines[#lines + 1] = "\n"
    return send_event(self, concat(lines))
end

---Sends a comment, which keeps an event stream open.
---@param text? string
---@return boolean|nil true
---@return string|nil message
function methods:comment(text)
    if text == nil then text = "" end
    expect_text(text, "comment")
    if self.failure then return nil, self.failure end
    expect_open(self)
    local lines = {}
    add_lines(lines, "", tostring(text))
    lines[#lines + 1] = "\n"
    return send_event(self, concat(lines))
end

return writer
