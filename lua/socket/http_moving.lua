-- Moves a body to its sink without the source, where the program cannot observe the difference. Loaded with the first
-- such body.
local socket = require("socket")
local makers = require("socket.https_makers")

local getmetatable, next, type = getmetatable, next, type

local moving = {}

local function has_all(object, functions)
    for name, f in next, functions do
        if object[name] ~= f then return false end
    end
    return true
end

-- True when no code of the program has the socket of the connection `h`: it was made by `socket.tcp`, for https too, and
-- all functions that get it are those of this library. `methods` has those of `h`, and `chunked_sink` is the sink of
-- chunked bodies.
function moving.is_private(h, source, create, methods, chunked_sink)
    local originals = getmetatable(source).plain
    return (makers[create] or create == originals.module.tcp and h.plain) and has_all(socket, originals.module)
        and has_all(socket.sourcet, originals.sourcet) and has_all(socket.sinkt, originals.sinkt)
        and socket.sinkt["http-chunked"] == chunked_sink and has_all(h, methods)
end

-- Drops a body. Returns 1; or nil and a message; or false and how many bytes are left. `functions` are those of
-- `receiver` in socket.http_framing.
function moving.discard(functions, sock, length, size)
    while length ~= 0 do
        local count, ended = functions.discard_body(sock, length, size)
        if count == false then return false, length end
        if not count then return nil, ended end
        if ended then break end
        length = length and length - count
    end
    if not length then sock:close() end
    return 1
end

-- Pieces of up to this size are received several at a time.
local LARGEST = 16384

-- Replaces ltn12.pump.all with the source of a body of this length: calls the sink with the same pieces, but receives
-- all pieces that have arrived at once. Returns the results of ltn12.pump.all; or false and how many bytes are left.
function moving.move(functions, sock, length, sink)
    local pieces = {}
    while true do
        local size = socket.BLOCKSIZE
        local count, problem = false, nil
        if type(size) == "number" and size >= 1 and size <= LARGEST then
            count, problem = functions.receive_pieces(sock, length, size, pieces)
        end
        if not count then
            if count == false then return false, length end
            sink(nil, problem)
            return nil, problem
        end
        for i = 1, count do
            local piece = pieces[i]
            pieces[i] = false
            length = length - #piece
            local ok, err = sink(piece, nil)
            if not ok then
                if err then return nil, err end
                return 1
            end
        end
        if length <= 0 then
            local _, err = sink(nil, nil)
            if err then return nil, err end
            return 1
        end
    end
end

return moving
