-- The body of a request, with a length or in chunks. Internal to socket.http_server.
local native = require("socket.http_server_leaves")
local reading = require("socket.http_reading")

local concat, huge = table.concat, math.huge
local min = math.min
local now = native.now

local body = {}

-- The most bytes of one piece.
local PIECE = 65536
-- A body that is read whole makes progress when this many bytes arrive within `progresstime`.
local PROGRESS = 512
local CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n"

---State of a body before it is read.
---@param connection table
---@param length number -1 for chunks
---@param expects boolean whether the peer waits for "100 Continue"
function body.new(connection, length, expects)
    local settings = connection.settings
    return {
        connection = connection,
        chunked = length < 0,
        left = length < 0 and 0 or length,
        first = true,
        total = length < 0 and 0 or length,
        most = settings.maxbody,
        extensions = settings.maxtrailer,
        expects = expects,
    }
end

-- Stores the error for later reads, and marks the connection as not reusable.
local function fail(state, message, status, reason)
    state.failure = message
    state.connection.keep = false
    return nil, message, status, reason
end

local function ask(state)
    state.expects = false
    local connection = state.connection
    -- after the answer has begun, an interim answer would be a part of its body
    if connection.answering or connection.sock:dirty() then return true end
    return connection.leaves.send(connection.sock, CONTINUE, connection.settings.progresstime)
end

---The next bytes: at least `least`, unless the body or a chunk ends before, and at most `most`. Returns nil at the
---end; on failure nil and a message, followed by status and reason when the request is to be refused.
function body.piece(state, least, most, seconds)
    if state.failure then return nil, state.failure end
    if state.done then return nil end
    local connection = state.connection
    local sock, leaves = connection.sock, connection.leaves
    if state.expects then
        local ok, message = ask(state)
        if not ok then return fail(state, message) end
    end
    if state.left == 0 and state.chunked then
        local size, extensions, reason = leaves.chunk(sock, state.first, state.extensions,
            connection.settings.maxtrailer, seconds)
        if not size then
            if size == false then return fail(state, "invalid chunk size", extensions, reason) end
            return fail(state, extensions)
        end
        state.first = false
        state.extensions = state.extensions - extensions
        state.left = size
        state.total = state.total + size
        if state.total > state.most then return fail(state, "oversized", 413, "body too large") end
        if size == 0 then state.done = true end
    end
    if state.left == 0 then
        state.done = true
        return nil
    end
    local data, message = leaves.take(sock, min(least, state.left), min(most, state.left), seconds)
    if not data then return fail(state, message) end
    state.left = state.left - #data
    if state.left == 0 and not state.chunked then state.done = true end
    return data
end

local piece = body.piece

local add = reading.add

---Reads the whole body. Returns it; on failure nil and a message, followed by status and reason when the request is
---to be refused.
function body.whole(state)
    local limit = state.connection.settings.progresstime
    local pieces = {}
    -- chunks may be smaller than PROGRESS
    local start, got = state.chunked and now() or 0, 0
    while true do
        local seconds = limit
        if state.chunked and limit < huge then seconds = start + limit - now() end
        local data, message, status, reason = piece(state, PROGRESS, PIECE, seconds)
        if not data then
            if not message then break end
            if message == "timeout" then status, reason = 408, "body too slow" end
            return nil, message, status, reason
        end
        add(pieces, data)
        got = got + #data
        if state.chunked and got >= PROGRESS then start, got = now(), 0 end
        if state.done then break end
    end
    return pieces[2] and concat(pieces) or pieces[1] or ""
end

---Reads and discards the rest, when it has at most `most` bytes. Returns whether the body is at its end.
function body.drain(state, most)
    if state.done then return true end
    if state.expects or state.failure or not state.chunked and state.left > most then return false end
    local limit = state.connection.settings.progresstime
    local stop = now() + limit
    while not state.done do
        local data, message = piece(state, 1, PIECE, limit < huge and stop - now() or huge)
        if not data then return not message end
        most = most - #data
        if most < 0 then return false end
    end
    return true
end

return body
