-- The key of a connection in a pool: its origin, its proxy and its TLS parameters. Internal to HTTP.
local getmetatable, next, pairs, require, setmetatable, tostring, type =
    getmetatable, next, pairs, require, setmetatable, tostring, type
local concat, lower, sort = table.concat, string.lower, table.sort

-- A number for each function. Numbers are never reused. Addresses are, after a garbage collection.
local numbers, last_number = setmetatable({}, { __mode = "k" }), 0

local function number_of(value)
    if not numbers[value] then
        last_number = last_number + 1
        numbers[value] = last_number
    end
    return "#" .. numbers[value]
end

local DEEPEST = 3

-- A parameter's value as text: tables by their content, functions by their identity.
local function value_key(value, depth)
    local kind = type(value)
    if kind == "table" and depth <= DEEPEST then
        local values = {}
        for i = 1, #value do values[i] = value_key(value[i], depth + 1) end
        for key, inner in pairs(value) do
            if type(key) ~= "number" then values[#values + 1] = tostring(key) .. "=" .. value_key(inner, depth + 1) end
        end
        return "{" .. concat(values, "\1") .. "}"
    end
    if kind == "string" or kind == "number" or kind == "boolean" then return tostring(value) end
    return number_of(value)
end

-- Names and values of TLS parameters as one text.
local function tls_text(parameters)
    local parts = {}
    for name, value in pairs(parameters) do parts[#parts + 1] = tostring(name) .. "\1" .. value_key(value, 1) end
    sort(parts)
    return concat(parts, "\2")
end

-- Remembers the fields of a table, to notice a change. Tables in it are remembered by their content.
local function snapshot(fields, depth)
    local values, count = {}, 0
    for name, value in pairs(fields) do
        count = count + 1
        if type(value) == "table" and depth < DEEPEST then value = snapshot(value, depth + 1) end
        values[name] = value
    end
    return { values = values, count = count }
end

local function is_unchanged(fields, seen, depth)
    local values, count = seen.values, 0
    for name, value in next, fields do
        count = count + 1
        local before = values[name]
        if before ~= value then
            if type(value) ~= "table" or type(before) ~= "table" or depth >= DEEPEST then return false end
            if not is_unchanged(value, before, depth + 1) then return false end
        end
    end
    return count == seen.count
end

-- The keys of TLS parameters by the user's table, with a copy of its fields. Making a key costs more than a request.
local tls_keys = setmetatable({}, { __mode = "k" })
local NO_TLS = {}
local MOST_ORIGINS = 100
---@type any
local https

-- Whether the cached key still applies to this table. The table may be a different one with the same content.
local function applies(known, given, defaults)
    return known.verify == https.VERIFY and (defaults == NO_TLS and known.defaults.count == 0
        or is_unchanged(defaults, known.defaults, 1)) and is_unchanged(given, known.given, 1)
end

-- The parameters used last, kept weakly. Many programs make a new table for each request.
local last_tls = setmetatable({}, { __mode = "v" })

-- The key of an origin with TLS parameters.
local function secure_key(origin, given)
    given = given or NO_TLS
    https = https or require("socket.https_settings")
    local defaults = https.cfg or NO_TLS
    -- a change of inherited fields cannot be noticed
    if getmetatable(given) or getmetatable(defaults) then
        return origin .. "\0" .. tls_text(require("socket.https_connection")().parameters(given))
    end
    local known = tls_keys[given] or last_tls.known
    if not known or not applies(known, given, defaults) then
        known = {
            text = tls_text(require("socket.https_connection")().parameters(given)), verify = https.VERIFY, keys = {}, count = 0,
            defaults = snapshot(defaults, 1), given = snapshot(given, 1),
        }
        tls_keys[given] = known
    end
    if last_tls.known ~= known then last_tls.known = known end
    local key = known.keys[origin]
    if not key then
        if known.count >= MOST_ORIGINS then known.keys, known.count = {}, 0 end
        key = origin .. "\0" .. known.text
        known.keys[origin], known.count = key, known.count + 1
    end
    return key
end

-- The key of an origin. The last one is cached: many requests in a row go to one origin.
local last_scheme, last_host, last_port, last_key
local function origin_key(scheme, host, port)
    if scheme == last_scheme and host == last_host and port == last_port then return last_key end
    last_scheme, last_host, last_port = scheme, host, port
    last_key = scheme .. "\0" .. lower(host) .. "\0" .. port
    return last_key
end

---The pool key of a request: connections with the same key are interchangeable.
---@param request socket.http.exchange.request
---@return string key
return function(request)
    local key = origin_key(request.scheme, request.host, request.port)
    local proxy = request.proxy
    if proxy then
        key = concat({ key, proxy.scheme, proxy.host, proxy.port, proxy.user or "\1", proxy.password or "\1" }, "\0")
    end
    if request.unix then key = key .. "\0unix " .. request.unix end
    if request.scheme == "https" then
        key = secure_key(key, request.tls)
    end
    return key
end
