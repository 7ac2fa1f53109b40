-- needs: redis-server
-- not on: lua5.4, lua5.5
-- Other programs, unchanged, in tasks: Debian's redis client with hundreds of connections, a whole copas loop in one
-- task (tasks.s.6, tasks.s.7); luv drives tasks (tasks.s.84).
local check = require("check")
local socket = require("socket")
local tasks = require("socket.tasks")

-- The driver leaves the system's folders out, so that no other LuaSocket is loaded. Ours comes first.
local version = _VERSION:match("%d%.%d")
local folder = io.popen("ls -d /usr/lib/*/lua/" .. version .. " 2>/dev/null"):read("*l")
package.path = package.path .. (";/usr/share/lua/%s/?.lua;/usr/share/lua/%s/?/init.lua"):format(version, version)
if folder then package.cpath = package.cpath .. ";" .. folder .. "/?.so" end

local has_redis, redis = pcall(require, "redis")
if has_redis then
    local port = require("ports").free()
    local server = io.popen(("redis-server --port %d --bind 127.0.0.1 --save '' --appendonly no >/dev/null 2>&1 & echo $!"):format(port))
    local pid = server:read("*n")
    local client
    for _ = 1, 200 do
        local probe = socket.connect("127.0.0.1", port)
        if probe then
            probe:close()
            break
        end
        socket.sleep(0.05)
    end
    client = redis.connect("127.0.0.1", port)
    local right = 0
    local list = {}
    for i = 1, 200 do list[i] = i end
    tasks.run(function()
        tasks.map(list, 200, function(i)
            local mine = redis.connect("127.0.0.1", port)
            mine:set("key" .. i, "value" .. i)
            mine:incr("count")
            if mine:get("key" .. i) == "value" .. i then right = right + 1 end
            mine:quit()
            return true
        end)
    end)
    check.equal("s.7: two hundred clients", right, 200)
    check.equal("s.7: nothing is lost", tonumber(client:get("count")), 200)
    -- A worker that waits for a job, beside others.
    local job
    tasks.run(function()
        tasks.start(function() job = redis.connect("127.0.0.1", port):blpop("jobs", 5) end)
        socket.sleep(0.01)
        redis.connect("127.0.0.1", port):rpush("jobs", "work")
    end)
    check.equal("s.7: a blocking command waits alone", job, { "jobs", "work" })
    os.execute("kill " .. ("%d"):format(pid))
    server:close()
end

local has_copas, copas = pcall(require, "copas")
if has_copas then
    local server = assert(socket.bind("127.0.0.1", 0))
    local _, port = server:getsockname()
    local answers, ticks = {}, 0
    tasks.run(function()
        local loop = tasks.start(function()
            local waiting = 5
            copas.addserver(server, function(connection)
                local client = copas.wrap(connection)
                local line = client:receive()
                client:send(line .. "!\n")
                connection:close()
            end)
            for i = 1, 5 do
                copas.addthread(function()
                    local connection = assert(socket.connect("127.0.0.1", port))
                    connection:settimeout(0)
                    local client = copas.wrap(connection)
                    client:send("copas " .. i .. "\n")
                    answers[i] = client:receive()
                    waiting = waiting - 1
                end)
            end
            while waiting > 0 do copas.step(0.1) end
        end)
        local plain = tasks.start(function()
            local client = assert(socket.connect("127.0.0.1", port))
            client:send("plain\n")
            return client:receive()
        end)
        tasks.start(function() for _ = 1, 20 do ticks = ticks + 1 socket.sleep(0.001) end end)
        check.equal("s.6: copas's loop in a task", (loop:wait(20)), true)
        -- copas's loop has ended: a task that still waits for it must be cancelled
        plain:cancel()
    end)
    check.equal("s.6: its clients", answers, { "copas 1!", "copas 2!", "copas 3!", "copas 4!", "copas 5!" })
    check.equal("s.6: other tasks go on", ticks, 20)
    server:close()
end

local has_luv, uv = pcall(require, "luv")
if has_luv then
    local http = require("socket.http")
    local server = assert(socket.bind("127.0.0.1", 0, 100))
    local _, port = server:getsockname()
    local done, fired = 0, 0
    tasks.start(function()
        for _ = 1, 50 do
            local client = server:accept()
            tasks.start(function()
                while (client:receive() or "") ~= "" do local _ = 1 end
                socket.sleep(0.01)
                client:send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
                client:close()
            end)
        end
        server:close()
    end)
    for _ = 1, 50 do
        tasks.start(function() if http.request("http://127.0.0.1:" .. port .. "/") == "ok" then done = done + 1 end end)
    end
    local poll, timer, pulse = uv.new_poll((tasks.getfd())), uv.new_timer(), uv.new_timer()
    local function drive()
        local left = tasks.step()
        if left == 0 then
            poll:stop()
            timer:stop()
            return
        end
        local limit = tasks.timeout()
        timer:stop()
        if limit then timer:start(math.ceil(limit * 1000), 0, drive) end
    end
    poll:start("r", drive)
    timer:start(0, 0, drive)
    pulse:start(5, 5, function()
        fired = fired + 1
        if fired == 10 then pulse:stop() end
    end)
    uv.run()
    check.equal("s.84: requests under luv", done, 50)
    check.equal("s.84: luv's own timer", fired, 10)
end
check.ok("Debian's redis client is there", has_redis, redis)
check.ok("Debian's luv is there", has_luv, uv)
check.done()
