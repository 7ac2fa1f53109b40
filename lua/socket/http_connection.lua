-- One HTTP connection: its opening, and the messages that pass over it.
-- Internal to socket.http, which offers it as `http.open`.
local socket = require("socket")
local ltn12 = require("ltn12")
local framing = require("socket.http_framing")
local native = require("socket.native")("socket_http")
local session = require("socket.session")

local type, error, getmetatable, package, pairs, setmetatable, tonumber =
    type, error, getmetatable, package, pairs, setmetatable, tonumber
local find, format, sub = string.find, string.format, string.sub

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

-- A sink like another that notes in `notes.failed` that it failed, and not its source.
local function watched(sink, notes)
    return setmetatable({ getfd = sink.getfd, dirty = sink.dirty }, {
        __call = function(_, chunk, err)
            local ok, message = sink(chunk, err)
            if not ok then notes.failed = true end
            return ok, message
        end,
    })
end

-- Sends a body. Returns 1, or nil, a message, and whether it was the sending that failed.
local function send_body(h, headers, source, step)
    local mode = headers["content-length"] and "keep-open" or "http-chunked"
    local notes = {}
    local sink = socket.sink(mode, h.c)
    if type(sink) == "table" then sink = watched(sink, notes) end
    local ok, err = ltn12.pump.all(source or ltn12.source.empty(), sink, step or ltn12.pump.step)
    return ok, err, notes.failed
end

---Sends a body: as it is when `headers` has a `content-length`, else in chunks.
---@param headers table<string, string|number> lower-case names
---@param source? function LTN12 source; default an empty body
---@param step? function LTN12 step; default `ltn12.pump.step`
---@return number one
function methods:sendbody(headers, source, step)
    return (self.try(send_body(self, headers, source, step)))
end

local sendbody = methods.sendbody

-- Sends a body. Returns nothing, or the message when sending failed: the server may have answered already. Any other
-- failure is raised.
function connection.send_body(h, headers, source, step)
    if h.sendbody ~= sendbody then
        h:sendbody(headers, source, step)
        return nil
    end
    local ok, err, refused = send_body(h, headers, source, step)
    if ok then return nil end
    if not refused then h.try(nil, err) end
    return err or "closed"
end

-- True when so few bytes are the whole of an HTTP/0.9 answer, and not the start of a status line.
local function is_bare(bytes)
    return type(bytes) == "string" and bytes ~= "" and bytes ~= sub("HTTP/", 1, #bytes)
end

-- Receives a status line. Returns code and line; or nil and the first bytes of an HTTP/0.9 answer; or 408 alone when a
-- socket that is not ours answered with both data and "timeout" (http.receive.8); or nil, nil and a message.
local function receive_status(h)
    local start, err, partial = h.c:receive(5)
    if not start then
        if err == "closed" and is_bare(partial) then return nil, partial end
        return nil, nil, err
    end
    if start ~= "HTTP/" then
        if err == "timeout" then return 408 end
        return nil, start
    end
    local line
    line, err = framing.receive_line(h.c, h.limits, start)
    if not line then return nil, nil, err end
    local code = socket.skip(2, find(line, "HTTP/%d*%.%d* (%d%d%d)"))
    code = tonumber(code)
    if not code then return nil, nil, line end
    return code, line
end

---Receives the status line.
---@return number|nil code nil when the answer is HTTP/0.9, which has no status line
---@return string|nil line the whole line, or the first five bytes of an HTTP/0.9 answer, fewer when it has fewer; none
---when a socket that is not ours gave 408 by answering with both data and "timeout" (http.receive.8)
function methods:receivestatusline()
    local code, line, err = receive_status(self)
    if not code and not line then return self.try(nil, err) end
    return code, line
end

-- The code and line of an answer that came although the request's body could not be sent, or nil (add.45).
function connection.early_status(h, err)
    local c = h.c
    local waited = err == "timeout" or err == "wantread" or err == "wantwrite"
    -- what has not come by now is not waited for again
    if waited then c:settimeout(0) end
    local code, line = receive_status(h)
    if waited then c:settimeout(h.limits.TIMEOUT) end
    if code and line then return code, line end
    return nil
end

---Receives header lines up to the blank line that ends them, within `http.MAXHEADERLINE` and
---`http.MAXHEADERSIZE` bytes.
---@return table<string, string> headers lower-case names; repeated ones joined with ", "
function methods:receiveheaders()
    return (self.try(framing.receive_fields(self.c, self.limits)))
end

-- Where the body of an answer ends: a length, "chunked", or nil when it goes on until close; false and a message when
-- the headers contradict each other.
local function body_end(headers)
    local coding, length = headers["transfer-encoding"], headers["content-length"]
    if type(length) == "number" then length = length >= 0 and length % 1 == 0 and format("%.0f", length) or nil end
    return native.body_end(coding, length)
end

-- The pumps and the maker of table sinks as ltn12 came, nil with an ltn12 that is not this library's.
local pumps = package and package.loaded and package.loaded["socket.ltn12_pumps"] or {}

-- The tables that the sinks of the string form fill, which nobody else sees.
local collected = setmetatable({}, { __mode = "k" })

-- A sink that collects a body in `target`.
function connection.collector(target)
    local make = ltn12.sink.table
    local sink = make(target)
    if make == pumps.table then collected[sink] = target end
    return sink
end

-- The table that such a sink collects in, or nil.
function connection.collected(sink) return sink and collected[sink] end

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

-- Receives a body into a sink; the fields after one in chunks go into `trailers`.
local function receive_body(h, headers, sink, step, trailers)
    local length, problem = body_end(headers)
    if length == false then return h.try(nil, problem) end
    sink, step = sink or ltn12.sink.null(), step or ltn12.pump.step
    if length == "chunked" then
        return h.try(ltn12.pump.all(socket.source("http-chunked", h.c, trailers), sink, step))
    end
    local source = socket.source(length and "by-length" or "default", h.c, length)
    local result, err = gather(source, h.c, length, sink, step)
    if result == false then return h.try(ltn12.pump.all(source, sink, step)) end
    if not result then return h.try(nil, err) end
    return h.try(result)
end

---Receives a body into a sink, framed as the headers say: in chunks, by length, or until close.
---@param headers table<string, string> lower-case names; `transfer-encoding` and `content-length` count
---@param sink? function LTN12 sink; default discards
---@param step? function LTN12 step; default `ltn12.pump.step`
---@return number one
function methods:receivebody(headers, sink, step)
    return receive_body(self, headers, sink, step, {})
end

local receivebody = methods.receivebody

-- Receives the body of an answer, whose trailers are added to its headers (add.48). A method that a program has put in
-- the place of this library's is called as ever.
function connection.receive_body(h, headers, sink, step)
    if h.receivebody ~= receivebody then return h:receivebody(headers, sink, step) end
    local trailers = {}
    receive_body(h, headers, sink, step, trailers)
    framing.add_trailers(trailers, headers)
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
