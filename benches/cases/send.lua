-- Cases of many small system calls. These take most of the time, so the result is close to the bare loop.
local measure = require("measure")
local socket = require("socket")

local function connect(port)
    local connection = assert(socket.connect("127.0.0.1", measure.setting(port)))
    connection:setoption("tcp-nodelay", true)
    return connection
end

local cases = {}

function cases.pieces(total, size)
    local connection = connect("PORT")
    assert(connection:send("sink\n"))
    local piece = ("x"):rep(size)
    return function()
        for _ = 1, total / size do
            assert(connection:send(piece))
        end
        connection:shutdown("send")
        connection:receive(1)
    end, total
end

function cases.pingpong(count)
    local connection = connect("PORT")
    assert(connection:send("echo\n"))
    return function()
        for _ = 1, count do
            connection:send("x")
            assert(connection:receive(1))
        end
    end, count
end

function cases.datagrams(count)
    local endpoint = assert(socket.udp())
    assert(endpoint:setpeername("127.0.0.1", measure.setting("DATAGRAM_PORT")))
    endpoint:settimeout(10)
    return function()
        for _ = 1, count do
            endpoint:send("x")
            assert(endpoint:receive())
        end
    end, count
end

function cases.connect(count)
    local port = measure.setting("CLOSING_PORT")
    return function()
        for _ = 1, count do
            assert(socket.connect("127.0.0.1", port)):close()
        end
    end, count
end

measure.run(cases)
