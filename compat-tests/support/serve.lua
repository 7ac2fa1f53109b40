-- A server without a handler and its peer, in one process: the peer's data is served to the end.
local http = require("socket.http_server")
local socket = require("socket")

local serve = {}

-- Splits the answers to pipelined requests, as far as their lengths are known.
function serve.answers(text)
    local list = {}
    local at = 1
    while at <= #text do
        local stop = select(2, text:find("\r\n\r\n", at, true))
        if not stop then
            list[#list + 1] = { raw = text:sub(at) }
            break
        end
        local head = text:sub(at, stop)
        local answer = { head = head, status = tonumber(head:match("^HTTP/1%.1 (%d%d%d) ")), headers = {} }
        for name, value in head:gmatch("\r\n([^:\r\n]+): ([^\r\n]*)") do
            local low = name:lower()
            answer.headers[low] = answer.headers[low] and answer.headers[low] .. "|" .. value or value
        end
        local length = tonumber(answer.headers["content-length"] or "")
        if answer.status == 304 or answer.status == 204 or answer.status == 100 then length = 0 end
        length = length or #text
        answer.body = text:sub(stop + 1, stop + length)
        at = stop + length + 1
        list[#list + 1] = answer
    end
    return list
end

-- The content of a chunked body, or nil when it is incomplete.
function serve.unchunk(text)
    local pieces, at = {}, 1
    while true do
        local digits, stop = text:match("^(%x+)\r\n()", at)
        if not digits then return nil end
        local size = tonumber(digits, 16)
        if size == 0 then return text:sub(stop) == "\r\n" and table.concat(pieces) or nil end
        pieces[#pieces + 1] = text:sub(stop, stop + size - 1)
        if text:sub(stop + size, stop + size + 1) ~= "\r\n" then return nil end
        at = stop + size + 2
    end
end

-- Serves one connection of `server`. The peer has written `bytes` and ended its side. Returns everything the server
-- sent, why it ended, and the number of requests.
function serve.bytes(server, bytes, handler)
    local peer = assert(socket.connect("127.0.0.1", select(2, server:getsockname())))
    peer:settimeout(10)
    assert(peer:send(bytes))
    peer:shutdown("send")
    local connection = assert(server:accept(10))
    local count, reason = 0
    while true do
        local request, message = connection:receive(10)
        if not request then
            reason = message
            break
        end
        count = count + 1
        local answer = handler and handler(request, connection) or (not handler and { body = request.body })
        if answer then connection:respond(answer) end
    end
    connection:close()
    local text, _, partial = peer:receive("*a")
    peer:close()
    return text or partial, reason, count
end

-- A server for `bytes`: it never lingers, because this process would have to close the other side meanwhile.
function serve.listen(options)
    local given = { linger = 0 }
    for name, value in pairs(options or {}) do given[name] = value end
    return assert(http.listen("127.0.0.1", 0, nil, given))
end

---Starts a server with a handler.
---@return http.server server
---@return any[] told the errors of its handlers, as they happen
function serve.start(handler, options)
    local told = {}
    local given = { on_error = function(message) told[#told + 1] = message end }
    for name, value in pairs(options or {}) do given[name] = value end
    return assert(http.listen("127.0.0.1", 0, handler, given)), told
end

---Waits until a condition is true, for 20 seconds at most. Returns its last value.
function serve.eventually(f)
    local stop = socket.gettime() + 20
    while not f() and socket.gettime() < stop do socket.sleep(0.01) end
    return f()
end

return serve
