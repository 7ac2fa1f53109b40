-- Clients of an HTTP server that work on raw bytes, for tasks in the server's process.
local serve = require("serve")
local socket = require("socket")

local raw = {}

function raw.get(path, fields) return "GET " .. (path or "/") .. " HTTP/1.1\r\nHost: a\r\n" .. (fields or "") .. "\r\n" end

---A connection to a server.
function raw.connect(server, n)
    local peer = assert(socket.connect("127.0.0.1", (select(2, server:getsockname(n)))))
    peer:settimeout(20)
    return peer
end

---Sends bytes, and reads to the end of the connection. Returns the answers, the reason of the end, and the seconds.
function raw.exchange(server, bytes)
    local start = socket.gettime()
    local peer = raw.connect(server)
    peer:send(bytes)
    local text, message, partial = peer:receive("*a")
    peer:close()
    return serve.answers(text or partial), message, socket.gettime() - start
end

---Reads one answer that has a Content-Length.
function raw.read(peer)
    local lines = {}
    while true do
        local line, message = peer:receive("*l")
        if not line then return nil, message end
        if line == "" then break end
        lines[#lines + 1] = line
    end
    local head = table.concat(lines, "\r\n") .. "\r\n\r\n"
    local answer = serve.answers(head)[1]
    local length = tonumber(answer.headers["content-length"] or 0)
    answer.body = length > 0 and peer:receive(length) or ""
    return answer
end

---Makes a request on a kept connection.
function raw.ask(peer, path, fields)
    local ok, message = peer:send(raw.get(path, fields))
    if not ok then return nil, message end
    return raw.read(peer)
end

return raw
