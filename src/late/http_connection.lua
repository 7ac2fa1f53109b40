-- One HTTP connection: opening it, sending requests and receiving responses. Internal to socket.http, which offers it
-- as `http.open`.
local captured = ...
local socket, ltn12, native = captured.socket, captured.ltn12, captured.native
local framing, is_original, protected_call = captured.framing(), captured.is_original, captured.pcall
local type, error, getmetatable, next, pairs, setmetatable, tonumber = captured.type, captured.error, captured.getmetatable,
    captured.next, captured.pairs, captured.setmetatable, captured.tonumber
local find, format, sub = captured.find, captured.format, captured.sub

local connection = {}

---The object that `http.open` returns. Every failure of its methods closes it and raises an exception of
---`socket.try`; catch it with `socket.protect` (http.open.2). It serves one request at a time.
---@class socket.http.connection
---@field c table|userdata the socket
---@field try function a `socket.newtry` function that closes the connection
---@field limits any
---@field plain boolean whether the new socket had its own methods
local methods = {}
local metatable = { __index = methods }
-- The same, to notice when a script has replaced one.
local own_methods = {}

---Sends the request line.
---@param method? string default "GET"
---@param uri string the request target, sent unchanged
---@return number|any ... results of the socket's `send`
function methods:sendrequestline(method, uri)
    return self.try(self.c:send((self.try(framing.compose(method or "GET", uri)))))
end

-- Copies the fields that `pairs` returns into a table without metamethods.
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

-- Wraps a sink. Sets `notes.failed` when the sink fails, to distinguish this from a failure of the source.
local function watched(sink, notes)
    return setmetatable({ getfd = sink.getfd, dirty = sink.dirty }, {
        __call = function(_, chunk, err)
            local ok, message = sink(chunk, err)
            if not ok then notes.failed = true end
            return ok, message
        end,
    })
end

-- Sends a body. Returns 1, or nil, a message, and true when sending failed.
local function send_body(h, headers, source, step)
    local mode = headers["content-length"] and "keep-open" or "http-chunked"
    local notes = {}
    ---@type any
    local sink = socket.sink(mode, h.c)
    if type(sink) == "table" then sink = watched(sink, notes) end
    ---@cast sink any
    local ok, err = ltn12.pump.all(source or ltn12.source.empty(), sink, step or ltn12.pump.step)
    return ok, err, notes.failed
end

---Sends a body: unchanged when `headers` has a `content-length`, else in chunks.
---@param headers table<string, string|number> lower-case names
---@param source? function LTN12 source; default an empty body
---@param step? function LTN12 step; default `ltn12.pump.step`
---@return number one
function methods:sendbody(headers, source, step)
    return (self.try(send_body(self, headers, source, step)))
end

local sendbody = methods.sendbody

-- Sends a body. Returns nothing, or the message when sending failed: the server may have sent a response already. Any
-- other failure is raised.
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

