-- Chunked bodies and their trailers. Internal to socket.http.
local captured = ...
local framing = captured.framing()
local pairs, setmetatable, tonumber = captured.pairs, captured.setmetatable, captured.tonumber
local byte, format, gmatch, len, match = captured.byte, captured.format, captured.gmatch, captured.len, captured.match

local chunked = {}

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

chunked.size = chunk_size

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
function chunked.is_trailer(name) return not NO_TRAILERS[name] end

local function merge(trailers, fields)
    for name, value in pairs(trailers) do
        local known = fields[name]
        fields[name] = known and known .. ", " .. value or value
    end
end

-- Adds trailers to the headers of a response, except fields that are not allowed there (add.48).
function chunked.add_trailers(trailers, fields)
    for name in pairs(trailers) do
        if NO_TRAILERS[name] then trailers[name] = nil end
    end
    merge(trailers, fields)
end

-- Source of a chunked body: one piece per chunk. At the end, the trailers are merged into `fields`.
function chunked.source(sock, fields, limits)
    local ended, failed, failure
    return callable(sock, function()
        if ended then return nil end
        if failed then return nil, failure end
        local line, err = framing.receive_line(sock, limits)
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
        line, failure = framing.receive_line(sock, limits)
        failed = not line
        return chunk, nil
    end)
end

-- Sink that sends each piece as one chunk.
function chunked.new_sink(sock)
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

return chunked
