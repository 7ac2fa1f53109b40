-- One HTTP connection: its opening, and the messages that pass over it.
-- Internal to socket.http, which offers it as `http.open`.
local socket = require("socket")
local ltn12 = require("ltn12")
local framing = require("socket.http_framing")
local native = require("socket.native")("socket_http")
local session = require("socket.session")

local type, error, getmetatable, package, pairs, setmetatable, tonumber =
    type, error, getmetatable, package, pairs, setmetatable, tonumber
local match = string.match

local connection = {}

---The object `http.open` returns. Every failure of its methods closes it and is raised as an exception of
---`socket.try`, to be caught by `socket.protect` (http.open.2). It belongs to one request at a time.
---@class socket.http.connection
---@field c table|userdata the socket
---@field try function a `socket.newtry` function that closes the connection
local methods = {}
local metatable = { __index = methods }

---Sends the request line.
---@param method? string default "GET"
---@param uri string the request target, sent as it is
---@return number|any ... what the socket's `send` returned
function methods:sendrequestline(method, uri)
    return self.try(self.c:send((self.try(framing.compose(method or "GET", uri)))))
end

-- A table without metamethods, of what `pairs` finds in another.
local function plain_copy(fields)
    local copy = {}
    for name, value in pairs(fields) do copy[name] = value end
    return copy
end

---Sends all header lines and the blank line after them, in one piece.
---@param headers table<string, string|number> names are looked up in `socket.headers.canonic` as they are
---@return number one
function methods:sendheaders(headers)
    if type(headers) ~= "table" or getmetatable(headers) then headers = plain_copy(headers) end
    self.try(self.c:send((self.try(framing.compose(nil, nil, headers)))))
    return 1
end

---Sends a body: as it is when `headers` has a `content-length`, else in chunks.
---@param headers table<string, string|number> lower-case names
---@param source? function LTN12 source; default an empty body
---@param step? function LTN12 step; default `ltn12.pump.step`
---@return number one
function methods:sendbody(headers, source, step)
    local mode = headers["content-length"] and "keep-open" or "http-chunked"
    return self.try(ltn12.pump.all(source or ltn12.source.empty(), socket.sink(mode, self.c), step or ltn12.pump.step))
end

---Receives the status line.
---@return number|nil code nil when the answer is HTTP/0.9, which has no status line
---@return string|nil line the whole line, or the first five bytes of an HTTP/0.9 answer; none when a
---socket that is not ours gave 408 by answering with both data and "timeout" (http.receive.8)
function methods:receivestatusline()
    local start, err = self.try(self.c:receive(5))
    if start ~= "HTTP/" then
        if err == "timeout" then return 408 end
        return nil, start
    end
    local line = self.try(framing.receive_line(self.c, self.limits, start))
    local code = match(line, "HTTP/%d*%.%d* (%d%d%d)")
    return self.try(tonumber(code), line)
end

---Receives header lines up to the blank line that ends them, within `http.MAXHEADERLINE` and
---`http.MAXHEADERSIZE` bytes.
---@return table<string, string> headers lower-case names; repeated ones joined with ", "
function methods:receiveheaders()
    return (self.try(framing.receive_fields(self.c, self.limits)))
end

-- The announced length of a body in bytes, or nil when the body goes on until close.
local function content_length(value)
    if type(value) == "number" then return value >= 0 and value % 1 == 0 and value or nil end
    local digits = value and match(value, "^%s*(%d+)%s*$")
    return digits and tonumber(digits)
end

-- The pumps and the maker of table sinks as ltn12 came, nil with an ltn12 that is not this library's.
local pumps = package.loaded["socket.ltn12_pumps"] or {}

-- The tables that the sinks of the string form fill, which nobody else sees.
local collected = setmetatable({}, { __mode = "k" })

-- A sink that collects a body in `target`.
function connection.collector(target)
    local make = ltn12.sink.table
    local sink = make(target)
    if make == pumps.table then collected[sink] = target end
    return sink
