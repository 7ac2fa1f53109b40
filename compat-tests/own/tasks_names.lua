-- Names in tasks. While a name server is silent or slow, other tasks run (tasks.s.8, tasks.s.9). A lookup can be
-- cancelled (tasks.s.36), and a deadline outside any task covers it (tasks.s.47).
-- needs: network-namespace, root, python3
-- not on: lua5.2, lua5.3
local check = require("check")
local peer = require("peer")
local socket = require("socket")
local tasks = require("socket.tasks")

require("names")("timeout:5 attempts:2")
peer.python(os.getenv("COMPAT_SERVERS") .. "/name_server.py")

-- Runs `f` in a task, and a second task that ticks every 0.01 s. Returns f's results and the number of ticks meanwhile.
-- A lookup that blocked the process would leave one.
local function beside_ticks(f)
    local ticks, ended = 0, false
    local results = { tasks.run(function()
        tasks.start(function()
            while not ended do
                socket.sleep(0.01)
                if not ended then ticks = ticks + 1 end
            end
        end)
        local function finish(...)
            ended = true
            return ...
        end
        return finish(f())
    end) }
    return results, ticks
end

local results, ticks = beside_ticks(function()
    local client = socket.tcp()
    client:settimeout(0.3)
    local connected, problem = client:connect("silent1.test", 80)
    client:close()
    return connected, problem
end)
check.equal("s.8: the limit holds", results, { nil, "timeout" })
check.ok("s.8: the ticks go on", ticks > 3, ticks)

results, ticks = beside_ticks(function() return (socket.dns.toip("slow.test")) end)
check.equal("s.9: a slow answer comes", results, { "127.0.0.1" })
check.ok("s.9: the ticks go on", ticks > 3, ticks)

results, ticks = beside_ticks(function() return type(socket.dns.getnameinfo("slow.test")) end)
check.equal("s.9: getnameinfo answers", results, { "table" })
check.ok("s.9: the ticks go on during getnameinfo", ticks > 3, ticks)

local cancelled
results = { tasks.run(function()
    local lookup = tasks.start(function() return socket.dns.toip("silent2.test") end)
    -- the name server has received the query: the lookup is running
    socket.sleep(0.05)
    cancelled = socket.gettime()
    lookup:cancel()
    return lookup:wait()
end) }
check.equal("s.36: cancelled", results, { true, nil, "cancelled" })
check.ok("s.36: at once", socket.gettime() - cancelled < 2)

local started = socket.gettime()
check.equal("s.47: a lookup stalls", { tasks.deadline(0.3, function() return socket.connect("silent3.test", 80) end) }, { nil, "timeout" })
check.ok("s.47: within the time", socket.gettime() - started < 4)

-- tasks.objects.3: an object that is closed while a name is looked up stays closed.
for name, use in pairs({
    bind = function(object) return object:bind("slow.test", 0) end,
    setsockname = function(object) return object:setsockname("slow.test", 0) end,
    setpeername = function(object) return object:setpeername("slow.test", 9) end,
    connect = function(object) return object:connect("slow.test", 9) end,
}) do
    for _, make in ipairs(name:find("name") and { socket.udp, socket.udp4 } or { socket.tcp, socket.tcp4 }) do
        local object = make()
        local answer = { tasks.run(function()
            local task = tasks.start(use, object)
            -- It has begun, and its lookup takes half a second.
            tasks.yield()
            tasks.yield()
            object:close()
            return task:wait()
        end) }
        check.equal("objects.3: " .. name, answer, { true, nil, "closed" })
        check.equal("objects.3: no new descriptor, " .. name, object:getfd(), -1)
    end
end

-- add.40: when the object takes over the descriptor of a later attempt, the number of that attempt is not watched any
-- more. The IPv6 address of the name drops all packets.
do
    os.execute("ip -6 addr add 2001:db8::2/64 dev lo nodad && ip -6 route add 2001:db8:1::/64 dev lo")
    local listener = assert(socket.bind("127.0.0.1", 0))
    local _, port = listener:getsockname()
    local connected, watched = nil, 0
    tasks.run(function()
        local client = socket.tcp()
        connected = client:connect("hole6.test", port)
        local list = assert(io.open("/proc/self/fdinfo/" .. ("%d"):format(tasks.getfd())))
        for _ in list:read("*a"):gmatch("tfd:") do watched = watched + 1 end
        list:close()
        client:close()
    end)
    listener:close()
    check.equal("add.40: connected", connected, 1)
    check.equal("add.40: only the waker is watched", watched, 1)
end
check.done()
