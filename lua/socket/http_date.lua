-- HTTP dates. Internal to HTTP, which offers `format_date` and `parse_date`.
local native = require("socket.native")("socket_http_client")

local error, tonumber, type = error, tonumber, type

local date = {}

---Formats a Unix time as `Sun, 06 Nov 1994 08:49:37 GMT`. Raises a bad-argument error unless the year has four
---digits.
---@param time? number|integer default now; LuaJIT's 64-bit integers are accepted
---@return string
function date.format(time)
    if type(time) == "cdata" then time = tonumber(time) end
    if time ~= nil and type(time) ~= "number" then
        error("bad argument #1 to 'format_date' (number expected, got " .. type(time) .. ")", 2)
    end
    local text = native.format_date(time)
    if not text then error("bad argument #1 to 'format_date' (time out of range)", 2) end
    return text
end

---Parses a date in any of HTTP's three forms to a Unix time.
---@param text string
---@return integer|nil time
function date.parse(text)
    if type(text) ~= "string" then return nil end
    return native.parse_date(text)
end

return date
