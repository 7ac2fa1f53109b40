-- multipart/form-data bodies (RFC 7578), sent piece by piece. Internal to HTTP.
local native = require("socket.native")("socket_http_client")

local io, ipairs, next, pairs, setmetatable, tostring, type =
    io, ipairs, next, pairs, setmetatable, tostring, type
local byte, find, format, gsub, match, sort =
    string.byte, string.find, string.format, string.gsub, string.match, table.sort

-- Larger pieces of a file raise the peak of LuaJIT's memory, and save no time.
local PIECE = 32768

local multipart = {}

local function hex(character) return format("%%%02X", byte(character)) end

-- A quoted name, escaped as browsers do.
local function quoted(name) return '"' .. gsub(tostring(name), '["\r\n]', hex) .. '"' end

-- The head of a part; or nil and a message.
local function head(part, boundary, filename)
    local text = "--" .. boundary .. "\r\nContent-Disposition: form-data; name=" .. quoted(part.name)
    if filename then text = text .. "; filename=" .. quoted(filename) end
    local kind = part.type or filename and "application/octet-stream"
    if kind then
        if type(kind) ~= "string" or find(kind, "[%c]") then return nil, "invalid header 'Content-Type'" end
        text = text .. "\r\nContent-Type: " .. kind
    end
    return text .. "\r\n\r\n"
end

-- The number of bytes left in an open file, or nil when it is unknown.
function multipart.left(file)
    local start = file:seek()
    local last = start and file:seek("end")
    if not last then return nil end
    file:seek("set", start)
    return last - start, start
end

---Opens a file for reading.
---@param name string
---@return file|nil file
---@return string|nil message
function multipart.open(name)
    local file, err = io.open(name, "rb")
    -- a folder can be opened, but not read
    local ok, problem
    if file then ok, problem = file:read(0) end
    if file and (ok or not problem) then return file end
    if file then file:close() end
    local text = err or problem
    return nil, "cannot open '" .. name .. "': " .. (match(text, "^" .. gsub(name, "%p", "%%%0") .. ": (.*)$") or text)
end

local function parts_of(given)
    if given[1] ~= nil or next(given) == nil then return given end
    local names, parts = {}, {}
    for name in pairs(given) do names[#names + 1] = name end
    sort(names, function(a, b) return tostring(a) < tostring(b) end)
    for i, name in ipairs(names) do parts[i] = { name = name, value = given[name] } end
    return parts
end

-- Adds the content of one part to `body`: a text, a file or a source. Returns nil and a message on failure.
local function add(body, part)
    if type(part) ~= "table" or part.name == nil then return nil, "invalid body (a part needs a name)" end
    local filename = part.filename
    local content, size, start
    if part.file ~= nil then
        if type(part.file) == "string" then
            local err
            content, err = multipart.open(part.file)
            if not content then return nil, err end
            body.opened[#body.opened + 1] = content
            filename = filename or match(part.file, "([^/\\]*)$")
        else
            content = part.file
            if io.type(content) ~= "file" then return nil, "invalid body (a file must be open)" end
            filename = filename or "file"
        end
        size, start = multipart.left(content)
    elseif part.source ~= nil then
        content = part.source
        body.once = true
    else
        content = part.value
        if type(content) ~= "string" and type(content) ~= "number" then
            return nil, "invalid body (a part needs value, file or source)"
        end
        content = tostring(content)
        size = #content
    end
    local text, err = head(part, body.boundary, filename)
    if not text then return nil, err end
    body.segments[#body.segments + 1] = text
    body.segments[#body.segments + 1] = content
    body.segments[#body.segments + 1] = "\r\n"
    body.starts[content] = start
    body.size = body.size and size and body.size + #text + size + 2
    return true
end

---A multipart body.
---@class socket.http.multipart
---@field type string its content type
---@field size? integer bytes, when the size is known
---@field once boolean true when the body can be sent only once
---@field source fun(): string|nil, string|nil
---@field starts any
---@field segments any
local methods = {}
methods.__index = methods

-- Closes the files that this module opened.
function methods:close()
    for _, file in ipairs(self.opened) do file:close() end
    self.opened = {}
end

-- An LTN12 source of the whole body, from its start.
function methods:open()
    for content, start in pairs(self.starts) do content:seek("set", start) end
    local position, left = 1, nil
    local segments, opened = self.segments, self.starts
    return function()
        while true do
            local segment = segments[position]
            if segment == nil then return nil end
            if type(segment) == "string" then
                position = position + 1
                if segment ~= "" then return segment end
            elseif io.type(segment) then
                -- when a file grows during sending, the body must not exceed its announced length
                if left == nil and opened[segment] then
                    -- one file may be in several parts
                    segment:seek("set", opened[segment])
                    left = multipart.left(segment)
                end
                local piece, err
                if left ~= 0 then piece, err = segment:read(left and left < PIECE and left or PIECE) end
                if piece then
                    if left then left = left - #piece end
                    return piece
                end
                if err then return nil, err end
                position, left = position + 1, nil
            else
                local piece, err = segment()
                if err then return nil, err end
                if piece ~= nil then return piece end
                position = position + 1
            end
        end
    end
end

---Makes a body from parts. Opens the named files.
---@param given table array of parts, or name to text
---@return socket.http.multipart|nil body
---@return string|nil message
function multipart.new(given)
    local boundary = native.boundary()
    local body = setmetatable({
        boundary = boundary, type = "multipart/form-data; boundary=" .. boundary, segments = {}, opened = {}, starts = {},
        size = 0, once = false,
    }, methods)
    for _, part in ipairs(parts_of(given)) do
        local ok, err = add(body, part)
        if not ok then
            body:close()
            return nil, err
        end
    end
    local last = "--" .. boundary .. "--\r\n"
    body.segments[#body.segments + 1] = last
    body.size = body.size and body.size + #last
    return body
end

return multipart
