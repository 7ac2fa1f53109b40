-- `name=value` in the values of header fields. Each byte is read a bounded number of times, for any input. Internal
-- to HTTP.
local find, match, sub = string.find, string.match, string.sub

local http_pairs = {}

---Removes the blanks around a text.
---@param text string
---@return string
function http_pairs.trim(text)
    local first = find(text, "%S")
    return first and match(text, "^.*%S", first) or ""
end

local trim = http_pairs.trim

---The two sides of the first `=`, without blanks around them.
---@param text string
---@return string|nil name nil when there is no `=`
---@return string|nil value
function http_pairs.split(text)
    local at = find(text, "=", 1, true)
    if not at then return nil end
    return trim(sub(text, 1, at - 1)), trim(sub(text, at + 1))
end

return http_pairs
