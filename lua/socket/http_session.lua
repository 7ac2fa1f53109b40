-- Sessions of module `http`: requests that share a pool, a jar and defaults. Internal to HTTP.
local url = require("socket.url")
local cookies = require("socket.http_cookies")
local exchange = require("socket.http_exchange")
local options = require("socket.http_options")

local error, getmetatable, pairs, setmetatable, type = error, getmetatable, pairs, setmetatable, type
local find, upper = string.find, string.upper

local session = {}

---Requests that share a pool, a jar and defaults.
---@class http.session
---@field pool table|false
---@field jar http.jar|nil
---@field _base any
---@field _owns any
local methods = {}
local metatable = { __index = methods, __name = "http session" }

-- Raises for a method that was called with a dot.
local function check_self(self, name)
    if getmetatable(self) ~= metatable then
        error(("calling '%s' on bad self (use session:%s)"):format(name, name), 3)
    end
end

local function resolved(self, target)
    local base = self._base
    if not base or type(target) ~= "string" or find(target, "^%a[%w+.-]*:") then return target end
    return url.absolute(base, target)
end

local function request(self, method, target, given, own_query)
    return session.client.request(method, resolved(self, target), options.merge(self._defaults, given), own_query)
end

---Like `http.request`, with the session's defaults.
---@param method string|table|nil
---@param target? string URL; relative to `base`, if set
---@param given? table
---@return http.response|nil response
---@return string|nil message
---@return string|nil phase
---@return string|nil why
function methods:request(method, target, given)
    check_self(self, "request")
    if type(method) == "table" then
        options.check_request(method, 2)
        return session.of_table(method, function(...) return request(self, ...) end, self._base)
    end
    if given ~= nil then options.check(given, 2, 3, "request") end
    return request(self, method, target, given)
end

for _, name in pairs({ "get", "post", "put", "delete", "head", "patch", "options" }) do
    local method = upper(name)
    methods[name] = function(self, target, given)
        check_self(self, name)
        if given ~= nil then options.check(given, 2, 2, name) end
        return request(self, method, target, given)
    end
end

---Like `http.request_batch`.
---@param list table
---@param given? { most: integer }
---@return table<integer, http.response> responses
---@return table<integer, string>|nil messages
function methods:request_batch(list, given)
    check_self(self, "request_batch")
    return session.batch(list, given, function(...) return self:request(...) end)
end

---Closes the session's idle connections.
function methods:close()
    check_self(self, "close")
    if self.pool and self._owns then self.pool:close() end
end

---Makes a session.
---@param given? table options of requests, `base`; `jar = true` for a new jar
---@return http.session
function session.new(given)
    local defaults = {}
    for name, value in pairs(given or {}) do defaults[name] = value end
    local base = defaults.base
    defaults.base = nil
    if defaults.jar == true then defaults.jar = cookies.jar() end
    local owns = defaults.pool == nil or defaults.pool == true
    if owns then defaults.pool = exchange.pool() end
    return setmetatable({
        pool = defaults.pool, jar = defaults.jar or nil, _defaults = defaults, _base = base, _owns = owns,
    }, metatable)
end

return session
