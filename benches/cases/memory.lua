-- The memory that an open connection holds while nothing happens on it, in Lua and outside.
local measure = require("measure")
local socket = require("socket")

local count = tonumber(arg[2])

local function connect()
    local connection = assert(socket.connect("127.0.0.1", measure.setting("PORT")))
    assert(connection:send("lines 1 64\n"))
    assert(connection:receive("*l"))
    return connection
end

local connections = { connect() }
collectgarbage()
collectgarbage()
local before = measure.memory("VmRSS")
for i = 2, count + 1 do
    connections[i] = connect()
end
collectgarbage()
collectgarbage()
assert(#connections == count + 1)
measure.report(1, 1, count, (measure.memory("VmRSS") - before) / count)
