-- Prints the results of a call so that two runs can be compared byte for byte: every value, the number of values, the
-- number subtype, quoted strings, sorted tables.
local show = {}

local value

-- Whether 1 and 1.0 print the same.
local without_subtype = false

local function order(a, b)
    local ta, tb = type(a), type(b)
    if ta ~= tb then return ta < tb end
    if ta == "number" or ta == "string" then return a < b end
    return tostring(a) < tostring(b)
end

local function contents(t, depth)
    local keys = {}
    for k in pairs(t) do keys[#keys + 1] = k end
    table.sort(keys, order)
    local parts = {}
    for i, k in ipairs(keys) do
        local key = type(k) == "string" and k:match("^[%a_][%w_]*$") or "[" .. value(k, depth) .. "]"
        parts[i] = key .. "=" .. value(t[k], depth + 1)
    end
    return "{" .. table.concat(parts, ", ") .. "}"
end

local function quoted(s)
    if #s > 200 then
        local sum = 0
        for i = 1, #s do sum = (sum * 31 + s:byte(i)) % 1000000007 end
        return ("<%d bytes, sum %d>"):format(#s, sum)
    end
    return '"' .. s:gsub('[%c"\\\127-\255]', function(c) return ("\\%03d"):format(c:byte()) end) .. '"'
end

function value(v, depth)
    local kind = type(v)
    if kind == "string" then return quoted(v) end
    if kind == "table" then
        if depth > 6 then return "{...}" end
        return contents(v, depth)
    end
    if kind == "number" and without_subtype and v % 1 == 0 and math.abs(v) < 2 ^ 53 then return ("%d"):format(v) end
    if kind == "function" or kind == "thread" then return kind end
    if kind == "userdata" then return (tostring(v):gsub(": .*", "")) end
    return tostring(v)
end

local function line(label, count, values)
    local parts = {}
    for i = 1, count do parts[i] = value(values[i], 0) end
    print(label .. ": " .. (count == 0 and "(no values)" or table.concat(parts, ", ")))
end

-- Removes the position prefix of a message that Lua code raised.
function show.without_position(message)
    if type(message) ~= "string" then return message end
    return (message:gsub("^[^\n]-%.lua:%d+: ", ""):gsub("^%[string [^\n]-%]:%d+: ", ""):gsub("^%(command line%):%d+: ", ""))
end

-- show("label", f(...)): prints the call's results.
setmetatable(show, { __call = function(_, label, ...) line(label, select("#", ...), { ... }) end })

local function outcome(label, ok, ...)
    if ok then return line(label, select("#", ...), { ... }) end
    print(label .. " raises: " .. value(show.without_position((...)), 0))
end

-- show.raise("label", f, ...): calls f and prints its results or the error.
function show.raise(label, f, ...)
    return outcome(label, pcall(f, ...))
end

-- The text of one value, as printed by show.
function show.text(v) return value(v, 0) end

-- The same, without number subtypes.
function show.plain(v)
    without_subtype = true
    local text = value(v, 0)
    without_subtype = false
    return text
end

return show