-- True when these few bytes are a whole HTTP/0.9 response, and not the start of a status line.
local function is_bare(bytes)
    return type(bytes) == "string" and bytes ~= "" and bytes ~= sub("HTTP/", 1, #bytes)
end

-- Receives a status line. Returns code and line; nil and the first bytes of an HTTP/0.9 response; 408 alone when a
-- foreign socket returned both data and "timeout" (http.receive.8); or nil, nil and a message.
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
---@return number|nil code nil for an HTTP/0.9 response, which has no status line
---@return string|nil line the whole line, or the first five bytes of an HTTP/0.9 response, or all if fewer; nil
---for a 408 that a foreign socket caused by returning both data and "timeout" (http.receive.8)
function methods:receivestatusline()
    local code, line, err = receive_status(self)
    if not code and not line then return self.try(nil, err) end
    return code, line
end

-- The code and line of a response that came although sending the request's body failed, or nil (add.45).
function connection.early_status(h, err)
    local c = h.c
    local waited = err == "timeout" or err == "wantread" or err == "wantwrite"
    -- after a timeout, only data that has already arrived is read
    if waited then c:settimeout(0) end
    local code, line = receive_status(h)
    if waited then c:settimeout(h.limits.TIMEOUT) end
    if code and line then return code, line end
    return nil
end

---Receives header lines up to the blank line that ends them. The limits are `http.MAXHEADERLINE` and
---`http.MAXHEADERSIZE` bytes.
---@return table<string, string> headers lower-case names; repeated ones joined with ", "
function methods:receiveheaders()
    return (self.try(framing.receive_fields(self.c, self.limits)))
end

-- The end of a response body: a length, "chunked", or nil for a body that ends with the connection; false and a
-- message when the headers contradict each other.
local function body_end(headers)
    local coding, length = headers["transfer-encoding"], headers["content-length"]
    if type(length) == "number" then length = length >= 0 and length % 1 == 0 and format("%.0f", length) or nil end
    return native.body_end(coding, length)
end

-- The tables filled by the sinks of the string form. The program does not see them.
local collected = setmetatable({}, { __mode = "k" })

-- A sink that collects a body in `target`.
function connection.collector(target)
    local make = ltn12.sink.table
    local sink = make(target)
    if is_original("table", make) then collected[sink] = target end
    return sink
end

-- The table of such a sink, or nil.
function connection.collected(sink) return sink and collected[sink] end

-- True when nothing in the path of a body was replaced, so that its pieces may be moved without the source.
local function is_plain(source, size, step)
    if not (is_original("all", ltn12.pump.all) and is_original("step", step)) then return false end
    local mark = getmetatable(source)
    return type(mark) == "table" and mark.plain ~= nil and type(size) == "number" and size >= 1
end

-- Receives a body without the source, when the program cannot observe the difference. The string form gets it in one
-- piece, and `ltn12.sink.null` gets nothing. Returns the results of ltn12.pump.all; or false, and how many bytes are left
-- when some were delivered. `create` made the socket, or is nil when the program has it.
local function gather(source, h, length, sink, step, create)
    local size, sock = socket.BLOCKSIZE, h.c
    -- an empty body needs no read
    if length == 0 or not is_plain(source, size, step) then return false end
    local object, functions = framing.receiver(sock)
    -- the end of a TLS stream is no plain end of file
    if not functions or not length and object ~= sock then return false end
    if is_original("discard", sink) then return require("socket.http_moving").discard(functions, object, length, size) end
    local target = collected[sink]
    if not target then
        if not (length and create) then return false end
        local moving = require("socket.http_moving")
        if not moving.is_private(h, source, create, own_methods, captured.chunked_sink)
            or not functions.has_own_methods(object) then
            return false
        end
        return moving.move(functions, object, length, sink)
    end
    local body, err = functions.receive_body(object, length, size)
    if not body then return body, err end
    target[#target + 1] = body
    if not length then sock:close() end
    return 1
end

-- Receives a body into a sink. Trailers of a chunked body go into `trailers`.
local function receive_body(h, headers, sink, step, trailers, create)
    local length, problem = body_end(headers)
    if length == false then return h.try(nil, problem) end
    sink, step = sink or ltn12.sink.null(), step or ltn12.pump.step
    if length == "chunked" then
        return h.try(ltn12.pump.all(socket.source("http-chunked", h.c, trailers), sink, step))
    end
    local source = socket.source(length and "by-length" or "default", h.c, length)
    local result, err = gather(source, h, length, sink, step, create)
    if result == false then
        if err and err ~= length then source = socket.source("by-length", h.c, err) end
        return h.try(ltn12.pump.all(source, sink, step))
    end
    if not result then return h.try(nil, err) end
    return h.try(result)
end

---Receives a body into a sink. The headers determine its framing: chunks, length, or until close.
---@param headers table<string, string> lower-case names; `transfer-encoding` and `content-length` are used
---@param sink? function LTN12 sink; default discards
---@param step? function LTN12 step; default `ltn12.pump.step`
---@return number one
function methods:receivebody(headers, sink, step)
    return receive_body(self, headers, sink, step, {})
end

local receivebody = methods.receivebody

-- Receives the body of a response and adds its trailers to the headers (add.48). A `receivebody` method that the
-- program has replaced is called as in LuaSocket. `create` made the socket, or is nil when the program has it.
function connection.receive_body(h, headers, sink, step, create)
    if h.receivebody ~= receivebody then return h:receivebody(headers, sink, step) end
    local trailers = {}
    receive_body(h, headers, sink, step, trailers, create)
    if next(trailers) then captured.chunked().add_trailers(trailers, headers) end
end

---Receives an HTTP/0.9 body into a sink. The connection is closed afterwards.
---@param status string|nil the bytes already read; they are delivered first
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
    -- the source closed the connection after a body that was read to its end
    if not ended then self:close() end
    return result
end

---Closes the socket.
---@return any ... results of the socket's `close`
function methods:close()
    return self.c:close()
end

for name, f in next, methods do own_methods[name] = f end

local sendrequestline, sendheaders = methods.sendrequestline, methods.sendheaders

-- True when the head of a request may be sent without these methods. They are called when a script has replaced them.
function connection.sends_plainly(h)
    return h.sendrequestline == sendrequestline and h.sendheaders == sendheaders
end

local function closed_on_error(h, ok, ...)
    if ok then return ... end
    -- when `try` raised, it has closed the connection already
    if not h.failed then protected_call(h.close, h) end
    error((...), 0)
end

-- Calls f(h, ...). An error, also one of a callback, closes the connection at once (http.bugs.11, add.30) and is
-- raised again unchanged.
function connection.run(h, f, ...)
    return closed_on_error(h, protected_call(f, h, ...))
end

local function establish(h, host, port)
    h.try(h.c:settimeout(h.limits.TIMEOUT))
    h.try(h.c:connect(host, port))
end

-- Opens a connection. `limits` is the table with its TIMEOUT, MAXHEADERLINE and MAXHEADERSIZE; they are read at each
-- use.
function connection.open(limits, host, port, create)
    local c = socket.try((create or socket.tcp)())
    -- its class changes when it is connected
    local h = setmetatable({ c = c, limits = limits, try = socket.try, plain = native.has_own_methods(c) }, metatable)
    h.try = socket.newtry(function()
        h.failed = true
        h:close()
    end)
    connection.run(h, establish, host, port)
    return h
end

return connection
