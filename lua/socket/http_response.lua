-- The response of the client in module `http`. Internal to HTTP.
local ipairs, next, rawget, require, setmetatable, tostring, type =
    ipairs, next, rawget, require, setmetatable, tostring, type
local concat, gsub, lower, match, sub, upper =
    table.concat, string.gsub, string.lower, string.match, string.sub, string.upper

local http_pairs = require("socket.http_pairs")
local incoming = require("socket.http_incoming_answer")
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

---With `stream`: an LTN12 source of the body.
---@return fun(): string|nil, string|nil
function methods:source()
    return self._source or function() return nil, "closed" end
end

---With `stream`: the available bytes of the body, at least one; or exactly `n` bytes, fewer only at the end.
---@param n? integer
---@return string|nil piece nil at the end
---@return string|nil message
function methods:read(n)
    local source = self:source()
    local rest, at = self._rest, self._at
    if not n then
        self._rest = nil
        if rest then return (sub(rest, at)) end
        return source()
    end
    if n < 1 then return "" end
    if rest and #rest - at >= n then
        self._at = at + n
        return (sub(rest, at, at + n - 1))
    end
    ---@type any, any
    local pieces, size = {}, 0
    if rest then pieces[1], size = sub(rest, at), #rest - at + 1 end
    self._rest = nil
    while size < n do
        local piece, err = source()
        if not piece then
            if err then return nil, err end
            break
        end
        pieces[#pieces + 1] = piece
        size = size + #piece
    end
    if size == 0 then return nil end
    local all = concat(pieces)
    if size > n then
        self._rest, self._at = sub(all, n + 1), 1
        all = sub(all, 1, n)
    end
    return all
end

---With `stream`: returns the connection to the pool when the body was read to its end; otherwise closes it.
function methods:close()
    self._source, self._rest = nil, nil
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
