-- Ports without a listener. A port that was free a moment ago may belong to another process by now.
local socket = require("socket")

local ports = {}
local held = {}

---A port on which connections are refused while this script runs: it is bound, and no socket listens on it.
function ports.refusing(address)
    local holder = assert((socket.tcp4 or socket.tcp)())
    assert(holder:bind(address or "127.0.0.1", 0))
    held[#held + 1] = holder
    return math.floor((select(2, holder:getsockname())))
end

-- The system gives ports from this one on to clients, and to servers that name none.
local function first_ephemeral()
    local file = io.open("/proc/sys/net/ipv4/ip_local_port_range")
    local first = file and file:read("*n")
    if file then file:close() end
    return first and first > 10000 and first or 32768
end

math.randomseed(math.floor(socket.gettime() * 1000) % 2147483 + tonumber(tostring({}):match("(%x+)$"):sub(-6), 16))

-- The ports that this script has got already.
local given = {}

---A port for a program that cannot report its port. It is below those that the system gives by itself.
function ports.free()
    local most = first_ephemeral() - 1
    for _ = 1, 1000 do
        local port = math.random(most - 8000, most)
        local probe = socket.bind("127.0.0.1", port)
        if probe then
            probe:close()
            if not given[port] then
                given[port] = true
                return port
            end
        end
    end
    error("no free port below " .. most)
end

return ports
