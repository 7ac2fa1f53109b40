-- How HTTP messages are framed: header lines, header blocks and chunked bodies.
-- Internal to socket.http.
local headers = require("socket.headers")

local type, pairs, setmetatable, tonumber = type, pairs, setmetatable, tonumber
local byte, find, format, lower, match = string.byte, string.find, string.format, string.lower, string.match
local concat = table.concat
local huge = math.huge

local framing = {}

-- The sockets that are ours: their `receive` takes a third argument, the most
-- bytes one call may gather. Foreign objects are called as LuaSocket calls them.
local bounded = setmetatable({}, { __mode = "k" })

-- Marks `sock` as one whose lines are bounded while they are read (add.6).
function framing.bound(sock) bounded[sock] = true end

-- The most bytes of a line, and the same as a third argument for `receive`:
-- one more, so that a line of just the length allowed is seen to end. The
-- latter is nil when `sock` takes no such argument or there is no limit.
local function line_limits(sock, limits)
    local most = limits.MAXHEADERLINE or huge
    return most, bounded[sock] and most < 2 ^ 31 and most + 1 or nil
end

-- Receives one line of at most `limits.MAXHEADERLINE` bytes.
-- Returns the line, or nil and a message.
function framing.receive_line(sock, limits, prefix)
    local most, cap = line_limits(sock, limits)
    local line, err
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

-- Receives header lines up to the empty line that ends them and merges them
-- into `fields`; repeated names are joined with ", ".
-- Returns the table, or nil and a message.
function framing.receive_fields(sock, fields, limits)
    fields = fields or {}
    local left = limits.MAXHEADERSIZE or huge
    local most, cap = line_limits(sock, limits)
    local name, value, folded, repeated
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
        local first = byte(line)
        if name and first and first <= 32 and (first == 32 or first >= 9 and first <= 13) then
            folded = folded or { value }
            folded[#folded + 1] = line
        else
            if name then
                if folded then value, folded = concat(folded), nil end
                local known = fields[name]
                if not known then
                    fields[name] = value
                else
                    -- joined at the end, once: line by line would take quadratic time
                    repeated = repeated or {}
                    local values = repeated[name]
                    if values then values[#values + 1] = value else repeated[name] = { known, value } end
                end
            end
            if not first then break end
            name, value = match(line, "^([^:]*):%s*(.*)$")
            if not name then return nil, "malformed response headers" end
            name = lower(name)
        end
    end
    if repeated then
        for repeated_name, values in pairs(repeated) do fields[repeated_name] = concat(values, ", ") end
    end
    return fields
end

-- True when a header value can be sent as part of one line (add.26); TAB is
-- allowed.
function framing.valid_value(value)
    local kind = type(value)
    return (kind == "string" or kind == "number") and not find(value, "[%z\1-\8\10-\31\127]")
end

-- True when the two can be sent as a header line.
function framing.valid_field(name, value)
    local kind = type(name)
    return (kind == "string" or kind == "number") and name ~= "" and not find(name, "[%z\1-\32\127:]")
        and framing.valid_value(value)
end

-- The header lines for `fields` and the blank line that ends them.
function framing.header_block(fields)
    local canonic = headers.canonic
    local lines, n = {}, 0
    for name, value in pairs(fields) do
        n = n + 1
        lines[n] = (canonic[name] or name) .. ": " .. value .. "\r\n"
    end
    lines[n + 1] = "\r\n"
    return concat(lines)
end

-- The size that opens a chunk, or nil when the line is not one (add.27). More
-- than 15 significant digits cannot be a size that anyone means.
local function chunk_size(line)
    local digits, rest = match(line, "^[ \t]*(%x+)[ \t]*(.*)$")
    if not digits or #digits > 16 or (rest ~= "" and byte(rest) ~= 59) then return nil end
    local significant = match(digits, "^0*(%x*)$")
    if #significant > 15 then return nil end
    return tonumber(digits, 16)
end

-- A source and a sink are callable tables that also answer for their socket's readiness.
local function callable(sock, call)
    return setmetatable({
        getfd = function() return sock:getfd() end,
        dirty = function() return sock:dirty() end,
    }, { __call = call })
end

-- Source of a chunked body: one piece a chunk. At the end the trailers are
-- merged into `fields`.
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
            trailers, err = framing.receive_fields(sock, fields, limits)
            if not trailers then return nil, err end
            ended = true
            return
        end
        local chunk
        chunk, err = sock:receive(size)
        if not chunk then return nil, err end
        -- what stands between the chunk and the line end is tolerated, as ever;
        -- a failure to read it is told with the next piece
        line, failure = receive_line(sock, limits)
        failed = not line
        return chunk, nil
    end)
end

-- Sink that sends what it is given as the chunks of a body.
function framing.chunked_sink(sock)
    return callable(sock, function(_, chunk, err)
        if chunk then
            -- a chunk of no bytes would end the body
            if chunk == "" then return 1 end
            return sock:send(format("%X\r\n", #chunk) .. chunk .. "\r\n")
        end
        -- the end of a body that failed is not sent: the server would take what it has for the whole
        if err then return 1 end
        return sock:send("0\r\n\r\n")
    end)
end

return framing
