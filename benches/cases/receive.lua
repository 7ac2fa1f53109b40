-- receive: lines, everything until the peer closes, and counted pieces.
local measure = require("measure")
local socket = require("socket")

local function ask(command, ...)
    local connection = assert(socket.connect("127.0.0.1", measure.setting("PORT")))
    assert(connection:send(command:format(...) .. "\n"))
    return connection
end

local cases = {}

function cases.lines(count, length)
    local connection = ask("lines %d %d", count, length)
    return function()
        for _ = 1, count do
            connection:receive("*l")
        end
        assert(connection:receive("*l") == nil)
    end, count
end

-- The limit for lines: a C method that only returns a line.
function cases.floor(count)
    local object = setmetatable({}, { __index = { receive = require("floor").receive } })
    return function()
        for _ = 1, count do
            object:receive("*l")
        end
    end, count
end

function cases.all(total)
    local connection = ask("bytes %d", total)
    return function()
        assert(#assert(connection:receive("*a")) == total)
    end, total
end

function cases.pieces(total, size)
    local connection = ask("file %d", total)
    return function()
        for _ = 1, total / size do
            assert(connection:receive(size))
        end
    end, total
end

measure.run(cases)
