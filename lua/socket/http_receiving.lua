-- Receives bytes, lines and blocks of lines of a response, through the read-ahead buffer of its connection. Internal to
-- HTTP.
local socket = require("socket")
local dialing = require("socket.http_dialing")

local left = dialing.left
local concat, find, gsub, sub = table.concat, string.find, string.gsub, string.sub
local huge, min = math.huge, math.min

-- The most bytes of one receive.
local PIECE = 65536
local WAITING = { wantread = "timeout", wantwrite = "timeout" }

-- The pattern that receives the available bytes.
local SOME = { most = 8192 }
local LARGE = { most = PIECE }

-- Sets the timeout of the next operation; false when the time is up.
local function arm(connection, limit)
    local seconds = left(limit, connection.request.deadline)
    if seconds == 0 then return false end
    if seconds ~= connection.armed or not seconds then
        connection.sock:settimeout(seconds)
        connection.armed = seconds
    end
    return true
end

-- Takes the whole read-ahead buffer.
local function take_buffer(connection)
    local rest = connection.buffer
    if connection.at > 1 then rest = sub(rest, connection.at) end
    connection.buffer, connection.at = "", 1
    return rest
end

-- Receives the available bytes, at most `most`. Returns them, or nil and a message.
local function receive_some(connection, most)
    local buffer, at = connection.buffer, connection.at
    if at <= #buffer then
        ---@cast at integer
        local piece = sub(buffer, at, at + most - 1)
        connection.at = at + #piece
        return piece
    end
    if not arm(connection, connection.request.timeouts.idle) then return nil, "timeout" end
    local sock = connection.sock
    local data, err, partial
    if connection.ours then
        local pattern = LARGE
        if most < PIECE then pattern = { most = most } end
        data, err = sock:receive(pattern)
    else
        data, err, partial = sock:receive(min(most, socket.BLOCKSIZE))
        if not data and err == "closed" and partial and partial ~= "" then data = partial end
    end
    if data then return data end
    return nil, WAITING[err] or err
end

-- Receives exactly `count` bytes.
local function receive_exactly(connection, count)
    local pieces, n, missing = {}, 0, count
    while missing > 0 do
        local piece, err = receive_some(connection, missing < PIECE and missing or PIECE)
        if not piece then return nil, err end
        n = n + 1
        pieces[n] = piece
        missing = missing - #piece
    end
    return concat(pieces)
end

-- Receives a line without its LF from a socket of the user's. Its `receive` drops every CR.
local function receive_foreign_line(connection, most, prefix)
    local sock = connection.sock
    local line, err
    if prefix then
        line, err = sock:receive("*l", prefix)
    else
        line, err = sock:receive()
    end
    if not line then return nil, WAITING[err] or err end
    if #line > most then return nil, "oversized" end
    return line
end

-- Receives a line without its LF. A CR before it stays: only its caller knows where a CR may be.
local function receive_line(connection, most)
    local pieces, n, size = nil, 0, 0
    while true do
        local buffer, at = connection.buffer, connection.at
        local stop = at <= #buffer and find(buffer, "\n", at, true)
        if stop then
            connection.at = stop + 1
            local line = sub(buffer, at, stop - 1)
            if pieces then line = concat(pieces) .. line end
            if #line > most + 1 or #line > most and sub(line, -1) ~= "\r" then return nil, "oversized" end
            return line
        end
        if at <= #buffer then
            pieces, n = pieces or {}, n + 1
            pieces[n] = take_buffer(connection)
            size = size + #pieces[n]
            if size > most + 1 then return nil, "oversized" end
        end
        if not arm(connection, connection.request.timeouts.idle) then return nil, "timeout" end
        if not connection.ours then return receive_foreign_line(connection, most, pieces and concat(pieces)) end
        local data, err = connection.sock:receive(SOME)
        if not data then return nil, WAITING[err] or err end
        connection.buffer, connection.at = data, 1
    end
end

-- Receives a line of a chunked body, without its line end.
local function receive_plain_line(connection, most)
    local line, err = receive_line(connection, most)
    if not line then return nil, err end
    return (gsub(line, "\r$", ""))
end

-- Receives lines up to an empty one. Returns them as one text, or nil and a message.
local function receive_block(connection, limits, first)
    local most, total = limits.MAXHEADERLINE or huge, limits.MAXHEADERSIZE or huge
    local lines, n = { first }, first and 1 or 0
    local size = 0
    while true do
        local line, err = receive_line(connection, most)
        if not line then return nil, err end
        connection.begun = true
        n = n + 1
        lines[n] = line
        if line == "" or line == "\r" then return concat(lines, "\n") .. "\n" end
        if n > 1 then size = size + #line + 2 end
        if size > total then return nil, "oversized" end
    end
end

-- Fills the read-ahead buffer with the start of a response. Returns true, or nil and a message.
local function fill(connection, limit)
    if connection.at <= #connection.buffer then return true end
    if not arm(connection, limit) then return nil, "timeout" end
    local sock = connection.sock
    local data, err, partial
    if connection.ours then
        data, err = sock:receive(SOME)
    else
        data, err, partial = sock:receive(5)
        if not data and err == "closed" and partial and partial ~= "" then data = partial end
    end
    if not data then return nil, WAITING[err] or err end
    connection.buffer, connection.at, connection.begun = data, 1, true
    return true
end

return {
    SOME = SOME, arm = arm, block = receive_block, exactly = receive_exactly, fill = fill, line = receive_plain_line,
    some = receive_some,
}
