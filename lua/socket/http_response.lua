-- The response of the client in module `http`. Internal to HTTP.
local ipairs, next, rawget, require, setmetatable, tostring, type =
    ipairs, next, rawget, require, setmetatable, tostring, type
local gsub, lower, match, upper = string.gsub, string.lower, string.match, string.upper

local http_pairs = require("socket.http_pairs")
local incoming = require("socket.http_incoming_answer")
local reading = require("socket.http_reading")
local first_values = require("socket.native")("socket_http").first_values

local response = {}

-- Converts a name in any case to Title-Case, such as `Content-Type`.
local function title_case(name)
    return (gsub(gsub(lower(name), "^%l", upper), "%-%l", upper))
end

response.title_case = title_case

-- Finds a header by its name in any case.
local headers_metatable = {
    __index = function(headers, name)
        if type(name) ~= "string" then return nil end
        return rawget(headers, title_case(name))
    end,
}

---@class http.response
---@field status integer
---@field status_code integer same as `status`
---@field ok boolean whether the status is 200 to 299
---@field reason string
---@field version string such as "1.1"
---@field headers table<string, string> first value by Title-Case name; a lookup ignores case
---@field header_list string[][] pairs of name and value, as received
---@field body? string nil with `sink` and `stream`
---@field body_size integer bytes after decoding
---@field cookies table<string, string> the cookies that this response sets
---@field url string last requested URL, without user, password and fragment
---@field history { status: integer, url: string, headers: table<string, string> }[] followed redirects
---@field _streams any
---@field _raw any
---@field _source any
---@field _reader any
local methods = {}

-- Fields that are computed on first access.
local made = {
    headers = function(self) return setmetatable(first_values(self._raw), headers_metatable) end,
    header_list = function(self) return incoming.list(self._raw) end,
    history = function() return {} end,
    cookies = function(self)
        local found = {}
        for _, value in ipairs(incoming.values(self._raw, "set-cookie")) do
            local name, text = http_pairs.split(match(value, "^[^;]*") --[[@as string]])
            if name then found[name] = text end
        end
        return found
    end,
}

local metatable = {
    __index = function(self, name)
        local method = methods[name]
        if method then return method end
        local make = made[name]
        if not make then return nil end
        local value = make(self)
        self[name] = value
        return value
    end,
    -- the headers are among the fields that `pairs` returns
    __pairs = function(self)
        local _ = self.headers
        return next, self, nil
    end,
    __tostring = function(self) return "http response: " .. tostring(self.status) .. " " .. self.url end,
    __name = "http response",
}

---The first value of a header.
---@param name string in any case
---@return string|nil value
function methods:header(name) return self.headers[name] end

---All values of a header, in order.
---@param name string in any case
---@return string[] values
function methods:values(name) return incoming.values(self._raw, name) end

local function closed() return nil, "closed" end

-- A body that was received whole, as one piece.
local function one_piece(body)
    return function()
        local piece = body
        body = ""
        return piece ~= "" and piece or nil
    end
end

-- The reader of the body.
local function reader_of(self)
    local reader = rawget(self, "_reader")
    if not reader then
        local source, body = rawget(self, "_source"), rawget(self, "body")
        reader = reading.new(source or body and one_piece(body) or closed)
        self._reader = reader
    end
    return reader
end

---An LTN12 source of the body, or of its rest. With `stream`, pieces come as they arrive.
---@return fun(): string|nil, string|nil
function methods:source()
    return function() return reader_of(self):piece() end
end

---Reads the body. With `stream`, it waits for the bytes.
---@param what? integer|string number of bytes, fewer only at the end; `"*l"`, a line; `"*a"`, all; nil: available bytes
---@return string|nil data nil at the end
---@return string|nil message
function methods:read(what)
    reading.check(what)
    return reader_of(self):read(what)
end

---With `stream`: returns the connection to the pool when the body was read to its end; otherwise closes it.
function methods:close()
    self._source, self._reader = closed, nil
    local answer = rawget(self, "_answer")
    if self._streams and answer then answer:close() end
end

---Makes a response.
---@param answer table of socket.http_exchange
---@param url string
---@return http.response
function response.new(answer, url)
    local status = answer.status
    return setmetatable({
        status = status, status_code = status, ok = status >= 200 and status < 300, reason = answer.reason,
        version = answer.version, headers = setmetatable(answer.headers, headers_metatable), url = url,
        body_size = 0, _raw = answer.raw, _answer = answer,
    }, metatable)
end

---Makes a response whose body came with its head. The headers are parsed at their first use.
---@param request socket.http.exchange.request with its `url`
---@param status integer
---@param reason string
---@param version string
---@param raw string the header lines
---@param body string
---@return http.response
function response.whole(request, status, reason, version, raw, body)
    return setmetatable({
        status = status, status_code = status, ok = status >= 200 and status < 300, reason = reason, version = version,
        url = request.url, body = body, body_size = #body, _raw = raw, headers = nil,
    }, metatable)
end

-- Gives a response's table of headers a lookup that ignores case.
function response.headers(headers) return setmetatable(headers, headers_metatable) end

return response
