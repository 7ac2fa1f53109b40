-- HTTP responses, and a server that cuts them off after any byte.
--
--   local server = http_cuts.serve()
--   http.request(http_cuts.url(server.port, "chunked", 90, "reset"))     -- the first 90 bytes, then a reset
--
-- The endings are "close", "reset" and "stall" (until the client closes).
local http_cuts = {}

http_cuts.BODY = "0123456789"

local BODY = http_cuts.BODY
local HEAD = "HTTP/1.1 200 OK\r\nServer: x\r\n"
local LENGTH = HEAD .. "Content-Length: 10\r\n\r\n" .. BODY

http_cuts.NAMES = { "chunked", "closed", "continue", "interim", "length" }
http_cuts.RESPONSES = {
    chunked = HEAD .. "Transfer-Encoding: chunked\r\n\r\n4;e\r\n0123\r\n6\r\n456789\r\n0\r\nT: 1\r\n\r\n",
    closed = HEAD .. "\r\n" .. BODY,
    continue = "HTTP/1.1 100 Continue\r\n\r\n" .. LENGTH,
    interim = "HTTP/1.1 103 E\r\nLink: x\r\n\r\n" .. LENGTH,
    length = LENGTH,
}

---Runs in the server's process. The path selects the response, the number of its bytes, and the ending.
function http_cuts.run()
    local socket = require("socket")
    local listener = assert(socket.bind("127.0.0.1", 0))
    print((select(2, listener:getsockname())))

    local open = { listener }
    local function leave(client)
        for i, other in ipairs(open) do
            if other == client then table.remove(open, i) end
        end
        client:close()
    end
    local function answer(client)
        local line = client:receive() or ""
        repeat local field = client:receive() until not field or field == ""
        local name, count, ending = line:match("^GET /(%a+)/(%d+)/(%a+)")
        if name then client:send(http_cuts.RESPONSES[name]:sub(1, tonumber(count))) end
        if ending == "stall" then
            open[#open + 1] = client
        else
            if ending == "reset" then client:setoption("linger", { on = true, timeout = 0 }) end
            client:close()
        end
        return line:find("^GET /end ") == nil
    end
    while true do
        for _, sock in ipairs((socket.select(open))) do
            if sock ~= listener then
                leave(sock)
            elseif not answer(listener:accept()) then
                return
            end
        end
    end
end

function http_cuts.serve() return require("peer").lua("require('http_cuts').run()") end

function http_cuts.url(port, name, count, ending)
    return ("http://127.0.0.1:%d/%s/%d/%s"):format(port, name, count, ending)
end

function http_cuts.stop(server)
    require("socket.http").request("http://127.0.0.1:" .. server.port .. "/end")
    server:close()
end

return http_cuts
