-- Framing of HTTP messages: header lines, header blocks and chunked bodies. Internal to socket.http.
local captured = ...
local socket, headers, native = captured.socket, captured.headers, captured.native
local getmetatable, pairs, rawget, setmetatable, tonumber, tostring, type = captured.getmetatable, captured.pairs, captured.rawget,
    captured.setmetatable, captured.tonumber, captured.tostring, captured.type
local byte, find, format, gmatch, len = captured.byte, captured.find, captured.format, captured.gmatch, captured.len
local lower, match, huge = captured.lower, captured.match, captured.huge

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

local receive_line = framing.receive_line

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

-- The size in a chunk's first line, or nil when the line is invalid (add.27). Leading zeros are ignored (add.47). A
-- size with more than 15 further digits is not plausible, and is invalid too.
local function chunk_size(line)
    local digits, rest = match(line, "^[ \t]*(%x+)[ \t]*(.*)$")
    ---@cast rest string
    if not digits or (rest ~= "" and byte(rest) ~= 59) then return nil end
    local significant = match(digits, "^0*(%x*)$")
    if significant == "" then return 0 end
    if #significant > 15 then return nil end
    ---@cast significant string
    return tonumber(significant, 16)
end

framing.chunk_size = chunk_size

-- Makes a callable table for a source or sink. socket.select accepts it in place of the socket.
local function callable(sock, call)
    return setmetatable({
        getfd = function() return sock:getfd() end,
        dirty = function() return sock:dirty() end,
    }, { __call = call })
end

-- Fields that are not allowed in trailers, because they control framing, routing, content processing or
-- authentication (RFC 9110, 6.5.1).
local NO_TRAILERS = {}
for name in gmatch("age authorization cache-control connection content-encoding content-length content-range "
    .. "content-type cookie date expires host keep-alive location max-forwards pragma proxy-authenticate "
    .. "proxy-authorization proxy-connection range retry-after set-cookie te trailer transfer-encoding upgrade vary "
    .. "warning www-authenticate", "%S+") do
    NO_TRAILERS[name] = true
end

-- True for a lower-case field name that is allowed in trailers.
function framing.is_trailer(name) return not NO_TRAILERS[name] end

local function merge(trailers, fields)
    for name, value in pairs(trailers) do
        local known = fields[name]
        fields[name] = known and known .. ", " .. value or value
    end
end

-- Adds trailers to the headers of a response, except fields that are not allowed there (add.48).
function framing.add_trailers(trailers, fields)
    for name in pairs(trailers) do
        if NO_TRAILERS[name] then trailers[name] = nil end
    end
    merge(trailers, fields)
end

-- Source of a chunked body: one piece per chunk. At the end, the trailers are merged into `fields`.
function framing.chunked_source(sock, fields, limits)
    local ended, failed, failure
    return callable(sock, function()
        if ended then return nil end
        if failed then return nil, failure end
        local line, err = receive_line(sock, limits)
        if not line then return nil, err end
        local size = chunk_size(line)
        if not size then return nil, "invalid chunk size" end
        if size == 0 then
            local trailers
            trailers, err = framing.receive_fields(sock, limits)
            if not trailers then return nil, err end
            if fields then merge(trailers, fields) end
            ended = true
            return
        end
        local chunk
        chunk, err = sock:receive(size)
        if not chunk then return nil, err end
        -- bytes between the chunk and the line end are tolerated, as in LuaSocket; a read error is returned with the
        -- next piece
        line, failure = receive_line(sock, limits)
        failed = not line
        return chunk, nil
    end)
end

-- Sink that sends each piece as one chunk.
function framing.new_chunked_sink(sock)
    return callable(sock, function(_, chunk, err)
        if chunk then
            -- an empty chunk would end the body
            if chunk == "" then return 1 end
            -- converts a number to its text
            return sock:send(format("%X\r\n", len(chunk)) .. chunk .. "\r\n")
        end
        -- the last chunk of a failed body is not sent: the server would treat the part as the whole body
        if err then return 1 end
        return sock:send("0\r\n\r\n")
    end)
end

return framing
