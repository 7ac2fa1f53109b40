-- Scripted servers for line protocols, in a second process.
--
--   local server = dialogue.serve({ steps, steps, ... })   -- one list for each connection, in order
--   ... talk to server.port ...
--   server:transcript(print)      -- the lines the server received; waits until it has ended
--
-- A step is
--   a string        the reply: the first is the greeting, each later one answers a line
--                   ("%EPSV%" and "%PASV%" in it stand for a listening port)
--   { raw = s }     sends s unchanged, without waiting for a line
--   { lines = n }   reads n lines without answering
--   { message = s } reads a mail message up to its end mark, and answers s
--   { download = s, reply = r }    data connection: sends s, closes, answers r
--   { upload = true, reply = r }   data connection: reads everything, answers r
--   { abort = true, reply = r }    data connection: reads some bytes, answers r, closes it
--   { early = r }   data connection: reads some bytes, answers r, reads the rest
--   { hold = true } does not use the data connection until the client has closed
--   { quit = true } closes the connection
-- After its steps the server waits for the client's end of file.
-- The field `times` of a list repeats the list for that many connections, without a transcript.
local peer = require("peer")

local dialogue = {}

local function serialized(v)
    if type(v) ~= "table" then
        return type(v) == "string" and ("%q"):format(v) or tostring(v)
    end
    local parts = {}
    for key, item in pairs(v) do
        parts[#parts + 1] = "[" .. serialized(key) .. "]=" .. serialized(item)
    end
    return "{" .. table.concat(parts, ",") .. "}"
end

---Starts a server for these connections, on `address` (default 127.0.0.1).
function dialogue.serve(connections, address)
    local server = peer.lua(("require('dialogue').run(%s, %q)"):format(serialized(connections), address or "127.0.0.1"))
    function server:transcript(out)
        for line in self.output:lines() do out(line) end
        self:close()
    end
    return server
end

-- The reply to EPSV, in an FTP dialogue.
dialogue.EPSV = "229 extended passive (|||%EPSV%|)"

---The steps of an FTP connection: the greeting, the login, then these.
---@return table steps
function dialogue.after_login(...)
    local steps = { "220 hi", "331 password", "230 in" }
    for _, step in ipairs({ ... }) do steps[#steps + 1] = step end
    return steps
end

local function printable(s)
    if #s > 300 then return ("<%d bytes>"):format(#s) end
    return (s:gsub("[%c\\\127-\255]", function(c) return ("\\%03d"):format(c:byte()) end))
end

local actions = {}

function actions.raw(state, step) state.client:send(step.raw) end

function actions.lines(state, step)
    for _ = 1, step.lines do state.take() end
end

function actions.message(state, step)
    local text = ""
    while not text:find("\r\n.\r\n", -5, true) do
        local byte = state.client:receive(1)
        if not byte then return state.log("  message cut off after " .. #text .. " bytes: " .. printable(text)) end
        text = text .. byte
    end
    state.log("  message: " .. printable(text))
    state.client:send(step.message .. "\r\n")
end

function actions.download(state, step)
    local data = state.data()
    data:send(step.download)
    data:close()
    state.client:send(step.reply .. "\r\n")
end

function actions.upload(state, step)
    local data = state.data()
    local content, _, partial = data:receive("*a")
    data:close()
    state.log("  uploaded: " .. printable(content or partial))
    state.client:send(step.reply .. "\r\n")
end

function actions.abort(state, step)
    local data = state.data()
    data:receive(10)
    state.client:send(step.reply .. "\r\n")
    data:close()
end

function actions.early(state, step)
    local data = state.data()
    data:receive(1)
    state.client:send(step.early .. "\r\n")
    data:receive("*a")
    data:close()
end

function actions.hold(state)
    state.held = state.data()
end

function actions.quit(state)
    state.client:close()
    state.closed = true
end

local function perform(state, step, first)
    if type(step) == "table" then
        for name, action in pairs(actions) do
            if step[name] then return action(state, step) end
        end
    end
    if not first and not state.take() then return end
    state.client:send(state.filled(step) .. "\r\n")
end

-- One connection. A data connection listens at `address`.
local function converse(client, steps, log, socket, address)
    local state = { client = client, log = log }
    local listener, active
    client:settimeout(10)
    client:setoption("tcp-nodelay", true)

    function state.take()
        local line, err = client:receive("*l")
        if not line then
            log("  no line: " .. err)
            return nil
        end
        local a, b, c, d, high, low = line:match("^PORT (%d+),(%d+),(%d+),(%d+),(%d+),(%d+)$")
        if a then active = { table.concat({ a, b, c, d }, "."), tonumber(high) * 256 + tonumber(low) } end
        local family, host, port = line:match("^EPRT |(%d)|(.-)|(%d+)|$")
        if family then active = { host, tonumber(port) } end
        log("  " .. printable(line))
        return line
    end

    function state.filled(reply)
        if not reply:find("%%[EP]") then return reply end
        if listener then listener:close() end
        listener = assert(socket.bind(address, 0))
        listener:settimeout(10)
        active = nil
        local _, port = listener:getsockname()
        port = tonumber(port)
        local low = port % 256
        return (reply:gsub("%%EPSV%%", port):gsub("%%PASV%%", ("%d,%d"):format((port - low) / 256, low)))
    end

    function state.data()
        local data
        if active then
            data = socket.tcp()
            assert(data:connect(active[1], active[2]))
        else
            data = assert(listener:accept())
        end
        data:settimeout(10)
        return data
    end

    for i, step in ipairs(steps) do
        if state.closed then break end
        perform(state, step, i == 1)
    end
    if not state.closed then
        while true do
            local line, err = client:receive("*l")
            if not line then
                log("  end: " .. err)
                break
            end
            log("  more: " .. printable(line))
        end
        client:close()
    end
    if state.held then state.held:close() end
    if listener then listener:close() end
end

---Runs in the server's process.
function dialogue.run(connections, address)
    local socket = require("socket")
    local server = assert(socket.bind(address, 0))
    server:settimeout(20)
    print((select(2, server:getsockname())))
    for _, steps in ipairs(connections) do
        local log = steps.times and function() end or print
        for _ = 1, steps.times or 1 do
            local client, err = server:accept()
            if not client then return print("no connection: " .. err) end
            log("connection")
            converse(client, steps, log, socket, address)
        end
    end
end

return dialogue
