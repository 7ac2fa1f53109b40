-- No free descriptor for a name lookup, from the hosts file and from a name server. The process has done no lookup
-- before, or it has. Each lookup fails at once, and the error is not cached.
-- needs: network-namespace, root, python3
require("interposed").within("ulimit -n 48;")
local check = require("check")
local peer = require("peer")
local socket = require("socket")

require("names")("timeout:30 attempts:1")
local names = peer.python(os.getenv("COMPAT_SERVERS") .. "/name_server.py")
local listener = assert(socket.bind("127.0.0.1", 0))
local _, port = listener:getsockname()

-- Each returns an address, or nil and a message.
local lookups = {
    ["dns.toip"] = function(name) return socket.dns.toip(name) end,
    ["dns.getaddrinfo"] = function(name)
        local list, problem = socket.dns.getaddrinfo(name)
        if not list then return nil, problem end
        for _, one in ipairs(list) do
            if one.family == "inet" then return one.addr end
        end
    end,
    ["connect within a limit"] = function(name)
        local client = socket.tcp()
        client:settimeout(10)
        local connected, problem = client:connect(name, port)
        local address = connected and client:getpeername()
        client:close()
        if not connected then return nil, problem end
        listener:accept():close()
        return address
    end,
}

for _, when in ipairs({ "first lookup", "later lookup" }) do
    -- the collector must not free a descriptor later
    collectgarbage()
    collectgarbage()
    local held = {}
    repeat
        local sock = socket.udp4()
        held[#held + 1] = sock
    until not sock
    for _, name in ipairs({ "localhost", "dual6.test" }) do
        for what, lookup in pairs(lookups) do
            local started = socket.gettime()
            local returned, address, problem = pcall(lookup, name)
            local label = ("%s, %s of %s"):format(when, what, name)
            check.ok(label, returned and address == nil and type(problem) == "string", address or problem)
            check.ok(label .. ": at once", socket.gettime() - started < 8)
        end
    end
    for _, one in ipairs(held) do one:close() end
    for _, name in ipairs({ "localhost", "dual6.test" }) do
        for what, lookup in pairs(lookups) do
            local address, problem = lookup(name)
            check.ok(("%s, %s of %s afterwards"):format(when, what, name), address == "127.0.0.1", problem)
        end
    end
end

local last = socket.udp()
last:sendto("end", "127.0.0.1", 53)
names:close()
check.done()
