-- needs: openssl, certs
-- A wait suspends its task in every construct and for every kind of wait (tasks.waits.1, .2; tasks.s.3, 4, 8 to 11, 32,
-- 35, 62 to 68, 80).
local check = require("check")
local pair = require("connected")
local socket = require("socket")
local tasks = require("socket.tasks")
local ssl = require("ssl")

local is_windows = package.config:sub(1, 1) == "\\"
local unpack = table.unpack or unpack
local function list(...) return { n = select("#", ...), ... } end

-- Every construct, with a wait inside: each number n must come out unchanged.
local function nested_pcall(depth, wait)
    if depth == 0 then
        wait()
        return "deep"
    end
    local ok, value = pcall(nested_pcall, depth - 1, wait)
    return ok and value
end

local function constructs(n, wait)
    local failed
    local function expect(name, condition) if not condition then failed = failed or name end end
    expect("pcall", select(2, pcall(function() wait() return n end)) == n)
    expect("fifty pcalls", nested_pcall(50, wait) == "deep")
    expect("pcall and an error", select(2, pcall(function() wait() error({ n }) end))[1] == n)
    expect("xpcall's handler", select(2, xpcall(function() error("q") end, function() wait() return n end)) == n)
    local object = setmetatable({}, {
        __index = function(_, k) wait() return k .. n end,
        __newindex = function(t, k, v) wait() rawset(t, k, v) end,
        __call = function(_, a) wait() return a + n end,
        __concat = function(_, b) wait() return b .. n end,
        __eq = function() wait() return true end,
        __lt = function() wait() return true end,
        __add = function(_, b) wait() return b + n end,
        __tostring = function() wait() return "o" .. n end,
    })
    local other = setmetatable({}, getmetatable(object))
    expect("__index", object.x == "x" .. n)
    object.set = n
    expect("__newindex", rawget(object, "set") == n)
    expect("__call", object(1) == n + 1)
    expect("__concat", object .. "c" == "c" .. n)
    expect("__eq", object == other)
    expect("__lt", object < other)
    expect("__add", object + 2 == n + 2)
    expect("tostring", tostring(object) == "o" .. n)
    local sum = 0
    for v in function(_, i) wait() i = (i or 0) + 1 if i <= 3 then return i end end do sum = sum + v end
    expect("a Lua iterator", sum == 6)
    for _, v in ipairs({ 1, 2 }) do wait() sum = sum + v end
    expect("a native iterator", sum == 9)
    local sorted = { 3, 1, 2 }
    table.sort(sorted, function(a, b) wait() return a < b end)
    expect("sort", table.concat(sorted) == "123")
    expect("gsub", (("ab"):gsub(".", function(c) wait() return c .. n end)) == "a" .. n .. "b" .. n)
    local pieces = { "return ", tostring(n) }
    expect("load", assert((loadstring and load or load)(function() wait() return table.remove(pieces, 1) end))() == n)
    local generator = coroutine.wrap(function() for i = 1, 2 do wait() coroutine.yield(i + n) end end)
    expect("wrap", generator() + generator() == 2 * n + 3)
    local thread = coroutine.create(function(a) wait() return coroutine.yield(a) end)
    local _, first = coroutine.resume(thread, n)
    local _, second = coroutine.resume(thread, -n)
    expect("resume", first == n and second == -n)
    package.preload["tasks_waits_" .. n] = function() wait() return { n } end
    expect("require", require("tasks_waits_" .. n)[1] == n)
    package.loaded["tasks_waits_" .. n] = nil
    expect("try", select(2, socket.protect(function() wait() socket.try(nil, "e" .. n) end)()) == "e" .. n)
    return failed
end

