-- Downloads several URLs at once, with coroutines and select:  luasocket examples/parallel.lua URL...
-- Each download is plain, blocking-style code: socket.http, unchanged. Its socket yields where it would wait, and
-- the scheduler goes on with another one.
local socket = require("socket")
local http = require("socket.http")
local ssl = require("ssl")

-- What a socket that is not to wait says instead, and what it needs then; LuaSec's objects name the direction.
local DIRECTIONS = { wantread = "receive", wantwrite = "send" }

-- A socket that yields instead of waiting: the coroutine gets "receive" or "send" and the socket out to the scheduler.
-- For https it makes TLS itself: `socket.http` leaves that to the sockets that it is given.
local function yielding(sock, secure)
    sock:settimeout(0)
    local object = {}

    local function wait(direction) coroutine.yield(direction, sock) end

    -- Waits when `message` says that there is nothing yet; false for any other failure.
    local function waited(message, direction)
        direction = DIRECTIONS[message] or message == "timeout" and direction
        if direction then wait(direction) end
        return direction
    end

    local function handshake(host)
        local refusal
        sock, refusal = ssl.wrap(sock, { mode = "client", protocol = "any", verify = "peer" })
        if not sock then return nil, refusal end
        sock:settimeout(0)
        sock:sni(host)
        while true do
            local ok, message, why = sock:dohandshake()
            if ok then return 1 end
            if not waited(message) then return nil, why and message .. ", " .. why or message end
        end
    end

    function object.settimeout() return 1 end

    function object.connect(_, host, port)
        local ok, message = sock:connect(host, port)
        if not ok and message ~= "timeout" then return nil, message end
        if not ok then
            -- the attempt goes on; it has ended when the socket can be written to
            wait("send")
            message = sock:getoption("error")
            if message then return nil, message end
        end
        if secure then return handshake(host) end
        return 1
    end

    function object.send(_, data, i, j)
        while true do
            local last, message, sent = sock:send(data, i, j)
            if last or not waited(message, "send") then return last, message, sent end
            i = sent + 1
        end
    end

    function object.receive(_, pattern, prefix)
        while true do
            local data, message, partial = sock:receive(pattern, prefix)
            if data or not waited(message, "receive") then return data, message, partial end
            prefix = partial
        end
    end

    function object.close() return sock:close() end
    return object
end

local function download(address)
    local request = http.genericform(address)
    function request.create()
        local sock, message = socket.tcp()
        if not sock then return nil, message end
        return yielding(sock, address:find("^[Hh][Tt][Tt][Pp][Ss]:") ~= nil)
    end
    local ok, code = http.request(request)
    if not ok then return print(address, "failed: " .. code) end
    print(address, code, #table.concat(request.target))
end

-- The scheduler: what each coroutine waits for, until none waits.
local waiting = { receive = {}, send = {} }
local running = 0

local function resume(thread, ...)
    local ok, direction, sock = coroutine.resume(thread, ...)
    if not ok then error(direction, 0) end
    if coroutine.status(thread) == "dead" then
        running = running - 1
    else
        waiting[direction][sock] = thread
    end
end

local function list(set)
    local sockets = {}
    for sock in pairs(set) do sockets[#sockets + 1] = sock end
    return sockets
end

local function wake(set, ready)
    for _, sock in ipairs(ready) do
        local thread = set[sock]
        set[sock] = nil
        resume(thread)
    end
end

if not ... then
    io.stderr:write("usage: parallel.lua URL...\n")
    os.exit(1)
end
local start = socket.gettime()
for _, address in ipairs({ ... }) do
    running = running + 1
    resume(coroutine.create(download), address)
end
while running > 0 do
    local readable, writable = socket.select(list(waiting.receive), list(waiting.send))
    wake(waiting.receive, readable)
    wake(waiting.send, writable)
end
io.stderr:write(("%.2f s\n"):format(socket.gettime() - start))
