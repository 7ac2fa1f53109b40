-- Sends the response that a handler returned. Internal to socket.http_server.
local socket = require("socket")
local native = require("socket.http_server_leaves")
local writers = require("socket.http_writer")

local announcement, declared_length = writers.announcement, writers.declared_length
local error, getmetatable, pcall, tostring, type = error, getmetatable, pcall, tostring, type
local io_type = io and io.type or function() end

local answer = {}

-- Bytes of one piece of a file when there is no sendfile; and the largest file that is sent in one write with its
-- head.
local PIECE = 65536
local SMALL = 65536

local function broken(connection, message)
    connection.keep = false
    connection.broken = message
    return nil, message
end

-- Sends the head and a string body. Returns true; nil and a message when the connection broke; false and a message
-- when a header is invalid.
local function send_string(connection, request, status, headers, length, body)
    local settings = connection.settings
    local ok, closes = connection.leaves.respond(connection.sock, settings.progresstime, status, headers, length,
        announcement(connection, request), settings.server_name, body)
    if ok then
        if closes then connection.keep = false end
        if body then connection.bytes = #body end
        return true
    end
    if ok == false then return false, ("invalid header '%s'"):format(tostring(closes)) end
    return broken(connection, closes)
end

-- Pumps a source through a writer.
local function send_source(connection, request, status, headers, source)
    local writer = writers.new(connection, request)
    ---@type any, any
    local ok, message = pcall(writer.start, writer, status, headers)
    if not ok then return false, message end
    if request.method == "HEAD" or writer.mode == "none" then return writer:finish() end
    while true do
        local called, data, problem = pcall(source)
        if called and data and type(data) ~= "string" and type(data) ~= "number" then
            called, data = false, ("invalid answer (body: a source of %s)"):format(type(data))
        end
        if not called or not data and problem then
            connection.server:report(called and problem or data, nil, request)
            if not called and not writer.sent then
                -- an error response follows: what the writer has collected must never be sent
                writer.finished = true
                return false
            end
            connection.cut = true
            return broken(connection, tostring(problem or data))
        end
        if not data then
            ok, message = writer:finish()
            if not ok then return nil, message end
            return true
        end
        ok, message = writer:write(data)
        if not ok then return nil, message end
        if data == "" then
            -- a source may wait with empty pieces: others run meanwhile, and the server may stop
            local _, stopped = socket.sleep(0)
            if stopped then
                connection.cut = true
                return broken(connection, stopped)
            end
        end
        if writer.exceeded then return writer:finish() end
    end
end

-- Reads and sends a file, for systems without sendfile.
local function copy_file(connection, file, length)
    local leaves, sock, seconds = connection.leaves, connection.sock, connection.settings.progresstime
    local offset = 0
    while offset < length do
        local data, message = file:read(offset, PIECE)
        if not data then return nil, message end
        local ok
        ok, message = leaves.send(sock, data, seconds)
        if not ok then return nil, message end
        offset = offset + #data
    end
    return true
end

local function send_file(connection, request, status, headers, file)
    local length = file:length()
    local leaves, settings = connection.leaves, connection.settings
    if length <= SMALL then
        local data = ""
        while #data < length do
            local piece, problem = file:read(#data, length - #data)
            if not piece then
                connection.server:report(problem, nil, request)
                return false
            end
            data = data .. piece
        end
        return send_string(connection, request, status, headers, length, data)
    end
    local head, closes = native.compose(nil, nil, status, headers, length, announcement(connection, request),
        settings.server_name)
    if not head then return false, ("invalid header '%s'"):format(tostring(closes)) end
    if closes then connection.keep = false end
    local ok, message = leaves.send(connection.sock, head, settings.progresstime)
    if ok and leaves.sendfile then
        ok, message = leaves.sendfile(connection.sock, file, settings.progresstime)
    elseif ok then
        ok, message = copy_file(connection, file, length)
    end
    if ok then
        connection.bytes = length
        return true
    end
    connection.cut = true
    if message == "file ended" then connection.server:report("file became shorter while it was sent", nil, request) end
    return broken(connection, message)
end

-- The rest of a seekable Lua file; nil when it is not seekable, or has no size, such as a folder.
local function take_over(file)
    local position = file:seek("cur")
    local stop = position and file:seek("end")
    if not stop or stop >= 2 ^ 53 then return nil end
    file:seek("set", position)
    return native.file(file, position, stop > position and stop - position or 0)
end

-- A source of the rest of a Lua file that is not seekable, such as a pipe.
local function file_source(file)
    return function()
        local data, message = file:read(PIECE)
        if message then error(message, 0) end
        return data
    end
end

local function is_callable(value)
    local metatable = getmetatable(value)
    return type(value) == "function" or type(metatable) == "table" and metatable.__call ~= nil
end

local function without_body(status, method)
    return method == "HEAD" or status == 204 or status == 205 or status == 304
end

-- The Content-Length of a body that is not sent.
local function told_length(status, length)
    if status == 204 then return nil end
    if status == 205 then return 0 end
    return length
end

---Sends a response. Returns true; nil and a message when the connection broke; false when the handler is at fault,
---with a message unless the error was reported already.
function answer.send(connection, request, given)
    local status, body = given.status, given.body
    if status == nil then
        status = 200
    elseif type(status) ~= "number" or status % 1 ~= 0 or status < 200 or status > 599 then
        return false, ("invalid answer (status %s)"):format(tostring(status))
    end
    connection.status = status
    connection.answering = true
    local headers = given.headers
    if headers ~= nil and type(headers) ~= "table" then
        return false, ("invalid answer (headers: %s)"):format(type(headers))
    end
    local method, kind = request.method, type(body)
    if kind == "number" then body, kind = tostring(body), "string" end
    if kind == "string" then
        if without_body(status, method) then
            return send_string(connection, request, status, headers, told_length(status, #body))
        end
        return send_string(connection, request, status, headers, #body, body)
    elseif kind == "nil" then
        ---@type any
        local length = 0
        if status == 204 or status == 304 then length = nil end
        if status == 304 or method == "HEAD" and status ~= 204 and status ~= 205 then
            -- the handler may know the length of a body that it did not make: GET would send it
            length = declared_length(headers) or length
        end
        return send_string(connection, request, status, headers, length)
    end
    local file, open
    if native.isfile(body) then
        file = body
    elseif io_type(body) == "file" then
        file = take_over(body)
        if file then body:close() else open = body end
    elseif not is_callable(body) then
        return false, ("invalid answer (body: %s)"):format(io_type(body) or kind)
    end
    local ok, message
    if file then
        if without_body(status, method) then
            ok, message = send_string(connection, request, status, headers, told_length(status, file:length()))
        else
            ok, message = send_file(connection, request, status, headers, file)
        end
        file:close()
        return ok, message
    end
    ok, message = send_source(connection, request, status, headers, open and file_source(open) or body)
    if open and io_type(open) == "file" then open:close() end
    return ok, message
end

return answer
