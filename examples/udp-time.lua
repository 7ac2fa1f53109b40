-- The time over UDP. A server:  luasocket examples/udp-time.lua serve
-- and a client:                 luasocket examples/udp-time.lua ask HOST PORT
local socket = require("socket")

-- Ends the program with one sentence; `error` would add a traceback.
local function stop(...)
    io.stderr:write(table.concat({ ... }), "\n")
    os.exit(1)
end

local function must(result, message)
    if not result then return stop("udp-time: ", message) end
    return result
end

local function serve()
    local object = must(socket.udp4())
    must(object:setsockname("127.0.0.1", 0))
    print("listening on port " .. select(2, object:getsockname()))
    io.stdout:flush()
    while true do
        local question, address, port = object:receivefrom()
        -- a failure reports that an earlier answer could not be delivered
        if question then object:sendto(os.date("!%Y-%m-%d %H:%M:%S"), address, port) end
    end
end

local function ask(host, port)
    local object = must(socket.udp())
    -- connected: only this server can answer, and "connection refused" is reported
    must(object:setpeername(host, port))
    object:settimeout(0.5)
    -- datagrams can be lost: ask again
    local message
    for _ = 1, 5 do
        must(object:send("what time is it?"))
        local answer
        answer, message = object:receive()
        if answer then return print(answer) end
    end
    return stop("udp-time: no answer: ", message)
end

local mode, host, port = ...
if mode == "serve" then
    serve()
elseif mode == "ask" and port then
    ask(host, port)
else
    return stop("usage: udp-time.lua serve | ask HOST PORT")
end
