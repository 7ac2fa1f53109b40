-- Receives an HTTP response: its head, its body, and what happens to the connection afterwards. Internal to HTTP.
local parts = require("socket.http_parts")
local native = require("socket.native")("socket_http")
local receiving = require("socket.http_receiving")
local truncated = require("socket.truncation")
local pools = require("socket.http_pool")

local parse_head, first_values = native.parse_head, native.first_values
local ipairs, setmetatable, tonumber, type = ipairs, setmetatable, tonumber, type
local concat, find, gmatch, gsub, lower, match, sub =
    table.concat, string.find, string.gmatch, string.gsub, string.lower, string.match, string.sub
local huge = math.huge

local MOST_INTERIM = 100
-- An unread rest of up to this many bytes is read, within this many seconds, so that the connection can be kept.
local MOST_DRAINED, DRAINING = 65536, 1
local PIECE = 65536
-- Bodies up to this size are received in one call.
local AT_ONCE = 65536

local incoming = {}

---The response to a request.
---@class socket.http.answer
---@field status integer
---@field reason string
---@field version string
---@field line string|nil the status line
---@field headers table<string, string>
---@field raw string the header lines as they were received
---@field length number|nil the announced length
---@field reused boolean whether the connection served a request before
---@field early boolean whether it came before the request's body was sent completely
---@field bodiless boolean whether the response has no body
---@field text string|nil the rest of a body that came with the head
---@field trailers table[]|nil after the end of a chunked body: its trailers as `{name, value}`
---@field socket table|userdata
---@field failure any
---@field connection any
---@field ending any
---@field keep any
---@field left any
---@field ended any
local methods = {}
local metatable = { __index = methods }

local function new_answer(connection, head)
    head.connection, head.socket, head.early = connection, connection.sock, connection.unsent
    head.left = head.ending
    head.bodiless = head.ending == "none"
    if type(head.ending) == "number" then
        head.length = head.ending
    elseif head.ending == "chunked" then
        head.left = 0
    end
    return setmetatable(head, metatable)
end

---Makes a response from the results of the native `converse`.
---@return socket.http.answer
function incoming.answer(connection, status, ending, keep, text, raw, reason, version, headers, line, age)
    if ending == "none" then text = nil end
    return new_answer(connection, {
        status = status, reason = reason, version = version, line = line, headers = headers or first_values(raw),
        ending = ending, keep = keep, raw = raw, connection = connection, socket = nil, early = nil, left = nil,
        bodiless = nil, length = nil, reused = nil, ended = nil, text = text, age = age,
    })
end

-- An HTTP/0.9 response: its bytes are the body.
local function bare_answer(connection)
    return new_answer(connection, { status = 200, reason = "", version = "0.9", headers = nil, raw = "", keep = false })
end

