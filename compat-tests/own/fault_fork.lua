-- A process forks during name lookups. In the child, counts, locks and the resolver are reset: add.59.
-- not on: lua5.2, lua5.3, runner, runner-lua5.5
-- needs: network-namespace, root, python3
local check = require("check")
local forks = require("forks")
local peer = require("peer")
local socket = require("socket")

local fork, wait, exit = forks.fork, forks.wait, forks.exit

require("names")("timeout:30 attempts:1")
local names = peer.python(os.getenv("COMPAT_SERVERS") .. "/name_server.py")
local listener = assert(socket.bind("127.0.0.1", 0, 1000))
local port = (select(2, listener:getsockname()))

local function connect(name, limit)
    local client = socket.tcp4()
    client:settimeout(limit)
    local connected, problem = client:connect(name, port)
    client:close()
    return connected and "connected" or problem
end

-- Each child writes its results to a file.
local function in_child(label, f)
    local pid = fork()
    if pid == 0 then
        local file = assert(io.open("found", "w"))
        local ok, problem = pcall(f, file)
        if not ok then file:write(problem) end
        file:close()
        exit()
    end
    wait()
    local file = assert(io.open("found"))
    check.equal(label, file:read("*a"), "")
    file:close()
end

-- Names that get no reply: their lookups are still running when the process forks.
local left = 0
for i = 1, 4 do
    if connect(("silent%d.test."):format(i), 0.05) == "timeout" then left = left + 1 end
end
check.equal("lookups are under way", left, 4)
for round = 1, 5 do
    in_child("a child looks names up, round " .. round, function(file)
        for i = 1, 3 do
            local outcome = connect("dual6.test.", 20)
            if outcome ~= "connected" then file:write(("%d: %s\n"):format(i, outcome)) end
        end
    end)
end

-- The maximum number of lookups. In the child, all permits are free.
for i = 5, 128 do connect(("silent%d.test."):format(i), 0.01) end
check.equal("there is no place left", (connect("dual6.test.", 0.1)), "timeout")
in_child("all places are free in the child", function(file)
    for i = 1, 20 do
        local outcome = connect("dual6.test.", 20)
        if outcome ~= "connected" then file:write(i, ": ", outcome, "\n") end
    end
    local client = socket.tcp4()
    client:settimeout(20)
    if client:bind("localhost", 0) ~= 1 then file:write("the hosts file\n") end
end)

-- A child of a child, while the parent's lookups are still running.
in_child("a grandchild", function(file)
    connect("silent200.test.", 0.05)
    local pid = fork()
    if pid == 0 then
        local outcome = connect("dual6.test.", 20)
        if outcome ~= "connected" then file:write(outcome) end
        file:close()
        exit()
    end
    wait()
    local outcome = connect("dual6.test.", 20)
    if outcome ~= "connected" then file:write(outcome) end
end)

local last = socket.udp()
last:sendto("end", "127.0.0.1", 53)
names:close()
check.done()
