-- Sockets that exist only in this process: each answers with a prepared reply and records the calls on it. For
-- socket.http's `create` and socket.tcp.
local fake = {}

local function argument(v) return type(v) == "string" and ("%q"):format(v) or tostring(v) end

local methods = {}

function methods:note(name, ...)
    local words = {}
    for i = 1, select("#", ...) do words[i] = argument((select(i, ...))) end
    local calls = self.peer.calls
    calls[#calls + 1] = name .. "(" .. table.concat(words, ", ") .. ")"
end

-- The failure configured for a method, as { message } or { nil }.
local function failure(self, name)
    return self.peer.fail and self.peer.fail[name]
end

function methods:settimeout(...)
    self:note("settimeout", ...)
    local failed = failure(self, "settimeout")
    if failed then return nil, failed[1] end
    return 1
end

function methods:connect(...)
    self:note("connect", ...)
    local failed = failure(self, "connect")
    if failed then return nil, failed[1] end
    self.host, self.port = ...
    return 1
end

function methods:send(...)
    local data = ...
    self.sent[#self.sent + 1] = data
    local calls = self.peer.calls
    calls[#calls + 1] = select("#", ...) == 1 and "send(..)" or "send with " .. select("#", ...) .. " arguments"
    local failed = failure(self, "send")
    if failed then return nil, failed[1] end
    return #data
end

local function cut(self, n)
    local piece = self.left:sub(1, n)
    self.left = self.left:sub(n + 1)
    return piece
end

function methods:receive(...)
    self:note("receive", ...)
    local pattern, prefix = ...
    pattern, prefix = pattern or "*l", prefix or ""
    if type(pattern) == "number" then
        if #self.left >= pattern then return cut(self, pattern) end
        return nil, self.peer.ending or "closed", cut(self, #self.left)
    end
    local stop = self.left:find("\n", 1, true)
    if not stop then return nil, self.peer.ending or "closed", cut(self, #self.left) end
    return prefix .. (cut(self, stop):gsub("[\r\n]", ""))
end

function methods:close(...)
    self:note("close", ...)
    self.closed = (self.closed or 0) + 1
    return 1
end

function methods:getfd() return self.peer.fd or -1 end

function methods.dirty() return false end

local metatable = { __index = methods }

-- A peer that answers its connections with the given replies, in order. The last reply also serves all later
-- connections.
--   .calls      every call on its sockets, as text
--   .sockets    the sockets made: .host, .port, .sent (list), .closed (count)
--   .create     makes a socket, as socket.tcp does
--   .fail       method name -> { message }: that method fails
--   .ending     the error of a read after the reply (default "closed")
function fake.peer(...)
    local peer = { calls = {}, sockets = {}, replies = { ... } }
    function peer.create()
        local sockets, replies = peer.sockets, peer.replies
        local reply = replies[math.min(#sockets + 1, #replies)] or ""
        local sock = setmetatable({ peer = peer, left = reply, sent = {} }, metatable)
        sockets[#sockets + 1] = sock
        return sock
    end
    return peer
end

-- All bytes that one socket sent.
function fake.sent(sock) return table.concat(sock.sent) end

-- The request line that a socket sent.
function fake.request_line(sock) return fake.sent(sock):match("^[^\r\n]*\r\n") end

-- The header line with that name (case-insensitive), or "(no such header)".
function fake.header(sock, name)
    local head = fake.sent(sock):match("^(.-\r\n)\r\n") or ""
    for line in head:gmatch("([^\r\n]+)\r\n") do
        if line:lower():sub(1, #name + 1) == name:lower() .. ":" then return line end
    end
    return "(no such header)"
end

-- The header lines that a socket sent, sorted: their order is not fixed.
function fake.headers(sock)
    local lines, head = {}, fake.sent(sock):match("^[^\r\n]*\r\n(.-\r\n)\r\n") or ""
    for line in head:gmatch("([^\r\n]+)\r\n") do lines[#lines + 1] = line end
    table.sort(lines)
    return lines
end

-- The bytes that a socket sent after the head.
function fake.body(sock)
    return fake.sent(sock):match("\r\n\r\n(.*)$")
end

-- Each connection as `METHOD target @host:port`, joined with " , ".
function fake.requests(peer)
    local list = {}
    for i, sock in ipairs(peer.sockets) do
        list[i] = ("%s @%s%s:%s"):format((fake.request_line(sock) or "(nothing) HTTP/1.1"):match("^(.-) HTTP"),
            sock.kind or "", tostring(sock.host), tostring(sock.port))
    end
    return table.concat(list, " , ")
end

-- A sink that records its calls; the second result returns the record as text.
function fake.sink()
    local seen = {}
    local function sink(chunk, err)
        seen[#seen + 1] = argument(chunk) .. (err ~= nil and "+" .. argument(err) or "")
        return 1
    end
    return sink, function() return #seen == 0 and "not called" or table.concat(seen, " , ") end
end

return fake
