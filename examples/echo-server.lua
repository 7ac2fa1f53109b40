-- Sends every line back, to any number of clients at once:  luasocket examples/echo-server.lua [PORT]
-- One thread, no coroutines: select reports which clients are ready. A client that sends half a line, or does not read
-- its answers, delays no other client.
local socket = require("socket")

local LONGEST = 64 * 1024

local server, refusal = socket.bind("127.0.0.1", tonumber((...)) or 0)
if not server then
    io.stderr:write("echo-server: ", refusal, "\n")
    return os.exit(1)
end
server:settimeout(0)
print("listening on port " .. select(2, server:getsockname()))
io.stdout:flush()

-- The clients. For each: the start of an incomplete line, and the part of its answer that is not sent yet.
local clients, lines = {}, {}
---@type table<any, string?>
local answers = {}

local function add(client)
    client:settimeout(0)
    clients[#clients + 1] = client
    lines[client], answers[client] = "", ""
end

local function drop(client)
    for i, other in ipairs(clients) do
        if other == client then table.remove(clients, i) end
    end
    lines[client], answers[client] = nil, nil
    client:close()
end

-- Reads more of a line. At the end of the stream an incomplete line is dropped.
local function read(client)
    local line, message, partial = client:receive("*l", lines[client], LONGEST)
    if line then
        answers[client] = answers[client] .. line .. "\n"
        lines[client] = ""
    elseif message == "timeout" then
        lines[client] = partial
    else
        drop(client)
    end
end

local function write(client)
    local answer = answers[client] or ""
    local last, message, sent = client:send(answer)
    if not last and message ~= "timeout" then return drop(client) end
    answers[client] = answer:sub((last or sent) + 1)
end

while true do
    -- The server stops reading from a client with many unsent answers, until the client reads them.
    local readers, writers = { server }, {}
    for _, client in ipairs(clients) do
        if answers[client] ~= "" then writers[#writers + 1] = client end
        if #answers[client] < LONGEST then readers[#readers + 1] = client end
    end
    local readable, writable = socket.select(readers, writers)
    for _, ready in ipairs(readable) do
        if ready == server then
            local client = server:accept()
            if client then add(client) end
        else
            read(ready)
        end
    end
    for _, client in ipairs(writable) do
        -- read may have dropped the client
        if answers[client] then write(client) end
    end
end
