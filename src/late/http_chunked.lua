-- Chunked bodies and their trailers. Internal to socket.http.
local captured = ...
local framing, native = captured.framing(), captured.native
local pairs, setmetatable = captured.pairs, captured.setmetatable
local format, gmatch, len, huge = captured.format, captured.gmatch, captured.len, captured.huge

local chunk_size = native.chunk_size

local chunked = { size = chunk_size }

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

-- Receives a chunk. Returns its content, or true for the last chunk; nil and a message; or the content, a message and
-- true when its line end could not be read. Bytes between the content and the line end are tolerated, as in LuaSocket.
local function receive_chunk(sock, limits)
    local object, functions = framing.receiver(sock)
    if functions then
        local chunk, message = functions.receive_chunk(object, limits.MAXHEADERLINE or huge)
        if chunk ~= false then return chunk, message, chunk and message ~= nil end
    end
    local line, err = framing.receive_line(sock, limits)
    if not line then return nil, err end
    local size = chunk_size(line)
    if not size then return nil, "invalid chunk size" end
    if size == 0 then return true end
    local chunk
    chunk, err = sock:receive(size)
    if not chunk then return nil, err end
    line, err = framing.receive_line(sock, limits)
    return chunk, err, not line
end

-- Source of a chunked body: one piece per chunk. At the end, the trailers are merged into `fields`.
function chunked.source(sock, fields, limits)
    local ended, failed, failure
    return callable(sock, function()
        if ended then return nil end
        if failed then return nil, failure end
        local chunk, err
        chunk, err, failed = receive_chunk(sock, limits)
        if not chunk then return nil, err end
        if chunk == true then
            local trailers
            trailers, err = framing.receive_fields(sock, limits)
            if not trailers then return nil, err end
            if fields then merge(trailers, fields) end
            ended = true
            return
        end
        -- the error of a line end is returned with the next piece
        failure = err
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