end

-- Receives a whole body at once where nobody can see that it did not come in
-- pieces: the string form asked for it, nothing on its way was replaced, and
-- the socket is ours. Returns what ltn12.pump.all returns, or false with nothing read.
local function gather(source, sock, length, sink, step)
    local target, size = collected[sink], socket.BLOCKSIZE
    if not target or ltn12.pump.all ~= pumps.all or step ~= pumps.step then return false end
    local mark = getmetatable(source)
    if type(sock) ~= "userdata" or type(mark) ~= "table" or mark.plain ~= true then return false end
    -- no bytes are not asked for
    if length == 0 or type(size) ~= "number" or size < 1 then return false end
    local body, err = native.receive_body(sock, length, size)
    if not body then return body, err end
    target[#target + 1] = body
    if not length then sock:close() end
    return 1
end

---Receives a body into a sink, framed as the headers tell: in chunks, by length, or until close.
---@param headers table<string, string> lower-case names; `transfer-encoding` and `content-length` count
---@param sink? function LTN12 sink; default discards
---@param step? function LTN12 step; default `ltn12.pump.step`
---@return number one
function methods:receivebody(headers, sink, step)
    local coding = headers["transfer-encoding"]
    sink, step = sink or ltn12.sink.null(), step or ltn12.pump.step
    if coding and coding ~= "identity" then
        return self.try(ltn12.pump.all(socket.source("http-chunked", self.c, {}), sink, step))
    end
    local length = content_length(headers["content-length"])
    local source = socket.source(length and "by-length" or "default", self.c, length)
    local result, err = gather(source, self.c, length, sink, step)
    if result == false then return self.try(ltn12.pump.all(source, sink, step)) end
    if not result then return self.try(nil, err) end
    return self.try(result)
end

---Receives an HTTP/0.9 body into a sink. The connection is closed afterwards.
---@param status string the bytes already read; they come first
---@param sink? function LTN12 sink; default discards
---@param step? function LTN12 step; default `ltn12.pump.step`
---@return number one
function methods:receive09body(status, sink, step)
    local rest = socket.source("until-closed", self.c)
    local ended
    local function source()
        if status then
            local start = status
            status = nil
            return start
        end
        local chunk, err = rest()
        ended = not chunk
        return chunk, err
    end
    local result = self.try(ltn12.pump.all(source, sink or ltn12.sink.null(), step or ltn12.pump.step))
    -- a body read to its end was closed by its source
    if not ended then self:close() end
    return result
end

---Closes the socket.
---@return any ... what the socket's `close` returned
function methods:close()
    return self.c:close()
end

local sendrequestline, sendheaders = methods.sendrequestline, methods.sendheaders

-- True when the head of a request may be sent without these methods: they are called when a script has
-- put its own in their place.
function connection.sends_plainly(h)
    return h.sendrequestline == sendrequestline and h.sendheaders == sendheaders
end

local function closed_on_error(h, ok, ...)
    if ok then return ... end
    -- what `try` raised has closed the connection already
    if not h.failed then session.pcall(h.close, h) end
    error((...), 0)
end

-- Calls f(h, ...). What it raises, a callback's error too, closes the
-- connection at once (http.bugs.11, add.30) and is raised again unchanged.
function connection.run(h, f, ...)
    return closed_on_error(h, session.pcall(f, h, ...))
end

local function establish(h, host, port)
    h.try(h.c:settimeout(h.limits.TIMEOUT))
    h.try(h.c:connect(host, port))
end

-- Opens a connection. `limits` is the table whose TIMEOUT, MAXHEADERLINE and
-- MAXHEADERSIZE hold for it, read when they are needed.
function connection.open(limits, host, port, create)
    local c = socket.try((create or socket.tcp)())
    local h = setmetatable({ c = c, limits = limits, try = socket.try }, metatable)
    h.try = socket.newtry(function()
        h.failed = true
        h:close()
    end)
    connection.run(h, establish, host, port)
    return h
end

return connection
