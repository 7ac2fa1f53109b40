-- The request body of module `http`: text, source, file, form or multipart. Internal to HTTP.
local multipart = require("socket.http_multipart")
local query = require("socket.http_query")

local getmetatable, io, tostring, type = getmetatable, io, tostring, type
local sub = string.sub

-- Larger pieces of a file raise the peak of LuaJIT's memory, and save no time.
local PIECE = 32768
local NEED_LENGTH = { POST = true, PUT = true, PATCH = true }
local FORM = "application/x-www-form-urlencoded"

---@class socket.http.body
---@field text? string the whole body
---@field open? fun(): function makes a source of the body, from its start
---@field size? integer size of a source, when it is known
---@field once? boolean true when the body can be sent only once
---@field type? string content type
---@field close? fun() closes the files opened for the body

local body = {}

local function is_callable(value)
    if type(value) == "function" then return true end
    local metatable = getmetatable(value)
    return type(metatable) == "table" and metatable.__call ~= nil
end

local function of_file(file)
    local size, start = multipart.left(file)
    local function open()
        if start then file:seek("set", start) end
        local left = size
        return function()
            if left == 0 then return nil end
            local piece, err = file:read(left and left < PIECE and left or PIECE)
            if piece and left then left = left - #piece end
            return piece, err
        end
    end
    return { open = open, size = size, once = start == nil }
end

local function of_value(value)
    local kind = io.type(value)
    if kind == "file" then return of_file(value) end
    if kind then return nil, "invalid body (the file is closed)" end
    if type(value) == "string" or type(value) == "number" then return { text = tostring(value) } end
    if is_callable(value) then return { open = function() return value end, once = true } end
    return nil, "invalid body (a table needs form or multipart)"
end

local function of_form(form)
    local text, err = form, nil
    if type(form) == "table" then text, err = query.encode(form, true) end
    if type(text) ~= "string" then return nil, err or "invalid query" end
    return { text = text, type = FORM }
end

local function of_multipart(parts)
    if type(parts) ~= "table" then return nil, "invalid body (multipart needs a table)" end
    local made, err = multipart.new(parts)
    if not made then return nil, err end
    return {
        open = function() return made:open() end, size = made.size, once = made.once, type = made.type,
        close = function() made:close() end,
    }
end

---The body for the options of a request.
---@param method string
---@param options table
---@return socket.http.body|false|nil body false for a request without one
---@return string|nil message
function body.of(method, options)
    if options.body then return of_value(options.body) end
    if options.multipart ~= nil then return of_multipart(options.multipart) end
    if options.form ~= nil then return of_form(options.form) end
    return body.absent(method)
end

---The body of a request without one. Some methods send an empty body with Content-Length: 0.
---@param method string
---@return socket.http.body|false
function body.absent(method)
    return NEED_LENGTH[method] and { text = "" } or false
end

---A source of a text, in pieces.
---@param text string
---@return function
function body.pieces(text)
    local position = 1
    return function()
        local piece = sub(text, position, position + PIECE - 1)
        position = position + #piece
        if piece ~= "" then return piece end
    end
end

return body
