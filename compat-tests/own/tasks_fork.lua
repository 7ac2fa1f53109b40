-- A process forks in a task. In the child, an object on which another task waits is free (tasks.end.1).
-- not on: lua5.2, lua5.3, runner, runner-lua5.5
local check = require("check")
local forks = require("forks")
local socket = require("socket")
local tasks = require("socket.tasks")

local fork, wait, exit = forks.fork, forks.wait, forks.exit

local server = assert(socket.bind("127.0.0.1", 0))
local host, port = server:getsockname()
local client = assert(socket.connect(host, port))
local guest = assert(server:accept())
local found, started
tasks.run(function()
    local acceptor = tasks.start(function() return server:accept() end)
    local reader = tasks.start(function() return guest:receive() end)
    tasks.yield()
    tasks.yield()
    check.equal("end.1: busy in the parent", { guest:receive() }, { nil, "busy", "" })
    if fork() == 0 then
        local file = assert(io.open("found", "w"))
        guest:settimeout(0)
        server:settimeout(0)
        file:write(tostring(select(2, guest:receive())), " ", tostring(select(2, server:accept())))
        -- a wait of the child's own
        client:send("line\n")
        guest:settimeout(30)
        file:write(" ", tostring(guest:receive()))
        file:close()
        exit()
    end
    wait()
    local file = assert(io.open("found"))
    found = file:read("*a")
    file:close()
    -- the first act of a child may be a close
    if fork() == 0 then
        guest:close()
        server:close()
        exit()
    end
    wait()
    -- or a new task
    if fork() == 0 then
        local own = tasks.start(function() return client:send("child\n") end)
        file = assert(io.open("started", "w"))
        file:write(tostring(own:wait()))
        file:close()
        exit()
    end
    wait()
    file = assert(io.open("started"))
    started = file:read("*a")
    file:close()
    check.equal("end.1: the parent's wait goes on after a close in a child", { reader:wait() }, { true, "child" })
    reader = tasks.start(function() return guest:receive() end)
    tasks.yield()
    tasks.yield()
    check.equal("end.1: still busy in the parent", { guest:receive() }, { nil, "busy", "" })
    client:send("other\n")
    check.equal("end.1: the parent's wait goes on", { reader:wait() }, { true, "other" })
    acceptor:cancel()
end)
check.equal("end.1: a task of the child", started, "true")
check.equal("end.1: free in the child", found, "timeout timeout line")
client:close()
guest:close()
server:close()
check.done()
