-- The functions of the client in module `http`. Internal to it.
local client = require("socket.http_client")
local composing = require("socket.http_composing")
local cookies = require("socket.http_cookies")
local date = require("socket.http_date")
local exchange = require("socket.http_exchange")
local options = require("socket.http_options")
local session = require("socket.http_session")
local target = require("socket.http_target")

local error, pairs, pcall, require, type = error, pairs, pcall, require, type
local upper = string.upper

---@class http.calls
local http = {}
---@diagnostic disable-next-line: inject-field
session.client = client

-- Fields of a request table that are not options.
local PARTS = { method = true, url = true, scheme = true, host = true, port = true, path = true, ip = true, fragment = true }

-- Makes a request from a request table. With `base`, a path is enough.
function session.of_table(given, request, base)
    local url = given.url or given.path or ""
    if not base or given.host ~= nil then
        local err
        url, err = target.build(given)
        if err then return nil, err, "request" end
    end
    local own = {}
    for name, value in pairs(given) do
        if not PARTS[name] then own[name] = value end
    end
    return request(given.method, url, own, true)
end

---Makes a request. Any status is a success; network errors are returned.
---@param method string|table|nil "GET" when nil; or a table with `method`, `url` or its parts, and options
---@param url? string
---@param given? table options
---@return http.response|nil response
---@return string|nil message
---@return string|nil phase `request`, `resolve`, `connect`, `proxy`, `tls`, `send`, `response`, `body`, `redirect`
---@return string|nil why reason of a refused certificate
function http.request(method, url, given)
    if type(method) == "table" then
        options.check_request(method, 2)
        return session.of_table(method, client.request)
    end
    if given ~= nil then options.check(given, 2, 3, "request") end
    return client.request(method, url, given)
end

local function of_method(name)
    local method = upper(name)
    return function(url, given)
        local is_light = given ~= nil and client.is_light(given)
        if given ~= nil and not is_light then options.check(given, 2, 2, name) end
        return client.request(method, url, given, nil, is_light)
    end
end

---@type fun(url: string, options?: table): http.response|nil, string|nil, string|nil, string|nil
http.get = of_method("get")
---@type fun(url: string, options?: table): http.response|nil, string|nil, string|nil, string|nil
http.post = of_method("post")
---@type fun(url: string, options?: table): http.response|nil, string|nil, string|nil, string|nil
http.put = of_method("put")
---@type fun(url: string, options?: table): http.response|nil, string|nil, string|nil, string|nil
http.delete = of_method("delete")
---@type fun(url: string, options?: table): http.response|nil, string|nil, string|nil, string|nil
http.head = of_method("head")
---@type fun(url: string, options?: table): http.response|nil, string|nil, string|nil, string|nil
http.patch = of_method("patch")
---@type fun(url: string, options?: table): http.response|nil, string|nil, string|nil, string|nil
http.options = of_method("options")

-- Runs the entries of a batch one after the other, for programs without tasks.
local function in_order(list, run)
    local results, errors
    results = {}
    for i = 1, #list do
        local result, err = run(list[i])
        results[i] = result
        if result == nil then
            errors = errors or {}
            errors[i] = err
        end
    end
    return results, errors
end

function session.batch(list, given, request)
    if type(list) ~= "table" then
        error("bad argument #1 to 'request_batch' (table expected, got " .. type(list) .. ")", 3)
    end
    local most = options.most(given, 3)
    local function run(entry)
        if type(entry) ~= "table" then return nil, "request must be a table" end
        if entry[1] == nil and entry[2] == nil and entry[3] == nil then return request(entry) end
        return request(entry[1], entry[2], entry[3])
    end
    local ok, tasks = pcall(require, "socket.tasks")
    if not ok then return in_order(list, run) end
    return tasks.map(list, most, run)
end

---Makes several requests concurrently.
---@param list table of entries `{method, url, options}` or request tables
---@param given? { most: integer } concurrent requests; 50
---@return table<integer, http.response> responses by position
---@return table<integer, string>|nil messages by position, when something failed
function http.request_batch(list, given) return session.batch(list, given, http.request) end

---Makes a session: requests that share a pool, a jar and defaults.
---@param given? table options of requests, `base`; `jar = true` for a new jar
---@return http.session
function http.session(given)
    if given ~= nil then
        if type(given) ~= "table" then
            error("bad argument #1 to 'session' (table expected, got " .. type(given) .. ")", 2)
        end
        options.check_session(given, 2)
    end
    return session.new(given)
end

---Makes a pool of connections.
---@type fun(options?: { idle?: integer, perhost?: integer, age?: number }): table
http.pool = exchange.pool

---Makes a cookie jar.
---@type fun(options?: { publicsuffix: string|false|nil }): http.jar|nil, string|nil
http.jar = cookies.jar

---Formats a Unix time as an HTTP date.
---@type fun(time?: number|integer): string
http.format_date = date.format

---Parses a date in one of HTTP's forms to a Unix time, or nil.
---@type fun(text: string): integer|nil
http.parse_date = date.parse

-- Adds the functions to the module's table. Its USERAGENT is the one used.
return function(module)
    composing.settings = module
    for name, value in pairs(http) do module[name] = value end
end
