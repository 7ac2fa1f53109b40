-- A server on `select` that holds 5,000 connections, and 50 clients at once. Their bytes must not mix.
-- time limit: 120
local check = require("check")
local peer = require("peer")
local socket = require("socket")

local HELD, CLIENTS, ROUNDS = 5000, 50, 40

-- Echoes each line with the number of its connection. It never waits for one connection alone.
local server = peer.lua([[
local socket = require("socket")
local listener = assert(socket.bind("127.0.0.1", 0, 1024))
listener:settimeout(0)
print((select(2, listener:getsockname())))
local watched, lines, held, ended = { listener }, {}, 0, false
local place = {}
local function forget(client)
    local last = watched[#watched]
    watched[place[client] ], place[last] = last, place[client]
    watched[#watched], place[client], lines[client] = nil, nil, nil
    held = held - 1
    client:close()
end
while not ended do
    for _, ready in ipairs((socket.select(watched, nil, 30))) do
        if ready == listener then
            local client = listener:accept()
            while client do
                client:settimeout(0)
                watched[#watched + 1], place[client], lines[client] = client, #watched + 1, ""
                held = held + 1
                client = listener:accept()
            end
        else
            local line, problem, partial = ready:receive("*l", lines[ready])
            if line then
                lines[ready] = ""
                if line == "end" then ended = true end
                ready:send((line == "count" and held or line) .. "\n")
            elseif problem == "timeout" then
                lines[ready] = partial
            else
                forget(ready)
            end
        end
    end
end
]])

local function connected()
    local client, problem = socket.connect("127.0.0.1", server.port)
    if client then client:settimeout(60) end
    return client, problem
end

local held = {}
for i = 1, HELD do
    local client, problem = connected()
    if not client then
        check.ok("connection " .. i, false, problem)
        break
    end
    held[i] = client
end
local first = held[1]
first:send("count\n")
check.equal("connections held", first:receive(), tostring(HELD))

-- Every client sends different lines, in pieces cut anywhere, and reads from each ready connection.
local function line_of(client, round)
    return ("%d-%d:%s"):format(client, round, ("abcdefghijklmnopqrstuvwxyz"):rep(client + round))
end
local clients, states = {}, {}
for i = 1, CLIENTS do
    clients[i] = assert(connected())
    clients[i]:settimeout(0)
    states[clients[i]] = { number = i, sent = 0, got = 0, pending = "", partial = "" }
end
local wrong, running, started = 0, CLIENTS, socket.gettime()
local reading = {}
for i, client in ipairs(clients) do reading[i] = client end
while running > 0 and socket.gettime() - started < 60 do
    local writing = {}
    for _, client in ipairs(clients) do
        local state = states[client]
        if state.pending == "" and state.sent == state.got and state.sent < ROUNDS then
            state.sent = state.sent + 1
            state.pending = line_of(state.number, state.sent) .. "\n"
        end
        if state.pending ~= "" then writing[#writing + 1] = client end
    end
    local readable, writable = socket.select(reading, writing, 10)
    for _, client in ipairs(writable) do
        local state = states[client]
        local size = (state.number * 7 + #state.pending) % 97 + 1
        local last, _, part = client:send(state.pending, 1, math.min(size, #state.pending))
        state.pending = state.pending:sub((last or part) + 1)
    end
    for _, client in ipairs(readable) do
        local state = states[client]
        local line, problem, partial = client:receive("*l", state.partial)
        state.partial = partial or ""
        if line then
            state.got = state.got + 1
            if line ~= line_of(state.number, state.got) then wrong = wrong + 1 end
            if state.got == ROUNDS then running = running - 1 end
        elseif problem ~= "timeout" then
            wrong, running = wrong + 1, 0
        end
    end
end
check.equal("clients that are not done", running, 0)
check.equal("lines that were wrong", wrong, 0)
local bytes = 0
for _, client in ipairs(clients) do
    bytes = bytes + (client:getstats())
    client:close()
end
local expected = 0
for i = 1, CLIENTS do
    for round = 1, ROUNDS do expected = expected + #line_of(i, round) + 1 end
end
check.equal("bytes that came back", bytes, expected)

-- the idle connections still work as at the start
local silent = 0
for i = 1, HELD, 50 do
    held[i]:send(i .. "\n")
    if held[i]:receive() ~= tostring(i) then silent = silent + 1 end
end
check.equal("held connections that do not answer", silent, 0)
for i = 2, HELD do held[i]:close() end
local count
local patience = socket.gettime() + 20
repeat
    first:send("count\n")
    count = first:receive()
until count == "1" or socket.gettime() > patience
check.equal("connections left", count, "1")
first:send("end\n")
server:close()
check.done()
