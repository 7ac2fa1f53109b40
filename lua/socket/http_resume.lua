-- Resumes a download at the end of a partial file: builds the request for the rest, and interprets its response
-- (RFC 9110, 14). Internal to HTTP.
local format, match, tonumber = string.format, string.match, tonumber

local resume = {}

---The header fields of a request for the bytes after the first `size`.
---@param size integer
---@param validator? string ETag or date of the partial file; if it has changed, the server sends the whole file
---@return string[] fields names and values in turn
function resume.request(size, validator)
    ---@type string[]
    local fields = { "Range", format("bytes=%.0f-", size) }
    if validator then fields[3], fields[4] = "If-Range", validator end
    return fields
end

---Interprets the response to such a request.
---@param answer table of socket.http_exchange
---@param size integer
---@return "append"|"restart"|"complete"|nil action
---@return string|nil message
function resume.decide(answer, size)
    local status = answer.status
    local range = answer:values("content-range")[1] or ""
    if status == 206 then
        ---@type any, any, any
        local first, last, whole = match(range, "^bytes (%d+)%-(%d+)/([%d*]+)$")
        first, last, whole = tonumber(first), tonumber(last), tonumber(whole)
        if first == size and last and last >= first and not (whole and last ~= whole - 1) then return "append" end
        return nil, "invalid content-range"
    end
    if status == 416 then
        if tonumber(match(range, "^bytes %*/(%d+)$")) == size then return "complete" end
        return nil, "range not satisfiable"
    end
    return "restart"
end

return resume
