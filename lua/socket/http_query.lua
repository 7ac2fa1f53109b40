-- Makes query strings and forms from tables. Internal to HTTP.
local ipairs, next, pairs, tostring, type = ipairs, next, pairs, tostring, type
local byte, concat, format, gsub, sort = string.byte, table.concat, string.format, string.gsub, table.sort

local query = {}

local function hex(character) return format("%%%02X", byte(character)) end

-- Percent-encodes a value; nil when its type is not supported. With `plus`, writes a blank as `+`.
local function encoded(value, plus)
    local kind = type(value)
    if kind ~= "string" then
        if kind ~= "number" and kind ~= "boolean" then return nil end
        value = tostring(value)
    end
    value = gsub(value, "[^%w%-._~ ]", hex)
    return (gsub(value, " ", plus and "+" or "%%20"))
end

local function add(parts, name, value, plus)
    name = encoded(name, plus)
    if not name then return false end
    if type(value) ~= "table" then value = { value } end
    -- a table in it has no form in a query
    if value[1] == nil and next(value) ~= nil then return false end
    for _, one in ipairs(value) do
        one = encoded(one, plus)
        if not one then return false end
        parts[#parts + 1] = name .. "=" .. one
    end
    return true
end

---Makes a query string from a table: sorted by name, with a value or an array of values; or from an array of pairs,
---in order.
---@param fields table
---@param plus? boolean blanks become `+`, as in forms, instead of `%20`
---@return string|nil text
---@return string|nil message
function query.encode(fields, plus)
    local parts = {}
    if fields[1] ~= nil then
        for _, pair in ipairs(fields) do
            if type(pair) ~= "table" or not add(parts, pair[1], pair[2], plus) then return nil, "invalid query" end
        end
        return concat(parts, "&")
    end
    local names = {}
    for name in pairs(fields) do
        if type(name) ~= "string" then return nil, "invalid query" end
        names[#names + 1] = name
    end
    sort(names)
    for _, name in ipairs(names) do
        if not add(parts, name, fields[name], plus) then return nil, "invalid query" end
    end
    return concat(parts, "&")
end

return query
