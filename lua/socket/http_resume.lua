-- Resumes a download at the end of a partial file: builds the request for the rest, and interprets its response
-- (RFC 9110, 14). Internal to HTTP.
local find, format, match, tonumber = string.find, string.format, string.match, tonumber

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

-- Whether a part belongs to other content than the file: some servers ignore If-Range (RFC 9110, 15.3.7).
local function has_changed(answer, validator)
    if not validator then return false end
    local current = answer:values(find(validator, '"', 1, true) and "etag" or "last-modified")[1]
    return current ~= nil and current ~= validator
end

---Interprets the response to such a request.
---@param answer table of socket.http_exchange
---@param size integer
---@param validator? string as in the request
---@return "append"|"restart"|"complete"|nil action
---@return string|nil message
function resume.decide(answer, size, validator)
    local status = answer.status
    local range = answer:values("content-range")[1] or ""
    if status == 206 then
        ---@type any, any, any
        local first, last, whole = match(range, "^bytes (%d+)%-(%d+)/([%d*]+)$")
        first, last, whole = tonumber(first), tonumber(last), tonumber(whole)
        if first ~= size or not last or last < first or whole and last ~= whole - 1 then
            return nil, "invalid content-range"
        end
        if has_changed(answer, validator) then return nil, "content has changed" end
        return "append"
    end
    if status == 416 then
        if tonumber(match(range, "^bytes %*/(%d+)$")) == size then return "complete" end
        return nil, "range not satisfiable"
    end
    return "restart"
end

return resume