-- Parses the buffered head, or receives the rest of it. Returns it, or nil and a message.
local function read_head(connection)
    local request = connection.request
    local limits = request.limits
    local line_limit, block_limit = limits.MAXHEADERLINE or huge, limits.MAXHEADERSIZE or huge
    local title = request.form == "title"
    local text = connection.buffer
    if connection.at > 1 then
        text = sub(text, connection.at)
        connection.buffer, connection.at = text, 1
    end
    if sub(text, 1, 5) ~= "HTTP/" and (#text >= 5 or text ~= sub("HTTP/", 1, #text)) then
        if request.http09 and connection.interim == 0 then return "bare" end
        return nil, match(text, "^[^\r\n]*") ~= "" and match(sub(text, 1, 80), "^[^\r\n]*") or sub(text, 1, 5)
    end
    local length, status, reason, version, line, headers, ending, keep =
        parse_head(text, request.method, line_limit, block_limit, title)
    if length == nil then
        -- reads the rest line by line, so that each byte is scanned only once
        local err
        text, err = receiving.block(connection, limits)
        if not text then return nil, err end
        length, status, reason, version, line, headers, ending, keep =
            parse_head(text, request.method, line_limit, block_limit, title)
        if length == nil then return nil, "malformed response headers" end
    else
        connection.at = (length or 0) + 1
    end
    if not length then return nil, status end
    -- creates every field that is set later, because growing a table allocates it again
    return {
        status = status, reason = reason, version = version, line = line, headers = headers, ending = ending,
        keep = keep, raw = sub(text, #line + 1, length), connection = connection, socket = connection.sock,
        early = nil, left = nil, bodiless = nil, length = nil, reused = nil, ended = nil,
    }
end

---Receives the head of the final response. Returns it, or nil and a message. With `consent`, returns nil and
---"consent" when the server sends "100 Continue".
function incoming.receive_head(connection, limit, consent)
    while true do
        local ok, err = receiving.fill(connection, limit)
        if not ok then return nil, err end
        local head
        head, err = read_head(connection)
        if not head then return nil, err end
        if head == "bare" then return bare_answer(connection) end
        local status = head.status
        if status < 100 or status >= 200 or status == 101 then return new_answer(connection, head) end
        connection.interim = connection.interim + 1
        if connection.interim > MOST_INTERIM then return nil, "oversized" end
        if consent and status == 100 then return nil, "consent" end
        connection.begun = true
    end
end

-- The seconds in the server's Keep-Alive header.
local function keep_alive(headers)
    local value = headers and (headers["keep-alive"] or headers["Keep-Alive"])
    local seconds = value and tonumber(match(lower(value), "timeout%s*=%s*(%d+)"))
    return seconds and seconds - 1
end

-- Called at the end of the body: returns the connection to its pool, or closes it.
local function end_body(answer)
    local connection = answer.connection
    if answer.ended then return end
    answer.ended = true
    local pool, sock = connection.pool, connection.sock
    local kept = pool and answer.keep and not connection.unsent and connection.at > #connection.buffer
        and not sock:dirty()
    local age = kept and (answer.age and answer.age - 1 or keep_alive(answer.headers))
    if not kept or age and age <= 0 then
        sock:close()
        return
    end
    connection.request, connection.buffer, connection.at = nil, "", 1
    pools.put(pool, connection.key, connection, age or nil)
end

local function fail(answer, message)
    answer.ended, answer.failure = true, message
    answer.connection.sock:close()
    return nil, message
end

-- Adds the trailers to the response.
local function read_trailers(answer)
    local connection = answer.connection
    local text, err = receiving.block(connection, connection.request.limits, "HTTP/1.1 200")
    if not text then return nil, err end
    local length, problem = parse_head(text, "HEAD", huge, huge, false)
    if not length then return nil, problem end
    local list = {}
    for _, pair in ipairs(incoming.list(sub(text, 13))) do
        if parts.chunked().is_trailer(lower(pair[1])) then list[#list + 1] = pair end
    end
    if list[1] then answer.trailers = list end
    return true
end

-- Reads the line before the next chunk. Returns the chunk's size, or nil and a message.
local function next_chunk(answer)
    local connection = answer.connection
    local most = connection.request.limits.MAXHEADERLINE or huge
    local line, err
    if answer.begun then
        -- the line end after the previous chunk
        line, err = receiving.line(connection, most)
        if not line then return nil, err end
        if line ~= "" then return nil, "invalid chunk size" end
    end
    line, err = receiving.line(connection, most)
    if not line then return nil, err end
    local size = parts.chunked().size(line)
    if not size then return nil, "invalid chunk size" end
    answer.begun = true
    return size
end

-- The number of bytes that may be read now; 0 at the end; or nil and a message.
local function available(answer)
    if answer.ending ~= "chunked" or answer.left > 0 then return answer.left or huge end
    local size, err = next_chunk(answer)
    if not size then return nil, err end
    answer.left = size
    if size > 0 then return size end
    local ok
    ok, err = read_trailers(answer)
    if not ok then return nil, err end
    return 0
end

---Reads the next piece of the body.
---@param most? integer the most bytes; 65536
---@return string|nil piece nil at the end
---@return string|nil message nil at the end
function methods:read(most)
    if self.ended then return nil, self.failure end
    local text = self.text
    if text and text ~= "" then
        most = most or PIECE
        if #text > most then
            self.text = sub(text, most + 1)
            return (sub(text, 1, most))
        end
        self.text, self.left = nil, 0
        end_body(self)
        return text
    end
    if self.bodiless then
        end_body(self)
        return nil
    end
    local count, err = available(self)
    if not count then return fail(self, err) end
    if count == 0 then
        end_body(self)
        return nil
    end
    local piece
    most = most or PIECE
    piece, err = receiving.some(self.connection, count < most and count or most)
    if not piece then
        if err == "closed" and not self.ending and not truncated(self.connection.sock) then
            end_body(self)
            return nil
        end
        return fail(self, err)
    end
    if self.left then
        self.left = self.left - #piece
        -- a body with an announced end is complete, even if the connection fails afterwards
        if self.left == 0 and self.ending ~= "chunked" then end_body(self) end
    end
    return piece
end

---Reads the whole body.
---@param most? number the most bytes allowed
---@return string|nil body
---@return string|nil message "oversized" when the body has more
function methods:body(most)
    most = most or huge
    local length = self.left
    if self.bodiless then
        end_body(self)
        return ""
    end
    local text = self.text
    if text and not self.ended then
        if #text > most then return fail(self, "oversized") end
        self.text, self.left = nil, 0
        end_body(self)
        return text
    end
    if not self.ended and self.length and length == self.length then
        if length > most then return fail(self, "oversized") end
        if length <= AT_ONCE then
            local connection = self.connection
            local buffer, at = connection.buffer, connection.at
            local body, err
            if #buffer - at + 1 >= length then
                ---@cast at integer
                ---@cast length integer
                body = sub(buffer, at, at + length - 1)
                connection.at = at + length
            else
                body, err = receiving.exactly(connection, length)
                if not body then return fail(self, err) end
            end
            self.left = 0
            end_body(self)
            return body
        end
    end
    local pieces, n, size = {}, 0, 0
    while true do
        local piece, err = self:read()
        if not piece then
            if err then return nil, err end
            return concat(pieces)
        end
        n = n + 1
        pieces[n] = piece
        size = size + #piece
        if size > most then return fail(self, "oversized") end
    end
end

---An LTN12 source of the body.
---@return fun(): string|nil, string|nil
function methods:source()
    return function() return self:read() end
end

---Reads an unread rest of up to 64 KB within a second, so that the connection can be kept. Otherwise closes it.
function methods:finish()
    if self.ended then return end
    local connection = self.connection
    if not connection.pool or not self.keep or self.length and self.left > MOST_DRAINED then return self:close() end
    local request = connection.request
    local deadline = native.now() + DRAINING
    if request.deadline and request.deadline < deadline then deadline = request.deadline end
    connection.request = setmetatable({ deadline = deadline, timeouts = {} }, { __index = request })
    local size = 0
    while true do
        local piece = self:read()
        if not piece then return end
        size = size + #piece
        if size > MOST_DRAINED then return self:close() end
    end
end

---Closes the connection.
function methods:close()
    if self.ended then return end
    self.ended = true
    self.connection.sock:close()
end

---The fields of a block of header lines, in order.
---@param raw string
---@return table[] list `{name, value}` pairs
function incoming.list(raw)
    local list = {}
    if find(raw, "\n[ \t]") then raw = gsub(raw, "\r?\n[ \t]", "  ") end
    for line in gmatch(raw, "[^\r\n]+") do
        local name, value = match(line, "^([^:]+):[ \t]*(.*)$")
        if name then
            ---@cast value string
            local last = find(value, "[ \t]$") and #match(value, "^(.*[^ \t])") or #value
            list[#list + 1] = { name, sub(value, 1, last) }
        end
    end
    return list
end

---All values of a field in a block of header lines, in order.
---@param raw string
---@param name string in any case
---@return string[]
function incoming.values(raw, name)
    local values = {}
    name = lower(name)
    for _, pair in ipairs(incoming.list(raw)) do
        if lower(pair[1]) == name then values[#values + 1] = pair[2] end
    end
    return values
end

---The header fields in order, with their names as received.
---@return table[] list `{name, value}` pairs
function methods:list() return incoming.list(self.raw) end

---All values of a field, in order.
---@param name string in any case
---@return string[]
function methods:values(name) return incoming.values(self.raw, name) end

return incoming
