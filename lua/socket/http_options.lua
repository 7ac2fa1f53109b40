-- The options of the client in module `http`: their names and types, and merging a session's with a request's.
-- Internal to HTTP.
local error, ipairs, pairs, require, tostring, type = error, ipairs, pairs, require, tostring, type
local lower, sort = string.lower, table.sort

local options = {
    -- The limits of the phases in seconds.
    TIMEOUTS = { resolve = 10, connect = 30, tls = 10, send = 60, first = 60, idle = 60 },
}

local NAMES = {}
for _, name in ipairs({
    "auth", "body", "cookies", "create", "decode", "downgrade", "file", "form", "headers", "jar", "maxbody", "multipart",
    "noproxy", "pool", "progress", "proxy", "query", "redirect", "resume", "retries", "retrywait", "sink", "stream",
    "timeout", "timeouts", "tls", "unix",
}) do NAMES[name] = true end

-- Fields of a request table besides the options. The last two are those of uv.http.
local FIELDS = { method = true, url = true, scheme = true, host = true, port = true, path = true, ip = true, fragment = true }

-- The types of options. false is allowed everywhere: it removes what a session has set.
local TYPES = {
    auth = "table", cookies = "table", create = "function", decode = "true, 'strict' or table", file = "string",
    form = "string or table", headers = "table", jar = "jar", maxbody = "number from 0", multipart = "table",
    noproxy = "table", pool = "pool", progress = "function", proxy = "string", query = "string or table",
    redirect = "true or number from 0", resume = "true or string", retries = "true or number from 0", sink = "function",
    timeouts = "table", tls = "table", unix = "string",
}

-- Whether a value is what an option needs, where its type is more than the name of a Lua type.
local FITS = {
    decode = function(value) return value == true or value == "strict" or type(value) == "table" end,
    form = function(value) return type(value) == "string" or type(value) == "table" end,
    -- a session makes its jar
    jar = function(value, others)
        return others and others.base and value == true or require("socket.http_cookies").is_jar(value)
    end,
    maxbody = function(value) return type(value) == "number" and value >= 0 end,
    pool = function(value) return value == true or require("socket.http_pool").is_pool(value) end,
    resume = function(value) return value == true or type(value) == "string" end,
    -- an object that can be called
    sink = function(value) return type(value) ~= "string" and type(value) ~= "number" and type(value) ~= "boolean" end,
}
FITS.query = FITS.form
function FITS.retries(value) return value == true or FITS.maxbody(value) end
FITS.redirect = FITS.retries

-- The value of an option as a message shows it.
local function shown(name, value)
    if name == "decode" and type(value) == "string" then return "'" .. value .. "'" end
    return type(value) == "number" and tostring(value) or type(value)
end

local function check_timeouts(limits, level)
    for name in pairs(limits) do
        if not options.TIMEOUTS[name] then error("invalid option 'timeouts." .. tostring(name) .. "'", level + 1) end
    end
end

local function check(given, others, level)
    for name, value in pairs(given) do
        if not NAMES[name] and not (others and others[name]) then
            error("invalid option '" .. tostring(name) .. "'", level + 1)
        end
        local expected = TYPES[name]
        local fits = FITS[name]
        if expected and value ~= false and not (fits and fits(value, others) or type(value) == expected) then
            error("invalid option '" .. name .. "' (" .. expected .. " expected, got " .. shown(name, value) .. ")", level + 1)
        end
        if name == "timeouts" and value then check_timeouts(value, level + 1) end
    end
end

---Raises an error for an invalid table of options.
---@param given any
---@param level integer level of the caller to blame in the error
---@param argument integer the argument's position
---@param name string the function's name
function options.check(given, level, argument, name)
    if type(given) ~= "table" then
        error("bad argument #" .. argument .. " to '" .. name .. "' (table expected, got " .. type(given) .. ")", level + 1)
    end
    check(given, nil, level + 1)
end

---The same for a request table.
---@param given table
---@param level integer
function options.check_request(given, level) check(given, FIELDS, level + 1) end

---The same for the options of a session.
---@param given table
---@param level integer
function options.check_session(given, level) check(given, { base = true }, level + 1) end

---The number of requests at once in the options of a batch; 50 by default.
---@param given any
---@param level integer
---@return number
function options.most(given, level)
    if given == nil then return 50 end
    if type(given) ~= "table" then
        error("bad argument #2 to 'request_batch' (table expected, got " .. type(given) .. ")", level + 1)
    end
    for name in pairs(given) do
        if name ~= "most" then error("invalid option '" .. tostring(name) .. "'", level + 1) end
    end
    local most = given.most or 50
    if type(most) ~= "number" or most ~= most or most < 1 then
        error("invalid option 'most' (number from 1 expected, got " .. shown("most", most) .. ")", level + 1)
    end
    return most
end

-- Converts headers from any of their forms to an array of names and values in turn.
---@param given table|nil
---@return table list
function options.header_list(given)
    local list = {}
    if not given then return list end
    local names = {}
    for name in pairs(given) do
        if type(name) == "string" then names[#names + 1] = name end
    end
    sort(names)
    for _, name in ipairs(names) do
        list[#list + 1] = name
        list[#list + 1] = given[name]
    end
    for _, pair in ipairs(given) do
        if type(pair) == "table" then
            list[#list + 1] = pair[1]
            list[#list + 1] = pair[2]
        else
            list[#list + 1] = pair
            list[#list + 1] = ""
        end
    end
    return list
end

local function merged_headers(defaults, own)
    local merged, replaced = {}, {}
    local mine = options.header_list(own)
    for i = 1, #mine, 2 do replaced[lower(tostring(mine[i]))] = true end
    local theirs = options.header_list(defaults)
    for i = 1, #theirs, 2 do
        if not replaced[lower(tostring(theirs[i]))] then merged[#merged + 1] = { theirs[i], theirs[i + 1] } end
    end
    for i = 1, #mine, 2 do merged[#merged + 1] = { mine[i], mine[i + 1] } end
    return merged
end

---The options of a request, with the session's as defaults.
---@param defaults table
---@param own? table
---@return table
function options.merge(defaults, own)
    if not own then return defaults end
    local merged = {}
    for name, value in pairs(defaults) do merged[name] = value end
    for name, value in pairs(own) do merged[name] = value end
    if own.headers and defaults.headers then merged.headers = merged_headers(defaults.headers, own.headers) end
    if own.cookies and defaults.cookies then
        local cookies = {}
        for name, value in pairs(defaults.cookies) do cookies[name] = value end
        for name, value in pairs(own.cookies) do cookies[name] = value end
        merged.cookies = cookies
    end
    -- any kind of body in the request replaces the session's body
    if own.body ~= nil or own.form ~= nil or own.multipart ~= nil then
        merged.body, merged.form, merged.multipart = own.body, own.form, own.multipart
    end
    return merged
end

return options