-- tasks.s.3: with each kind of wait
do
    local waits = {
        sleep = function() return function() socket.sleep(0.0002) end end,
        yield = function() return tasks.yield end,
        select = function() return function() socket.select(nil, nil, 0.0002) end end,
        receive = function()
            local client, peer = pair()
            tasks.start(function() while peer:receive(1) do peer:send("y") end peer:close() end)
            return function() client:send("x") assert(client:receive(1) == "y") end, client
        end,
        queue = function()
            local requests, answers = tasks.queue(), tasks.queue()
            tasks.start(function() for v in requests:values() do answers:put(v) end end)
            return function() requests:put(1) answers:get() end, requests
        end,
    }
    for name, make in pairs(waits) do
        local problems = {}
        tasks.run(function()
            local all = {}
            for n = 1, 40 do
                all[n] = tasks.start(function()
                    local wait, resource = make()
                    problems[#problems + 1] = constructs(n, wait)
                    if resource then resource:close() end
                end)
            end
            for n = 1, 40 do
                local ok, problem, traceback = all[n]:wait()
                if not ok then problems[#problems + 1] = tostring(problem) .. (traceback or "") end
            end
        end)
        check.equal("s.3: every construct, waiting in " .. name, problems, {})
    end
    check.equal("the same outside any task", constructs(7, function() socket.sleep(0.0001) end), nil)
end

-- tasks.s.80: errors of native functions right after a wait
do
    local wrong = 0
    tasks.run(function()
        for _ = 1, 10 do
            tasks.start(function()
                for _ = 1, 1000 do
                    tasks.yield()
                    local ok, message = pcall(socket.sleep, "x")
                    if ok or not tostring(message):find("bad argument #1 to %S+ %(number expected, got string%)") then
                        wrong = wrong + 1
                    end
                end
            end)
        end
    end)
    check.equal("s.80: right messages", wrong, 0)
end

-- tasks.s.64: one reader and one writer on one object, TCP and TLS
local function both_ways(name, left, right)
    local SIZE = 10 * 1024 * 1024
    local data = {}
    for i = 1, SIZE / 64 do data[i] = ("%063d\n"):format(i) end
    data = table.concat(data)
    local got = {}
    tasks.run(function()
        for _, object in ipairs({ left, right }) do
            tasks.start(function() assert(object:send(data)) end)
            tasks.start(function()
                local parts, size = {}, 0
                while size < SIZE do
                    local part = assert(object:receive(math.min(50000, SIZE - size)))
                    parts[#parts + 1], size = part, size + #part
                end
                got[#got + 1] = table.concat(parts) == data
            end)
        end
    end)
    check.equal("s.64: both ways, " .. name, got, { true, true })
end
do
    local client, peer = pair()
    both_ways("TCP", client, peer)
    client:close()
    peer:close()
    -- wine's SChannel has no servers
    if not is_windows then
        client, peer = pair()
        local server_side = assert(ssl.wrap(peer, require("tls").server()))
        local client_side = assert(ssl.wrap(client, { mode = "client", protocol = "any", verify = "none" }))
        local shaken = {}
        tasks.run(function()
            tasks.start(function() shaken[1] = server_side:dohandshake() end)
            shaken[2] = client_side:dohandshake()
        end)
        check.equal("waits.1: TLS handshakes of one thread", shaken, { true, true })
        both_ways("TLS", client_side, server_side)
        -- tasks.s.35
        local task = tasks.start(function() return client_side:receive() end)
        tasks.run(function() tasks.yield() task:cancel() end)
        check.equal("s.35: cancel in TLS receive", list(task:wait()), { n = 4, true, nil, "cancelled", "" })
        client_side:close()
        server_side:close()
    end
    client, peer = pair()
    local client_side = assert(ssl.wrap(client, { mode = "client", protocol = "any", verify = "none" }))
    local task = tasks.start(function() return client_side:dohandshake() end)
    tasks.run(function() socket.sleep(0.01) task:cancel() end)
    local results = list(task:wait())
    check.equal("s.35: cancel in dohandshake", { results[2], results[3] }, { false, "cancelled" })
    peer:close()
end

-- tasks.s.65 to 68
do
    local client, peer = pair()
    local first
    tasks.run(function()
        tasks.start(function() first = list(client:receive(5)) end)
        tasks.yield()
        check.equal("s.65: a second reader", list(client:receive(3)), { n = 3, nil, "busy", "" })
        check.equal("s.65: with a prefix", list(client:receive(3, "p")), { n = 3, nil, "busy", "p" })
        check.equal("objects.1: a writer", client:send("w"), 1)
        check.equal("objects.4: at any time", { client:getfd() > 0, client:dirty(), (client:getpeername()) }, { true, false, "127.0.0.1" })
        peer:send("hello")
    end)
    check.equal("s.65: the first one is unharmed", first, { n = 3, "hello", nil, nil })
    local server = assert(socket.bind("127.0.0.1", 0))
    tasks.run(function()
        tasks.start(function() first = list(server:accept()) end)
        tasks.yield()
        check.equal("s.66: two acceptors", list(server:accept()), { n = 2, nil, "busy" })
        local selected
        tasks.start(function() selected = list(socket.select({ client }, nil, 5)) end)
        local reader = tasks.start(function() return client:receive("*a") end)
        peer:send("part")
        socket.sleep(0.01)
        server:close()
        client:close()
        tasks.yield()
        check.equal("s.67: close during accept", first, { n = 2, nil, "closed" })
        check.equal("s.67: close during receive, with the partial result", list(reader:wait()), { n = 4, true, nil, "closed", "part" })
        check.ok("s.67: select has it as ready", selected and selected[1][1] == client)
    end)
    peer:close()
    local closed, fresh
    tasks.run(function()
        local a, a_peer = pair()
        tasks.start(function() closed = list(a:receive()) end)
        tasks.yield()
        local number = a:getfd()
        a:close()
        local b, b_peer
        repeat
            b, b_peer = pair()
        until b:getfd() == number or b_peer:getfd() == number or b:getfd() > number + 8
        if b:getfd() ~= number then b, b_peer = b_peer, b end
        tasks.start(function() fresh = list(b:receive()) end)
        a_peer:send("for the old one\n")
        socket.sleep(0.01)
        check.equal("s.68: no event of the old one", fresh, nil)
        b_peer:send("for the new one\n")
        socket.sleep(0.01)
        a_peer:close()
    end)
    check.equal("s.68: the old wait", closed, { n = 3, nil, "closed", "" })
    check.equal("s.68: the new one", fresh, { n = 3, "for the new one", nil, nil })
    local a, a_peer = pair()
    tasks.run(function()
        tasks.start(function() closed = list(a:receive()) end)
        tasks.yield()
        local b = socket.tcp4()
        local number = b:getfd()
        b:setfd(-1)
        local old = a:getfd()
        a:setfd(number)
        tasks.yield()
        check.equal("objects.6: setfd", closed, { n = 3, nil, "closed", "" })
        b:setfd(old)
        b:close()
    end)
    a:close()
    a_peer:close()
end

-- tasks.s.11: the other kinds
do
    local udp_a, udp_b = assert(socket.udp4()), assert(socket.udp4())
    udp_a:setsockname("127.0.0.1", 0)
    udp_b:setsockname("127.0.0.1", 0)
    local got
    tasks.run(function()
        tasks.start(function() got = list(udp_a:receivefrom()) end)
        tasks.yield()
        local _, port = udp_a:getsockname()
        udp_b:sendto("datagram", "127.0.0.1", port)
    end)
    check.equal("s.11: UDP", { got[1], got[2] }, { "datagram", "127.0.0.1" })
    udp_a:close()
    udp_b:close()
    if not is_windows then
        local unix = require("socket.unix")
        local path = os.tmpname()
        os.remove(path)
        local server, client = unix.stream(), unix.stream()
        assert(server:bind(path))
        assert(server:listen())
        tasks.run(function()
            tasks.start(function()
                local accepted = assert(server:accept())
                got = accepted:receive()
                accepted:send("back\n")
                accepted:close()
            end)
            assert(client:connect(path))
            client:send("unix\n")
            check.equal("s.11: Unix stream", { client:receive(), got }, { "back", "unix" })
        end)
        client:close()
        server:close()
        os.remove(path)
        local from, to = unix.dgram(), unix.dgram()
        assert(to:bind(path))
        tasks.run(function()
            local count = 0
            tasks.start(function() for _ = 1, 2000 do if to:receive() then count = count + 1 end end end)
            for i = 1, 2000 do assert(from:sendto("d" .. i, path)) end
            for _ = 1, 500 do
                if count == 2000 then break end
                socket.sleep(0.01)
            end
            check.equal("s.11: Unix datagrams, more than the queue holds", count, 2000)
        end)
        from:close()
        to:close()
        os.remove(path)
    end
end

-- tasks.s.10, tasks.waits.8
do
    local pairs_of = {}
    for i = 1, 300 do pairs_of[i] = list(pair()) end
    local objects = {}
    for i = 1, 300 do objects[i] = pairs_of[i][1] end
    local ticks, ready = 0, nil
    tasks.run(function()
        local ticker = tasks.start(function() while not ready do ticks = ticks + 1 socket.sleep(0.001) end end)
        tasks.start(function()
            while ticks <= 5 do socket.sleep(0.005) end
            pairs_of[77][2]:send("x")
        end)
        ready = socket.select(objects, nil, 20)
        ticker:wait()
    end)
    check.ok("s.10: the one that is ready", #ready == 1 and ready[1] == objects[77])
    check.ok("s.10: others run", ticks > 5, ticks)
    check.equal("select: timeout", { tasks.run(function() return socket.select({ objects[1] }, nil, 0.01) end) }, { {}, {}, "timeout" })
    if not is_windows then
        check.equal("waits.8: a regular file is ready", #tasks.run(function()
            local serial = require("socket.serial")(os.tmpname())
            local found = socket.select({ serial }, nil, 5)
            serial:close()
            return found
        end), 1)
    end
    for i = 1, 300 do
        pairs_of[i][1]:close()
        pairs_of[i][2]:close()
    end
end

-- tasks.s.62: a flood of data starves no task
do
    local client, peer = pair()
    local longest, last, stop = 0, socket.gettime(), false
    tasks.run(function()
        local writer = tasks.start(function()
            local line = ("x"):rep(60) .. "\n"
            line = line:rep(100)
            while not stop do peer:send(line) end
            peer:close()
        end)
        tasks.start(function() while client:receive() do local _ = 1 end end)
        for _ = 1, 100 do
            socket.sleep(0.001)
            local now = socket.gettime()
            longest, last = math.max(longest, now - last), now
        end
        stop = true
        writer:wait()
    end)
    check.ok("s.62: ticks go on", longest < 8, longest)
    client:close()
end

-- tasks.fair.1, tasks.s.63
do
    local client, peer = pair()
    local others = 0
    tasks.run(function()
        local stop = false
        tasks.start(function() while not stop do others = others + 1 tasks.yield() end end)
        tasks.yield()
        local before = others
        client:settimeout(0)
        for _ = 1, 1000 do client:receive() end
        check.equal("s.63: an object that does not wait never switches", others, before)
        client:settimeout(nil)
        for _ = 1, 1000 do client:send("x") end
        check.ok("fair.1: a hundred operations in a row", others - before >= 10, others - before)
        check.equal("fair.1: all of it arrives", #peer:receive(1000), 1000)
        stop = true
    end)
    client:close()
    peer:close()
end

-- tasks.s.9, s.36: names, in another thread
tasks.run(function()
    local ticks, done = 0, false
    local ticker = tasks.start(function() while not done do ticks = ticks + 1 tasks.yield() end end)
    local task = tasks.start(function() return socket.dns.toip("no-such-name.invalid") end)
    local ok, ip = task:wait()
    done = true
    ticker:wait()
    check.ok("s.9: a lookup is another thread's", ok and ip == nil and ticks > 0, ticks)
    local other = tasks.start(function() return socket.dns.getaddrinfo("no-such-name-2.invalid") end)
    tasks.yield()
    other:cancel()
    check.equal("s.36: cancel during a lookup", list(other:wait(5))[1], true)
    check.equal("literals", socket.dns.toip("127.0.0.1"), "127.0.0.1")
end)

check.equal("nothing is left", list(unpack({ tasks.step() })), { n = 1, 0 })
check.done()
