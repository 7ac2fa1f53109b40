-- needs: certs
-- TLS objects under a scheduler like Copas: non-blocking, with coroutines that wait in `select`, on client and server
-- side, with HTTPS requests inside. Numbers refer to tls.md.
local check = require("check")
local tls = require("tls")
local ssl = require("socket.tls")
local http = require("socket.http")
local ltn12 = require("ltn12")
local socket = require("socket")

-- the scheduler: which coroutine waits for which object, in which direction
local readers, writers, threads = {}, {}, 0

local function advance(thread, ...)
    local ok, waiting, object = coroutine.resume(thread, ...)
    if not ok then error(waiting, 0) end
    if coroutine.status(thread) == "dead" then
        threads = threads - 1
    else
        waiting[object] = thread
    end
end

local function start(f, ...)
    threads = threads + 1
    advance(coroutine.create(f), ...)
end

local function objects(waiting)
    local list = {}
    for object in pairs(waiting) do list[#list + 1] = object end
    return list
end

local function run()
    local idle = 0
    while threads > 0 do
        local readable, writable = socket.select(objects(readers), objects(writers), 5)
        idle = #readable + #writable == 0 and idle + 1 or 0
        if idle > 2 then error("no coroutine continues", 0) end
        for list, waiting in pairs({ [readable] = readers, [writable] = writers }) do
            for _, object in ipairs(list) do
                local thread = waiting[object]
                waiting[object] = nil
                if thread then advance(thread) end
            end
        end
    end
end

-- Copas recognizes TLS objects by these three letters
local function is_tls(object) return tostring(object):sub(1, 3) == "SSL" end

local function wait(object, message)
    if message == "wantwrite" then
        coroutine.yield(writers, object)
    elseif message == "wantread" or not is_tls(object) and message == "timeout" then
        coroutine.yield(readers, object)
    else
        return false
    end
    return true
end

-- The methods of a socket, for coroutines.
local methods = {}
methods.__index = methods

function methods.settimeout() return 1 end

function methods:connect(host, port)
    local ok, err = self.sock:connect(host, port)
    while not ok and (err == "timeout" or err:find("in progress", 1, true)) do
        coroutine.yield(writers, self.sock)
        ok, err = self.sock:connect(host, port)
        if err == "already connected" then ok = 1 end
    end
    if not ok then return nil, err end
    return self:handshake("localhost")
end

function methods:handshake(name)
    self.sock = assert(ssl.wrap(self.sock, self.parameters))
    self.sock:settimeout(0)
    if name then self.sock:sni(name) end
    local ok, err
    repeat ok, err = self.sock:dohandshake() until ok or not wait(self.sock, err)
    return ok and 1 or nil, err
end

function methods:send(data, i, j)
    local last, err, sent = self.sock:send(data, i, j)
    while not last and wait(self.sock, err) do last, err, sent = self.sock:send(data, sent + 1, j) end
    return last, err, sent
end

function methods:receive(pattern, prefix)
    local data, err, partial = self.sock:receive(pattern, prefix)
    while not data and wait(self.sock, err) do data, err, partial = self.sock:receive(pattern, partial) end
    return data, err, partial
end

function methods:close() return self.sock:close() end

local function wrapped(sock, parameters)
    sock:settimeout(0)
    return setmetatable({ sock = sock, parameters = parameters }, methods)
end

local listener = assert(socket.bind("127.0.0.1", 0, 128))
listener:settimeout(0)
local address, port = listener:getsockname()
local server_parameters = assert(ssl.newcontext(tls.server()))
local CLIENTS, LONG = 40, ("0123456789abcdef"):rep(20000)

local function serve(connection)
    assert(connection:handshake())
    local line = assert(connection:receive("*l"))
    if line:find("^GET") then
        repeat local header = assert(connection:receive("*l")) until header == ""
        connection:send("HTTP/1.1 200 OK\r\nContent-Length: " .. #LONG .. "\r\n\r\n" .. LONG)
    else
        while line do
            connection:send(line .. LONG .. "\n")
            line = connection:receive("*l")
        end
    end
    connection:close()
end

start(function()
    for _ = 1, 2 * CLIENTS do
        local accepted = listener:accept()
        while not accepted do
            coroutine.yield(readers, listener)
            accepted = listener:accept()
        end
        start(serve, wrapped(accepted, server_parameters))
    end
end)

local outcomes = {}
for i = 1, CLIENTS do
    start(function()
        local connection = wrapped(assert(socket.tcp()), tls.client())
        local ok, err = connection:connect(address, port)
        local good = ok
        for round = 1, 3 do
            if not good then break end
            connection:send(i .. " " .. round .. "\n")
            good = connection:receive("*l") == i .. " " .. round .. LONG
        end
        connection:close()
        outcomes[#outcomes + 1] = good and "same" or tostring(err)
    end)
    start(function()
        local chunks = {}
        local ok, code = http.request({
            url = "http://" .. address .. ":" .. math.floor(port) .. "/", sink = ltn12.sink.table(chunks),
            create = function() return wrapped(assert(socket.tcp()), tls.client()) end,
        })
        outcomes[#outcomes + 1] = ok and code == 200 and table.concat(chunks) == LONG and "same" or tostring(code)
    end)
end
run()
local expected = {}
for i = 1, 2 * CLIENTS do expected[i] = "same" end
check.equal("96, 97 every connection gets what is its own", outcomes, expected)
check.equal("96 no coroutine waits any more", { next(readers), next(writers) }, {})

-- a peer closes in the middle of a handshake
start(function()
    local accepted = listener:accept()
    while not accepted do
        coroutine.yield(readers, listener)
        accepted = listener:accept()
    end
    coroutine.yield(readers, accepted)
    accepted:close()
end)
local ended
start(function()
    local connection = wrapped(assert(socket.tcp()), tls.client())
    ended = { connection:connect(address, port) }
    connection:close()
end)
run()
check.equal("B6 a peer that ends while a coroutine waits", { ended[1], ended[2] == "closed" or ended[2] == "unexpected eof while reading" },
    { nil, true })

check.done()
