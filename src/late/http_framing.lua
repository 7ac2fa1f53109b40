-- The heads of HTTP messages: lines, header blocks. Internal to socket.http.
local captured = ...
local socket, headers, native = captured.socket, captured.headers, captured.native
local getmetatable, rawget, setmetatable = captured.getmetatable, captured.rawget, captured.setmetatable
local tostring, type = captured.tostring, captured.type
local find, lower, huge = captured.find, captured.lower, captured.huge

local framing = {}

-- This library's sockets: their `receive` takes a third argument, the most bytes of one call. Foreign objects are
-- called as LuaSocket calls them.
local bounded = setmetatable({}, { __mode = "k" })

-- Marks `sock` as one whose `receive` limits lines while it reads them (add.6).
function framing.bound(sock) bounded[sock] = true end

-- The most bytes of a line, and the third argument for `receive`: one more, so that a line of exactly the allowed
-- length can end. The second value is nil when `sock` takes no such argument or there is no limit.
local function line_limits(sock, limits)
    local most = limits.MAXHEADERLINE or huge
    return most, bounded[sock] and most < 2 ^ 31 and most + 1 or nil
end

-- Receives one line of at most `limits.MAXHEADERLINE` bytes.
-- Returns the line, or nil and a message.
function framing.receive_line(sock, limits, prefix)
    local most, cap = line_limits(sock, limits)
    local line, err
    if prefix and #prefix > most then return nil, "oversized" end
    if cap then
        line, err = sock:receive("*l", prefix, cap)
    elseif prefix then
        line, err = sock:receive("*l", prefix)
    else
        line, err = sock:receive()
    end
    if not line then return nil, err end
    if #line > most then return nil, "oversized" end
    return line
end

-- Receives header lines up to the empty line. Returns the lines and their number, or nil and a message.
local function receive_lines(sock, limits)
    local left = limits.MAXHEADERSIZE or huge
    local most, cap = line_limits(sock, limits)
    -- sized for a typical response: growing the table costs more than reading the lines
    local lines, n = { "", "", "", "", "", "", "", "", "", "", "", "" }, 0
    while true do
        local line, err
        if cap then
            line, err = sock:receive("*l", nil, cap)
        else
            line, err = sock:receive()
        end
        if not line then return nil, err end
        left = left - #line - 2
        if left < 0 or #line > most then return nil, "oversized" end
        if line == "" then return lines, n end
        -- fails at once: a peer with another protocol may not send another line
        if not find(line, ":", 1, true) and (n == 0 or not find(line, "^%s")) then
            return nil, "malformed response headers"
        end
        n = n + 1
        lines[n] = line
    end
end

-- The original function. When a program has replaced socket.skip, its function gets each header (http.module.6).
local skip = captured.skip

-- The fields of header lines, each split with `socket.skip`.
local function skipped_fields(lines, n)
    local fields = {}
    local i = 1
    while i <= n do
        local line = lines[i]
        while i < n and find(lines[i + 1], "^%s") do
            i = i + 1
            line = line .. lines[i]
        end
        local name, value = socket.skip(2, find(line, "^(.-):%s*(.*)"))
        if not (name and value) then return nil, "malformed response headers" end
        name = lower(name)
        fields[name] = fields[name] and fields[name] .. ", " .. value or value
        i = i + 1
    end
    return fields
end

-- The object that native functions can receive from, when the program cannot observe the difference, and a table of
-- these functions.
function framing.receiver(sock)
    if type(sock) == "userdata" then return sock, native end
    if not bounded[sock] or rawget(sock, "receive") then return nil end
    local mark = getmetatable(sock)
    if type(mark) ~= "table" or not mark.receive_fields then return nil end
    return rawget(sock, "sock"), mark
end

-- Receives header lines up to the empty line. Joins repeated fields with ", ". Returns a table of values by
-- lower-case name, or nil and a message.
function framing.receive_fields(sock, limits)
    local plain = socket.skip == skip
    local object, functions
    if plain then object, functions = framing.receiver(sock) end
    if functions then
        local fields, err = functions.receive_fields(object, limits.MAXHEADERLINE or huge, limits.MAXHEADERSIZE or huge)
        if fields ~= false then return fields, err end
    end
    local lines, n = receive_lines(sock, limits)
    if not lines then return nil, n end
    if not plain then return skipped_fields(lines, n) end
    return native.fields(lines, n)
end

-- Makes a request line, unless `method` is nil, and header lines with the blank line, unless `fields` is nil. Returns
-- the text and the length of the request line. When something is invalid, returns nil and a message (add.26), and the
-- name of an invalid header.
function framing.compose(method, uri, fields)
    local text, length, name = native.compose(method, uri, fields, headers.canonic)
    if text or name == nil then return text, length end
    return nil, length .. " '" .. tostring(name) .. "'", name
end

-- Makes the head of a request from an array of names and values. Keeps their order and spelling. Returns the text, or
-- nil and a message.
function framing.compose_list(method, uri, fields)
    local text, message, name = native.compose_list(method, uri, fields)
    if text or name == nil then return text, message end
    return nil, message .. " '" .. tostring(name) .. "'"
end

return framing
