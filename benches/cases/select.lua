-- select over many sockets, the last of which is ready.
local measure = require("measure")
local socket = require("socket")

local cases = {}

function cases.ready(sockets, count)
    local list = {}
    for i = 1, sockets do
        local endpoint = assert(socket.udp())
        assert(endpoint:setsockname("127.0.0.1", 0))
        list[i] = endpoint
    end
    local last = list[sockets]
    assert(last:sendto("x", last:getsockname()))
    return function()
        for _ = 1, count do
            local ready = socket.select(list)
            assert(ready[1] == last)
        end
    end, count
end

-- The time per socket.
function cases.sockets(sockets, count)
    local work = cases.ready(sockets, count)
    return work, sockets * count
end

measure.run(cases)
