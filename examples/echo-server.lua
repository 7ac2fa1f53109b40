-- Sends every line back, to any number of clients at once:  luasocket examples/echo-server.lua [PORT]
-- One thread, no coroutines: select says who has something to do. A client that sends half a line, or that does
-- not read its answers, keeps nobody waiting.
local socket = require("socket")

local LONGEST = 64 * 1024

local server, refusal = socket.bind("127.0.0.1", tonumber((...)) or 0)
if not server then
    io.stderr:write("echo-server: ", refusal, "\n")
    os.exit(1)
end
server:settimeout(0)
print("listening on port " .. select(2, server:getsockname()))
io.stdout:flush()

-- Clients, each with the beginning of a line it has sent, and the answer it has not read yet.
local clients, lines, answers = {}, {}, {}

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

-- Takes what has come of a line. The end of the stream counts when it is the end of a line.
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
    local answer = answers[client]
    local last, message, sent = client:send(answer)
    if not last and message ~= "timeout" then return drop(client) end
    answers[client] = answer:sub((last or sent) + 1)
end

while true do
    -- A client whose answers pile up is not listened to until it has read them.
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
        -- reading may have dropped it
        if answers[client] then write(client) end
    end
end
