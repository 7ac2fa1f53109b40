-- Durations as numbers of seconds or as texts such as "1m30s". Internal to HTTP.
local tonumber, tostring, type = tonumber, tostring, type
local match, sub = string.match, string.sub

local SECONDS = {
    ns = 1e-9, us = 1e-6, ["\194\181s"] = 1e-6, ["\206\188s"] = 1e-6, ms = 1e-3, s = 1, m = 60, h = 3600,
}

local duration = {}

local function parse(text)
    local sign, rest = match(text, "^([+-]?)(.+)$")
    if not sign then return nil end
    if rest == "0" then return 0 end
    ---@type any
    local total = 0
    while rest ~= "" do
        ---@type any, any, any
        ---@cast rest string
        local number, unit, last = match(rest, "^(%d*%.?%d*)([a-z\194-\206\128-\191]+)()")
        -- a lone dot is not a number
        local seconds = SECONDS[unit]
        number = number and tonumber(number)
        if not number or not seconds then return nil end
        total = total + number * seconds
        ---@cast rest string
        rest = sub(rest, last)
    end
    return sign == "-" and -total or total
end

---Converts a duration to seconds.
---@param value number|string seconds, or numbers with units: "30s", "1h15m30.5s", "250ms"
---@return number|nil seconds
---@return string|nil message
function duration.seconds(value)
    if type(value) == "number" and value == value then return value end
    local seconds = type(value) == "string" and parse(value)
    if seconds then return seconds end
    return nil, "invalid duration '" .. tostring(value) .. "'"
end

return duration
