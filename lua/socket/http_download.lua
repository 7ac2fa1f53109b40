-- Writes responses of module `http` to a file, and can resume a partial file. Internal to HTTP.
local multipart = require("socket.http_multipart")

local io, require, tostring, type = io, require, tostring, type
local gsub, match = string.gsub, string.match

local download = {}

-- Checks and stores the options. Returns true, or nil and a message.
function download.take(call, given)
    local name = given.file
    if not name then return true end
    local resume = given.resume
    if not resume then return true end
    call.resumes, call.file_size = true, 0
    local file = io.open(name, "rb")
    if file then
        call.file_size = multipart.left(file) or 0
        file:close()
    end
    if call.file_size > 0 then
        call.validator = type(resume) == "string" and resume or nil
        local fields = require("socket.http_resume").request(call.file_size, call.validator)
        for i = 1, #call.fields do fields[#fields + 1] = call.fields[i] end
        call.fields = fields
    end
    return true
end

-- The mode of `io.open` for the file of a response; false when the file is complete or the body does not belong in
-- it; or nil and a message.
local function mode_for(call, answer)
    -- a response to HEAD, and a 204, say nothing about the file's content
    if answer.bodiless then return false end
    if call.file_size and call.file_size > 0 then
        local action, err = require("socket.http_resume").decide(answer, call.file_size, call.validator)
        if not action then return nil, err end
        if action == "append" then return "ab" end
        if action == "complete" then return false end
    end
    return "wb"
end

---The sink for a response.
---@return function|false|nil sink false when the file stays unchanged; nil and a message
---@return string|nil message
function download.sink(call, answer)
    local name = call.options.file
    ---@type any, string?
    local mode, err = mode_for(call, answer)
    ---@diagnostic disable-next-line: return-type-mismatch
    if not mode then return mode, err end
    local file
    file, err = io.open(name, mode)
    if not file then
        return nil, "cannot open '" .. name .. "': " .. (match(err, "^" .. gsub(name, "%p", "%%%0") .. ": (.*)$") or err)
    end
    return function(piece, problem)
        if piece then
            local ok, message = file:write(piece)
            if ok then return 1 end
            file:close()
            return nil, message
        end
        local closed, message = file:close()
        if problem or closed then return 1 end
        return nil, tostring(message)
    end
end

return download
