-- Line-based request and reply transport, shared by SMTP, FTP and similar protocols. A command is one line. A reply
-- is a three-digit code and a text. When "-" follows the code, more lines follow, until the code is repeated with a
-- space or alone.
local captured = ...
local socket, ltn12, tp, session = captured.socket, captured.ltn12, captured.tp, captured.calls()

-- Most bytes of one reply: a server that never ends its reply must not fill the memory.
local MAXREPLY = 4 * 1024 * 1024

---@class socket.tp.connection
---@field c table the underlying connection (T3)
---@field ours boolean true when `c` is this library's socket, not made by a user's `create`
local connection = {}
local metatable = { __index = connection }

-- Connections made here are this library's sockets, whose receive takes a limit. Objects from a user's `create` get
-- the plain call.
local function receive_line(self, size)
    local line, err
    if self.ours then
        line, err = self.c:receive("*l", "", MAXREPLY - size)
    else
        line, err = self.c:receive()
    end
    if not line then return nil, err end
    if size + #line + 1 >= MAXREPLY then return nil, "oversized" end
    return line
end

-- Reads one reply (T5). Returns code and text, or nil and a message.
local function receive_reply(self)
    local line, err = receive_line(self, 0)
    if not line then return nil, err end
    local code, separator = line:match("^(%d%d%d)(.?)")
    if not code then return nil, "invalid server reply" end
    if separator ~= "-" then return code, line end
    local lines, size, last = { line }, #line + 1, "^" .. code .. " "
    repeat
        line, err = receive_line(self, size)
        if not line then return nil, err end
        lines[#lines + 1] = line
        size = size + #line + 1
    until line == code or line:find(last)
    return code, table.concat(lines, "\n")
end

local function accepted(code, reply, ok)
    if type(ok) == "function" then return ok(tonumber(code), reply) end
    if type(ok) ~= "table" then ok = { ok } end
    for _, pattern in ipairs(ok) do
        if code:find(pattern) then return tonumber(code), reply end
    end
    return nil, reply
end

---Reads and checks one reply (T5, T6).
---@param ok string|number|table|fun(code: number, reply: string): any
--- a pattern for the code, an array of patterns, or a function that checks the reply
---@return number|nil code nil when the reply could not be read or does not match
---@return string reply the whole reply, or the error
function connection:check(ok)
    if ok == nil then error("bad argument #1 to 'check' (value expected)", 2) end
    local code, reply = receive_reply(self)
    if not code then return nil, reply end
    return accepted(code, reply, ok)
end

---Sends a command line (T4).
---@param cmd string|number sent in upper case
---@param arg string|number|false|nil
---@return number|nil sent bytes, or nil with a message; a line break or NUL in either is refused (add.26)
---@return string|nil message
function connection:command(cmd, arg)
    ---@cast cmd string
    local line = string.upper(cmd)
    if arg then line = line .. " " .. arg end
    local ok, message = session.valid("command", line)
    if not ok then return nil, message end
    return self.c:send(line .. "\r\n")
end

---Receives once and passes the result to a sink, once.
---@param snk function ltn12 sink
---@param pat string|number|nil receive pattern
---@return any ... the results of the sink
function connection:sink(snk, pat)
    local chunk, err = self.c:receive(pat)
    return snk(chunk, err)
end

---Sends the data of a source; the connection stays open.
---@param src function ltn12 source
---@param step function|nil ltn12 pump step
---@return number|nil ok 1, or nil with the source's or the connection's message
---@return string|nil message
function connection:source(src, step)
    local ok, message = ltn12.pump.all(src, socket.sink("keep-open", self.c), step)
    return ok, message
end

---@param data string
---@return number|nil sent
---@return string|nil message
---@return number|nil last
function connection:send(data)
    return self.c:send(data)
end

---@param pattern string|number|nil
---@return string|nil data
---@return string|nil message
---@return string|nil partial
function connection:receive(pattern)
    return self.c:receive(pattern)
end

---@return number descriptor
function connection:getfd()
    return self.c:getfd()
end

---@return boolean
function connection:dirty()
    return self.c:dirty()
end

---@return string|nil address of the peer
---@return number|string|nil port
function connection:getpeername()
    return self.c:getpeername()
end

---@return string|nil address local address
---@return number|string|nil port
function connection:getsockname()
    return self.c:getsockname()
end

---@return table c the underlying connection
function connection:getcontrol()
    return self.c
end

---Closes the connection; further calls do nothing.
---@return number one
function connection:close()
    if not self.closed then
        self.closed = true
        self.c:close()
    end
    return 1
end

local function establish(self, host, port, timeout)
    self.c:settimeout(timeout or tp.TIMEOUT)
    return self.c:connect(host, port)
end

---Connects to a server. Sends and reads nothing (T2).
---@param host string
---@param port number|string
---@param timeout number|nil seconds, default `tp.TIMEOUT`
---@param create (fun(): table)|nil makes the connection object, default `socket.tcp`
---@return socket.tp.connection|nil connection
---@return string|nil message
local function connect(host, port, timeout, create)
    local c, message = (create or socket.tcp)()
    if not c then return nil, message end
    local self = setmetatable({ c = c, ours = not create }, metatable)
    local ok
    ok, message = session.run(self, establish, host, port, timeout)
    if not ok then
        self:close()
        return nil, message
    end
    return self
end

return { connect = connect }
