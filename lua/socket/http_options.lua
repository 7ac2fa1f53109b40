-- The options of the client in module `http`: their names and types, and merging a session's with a request's.
-- Internal to HTTP.
local error, ipairs, pairs, require, tostring, type = error, ipairs, pairs, require, tostring, type
local lower, sort = string.lower, table.sort

local options = {}

local NAMES = {}
for _, name in ipairs({
    "auth", "body", "cookies", "create", "decode", "downgrade", "file", "form", "headers", "jar", "maxbody", "multipart",
    "noproxy", "pool", "progress", "proxy", "query", "redirect", "resume", "retries", "retrywait", "sink", "stream",
    "timeout", "timeouts", "tls", "unix",
}) do NAMES[name] = true end

-- Fields of a request table besides the options. The last two are those of uv.http.
local FIELDS = { method = true, url = true, scheme = true, host = true, port = true, path = true, ip = true, fragment = true }

-- Required types of options where another type would be misinterpreted.
local TYPES = {
    auth = "table", cookies = "table", headers = "table", progress = "function", timeouts = "table", tls = "table",
    create = "function", unix = "string", sink = "function", noproxy = "table", pool = "pool", jar = "jar",
}

-- Whether a value of another Lua type is what an option needs.
local function fits(name, value, others)
    if name == "sink" then return type(value) ~= "string" and type(value) ~= "number" and type(value) ~= "boolean" end
    if name == "pool" then return value == true or require("socket.http_pool").is_pool(value) end
    -- a session makes its jar
    if name == "jar" then return others and others.base and value == true or require("socket.http_cookies").is_jar(value) end
    return false
end

local function check(given, others, level)
    for name, value in pairs(given) do
        if not NAMES[name] and not (others and others[name]) then
            error("invalid option '" .. tostring(name) .. "'", level + 1)
        end
        local expected = TYPES[name]
        if expected and value ~= false and type(value) ~= expected and not fits(name, value, others) then
            error("invalid option '" .. name .. "' (" .. expected .. " expected, got " .. type(value) .. ")", level + 1)
        end
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
