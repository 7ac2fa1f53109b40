---@meta socket.tp

---A connection for one-line commands and replies with a code.
---@class socket.tp.Connection
---@field c table|userdata the underlying socket
local connection = {}

---Sends a command, in upper case.
---@param word string
---@param argument? string|number
---@return integer? bytes nil on failure
---@return string? message
---@return_overload integer
---@return_overload nil, string message
function connection:command(word, argument) end

---Reads a reply and checks its code.
---@param expected string|number|(string|number)[]|fun(code: integer, reply: string): any, any pattern, array of patterns, or a function that checks the reply
---@return integer? code nil on failure
---@return string reply the reply, or the error
function connection:check(expected) end

---Sends data.
---@param data string
---@return integer? last
---@return string? message
---@return integer? sent
function connection:send(data) end

---Receives data.
---@param pattern? string|number
---@return string? data
---@return string? message
---@return string? partial
function connection:receive(pattern) end

---Sends all data of a source.
---@param source ltn12.Source
---@param step? ltn12.Step
---@return number? one nil on failure
---@return string? message
---@return_overload number
---@return_overload nil, string message
function connection:source(source, step) end

---Receives once, into a sink.
---@param sink ltn12.Sink
---@param pattern? string|number
---@return any ...
function connection:sink(sink, pattern) end

---The underlying socket.
---@return table|userdata
function connection:getcontrol() end

---The peer's address.
---@return string? address nil on failure
---@return integer|string port on failure: the message
---@return "inet"|"inet6"|"unspec"|nil family
function connection:getpeername() end

---The local address.
---@return string? address nil on failure
---@return integer|string port on failure: the message
---@return "inet"|"inet6"|"unspec"|nil family
function connection:getsockname() end

---The descriptor; -1 when there is none.
---@return integer descriptor
function connection:getfd() end

---Returns whether the read-ahead buffer has data. `socket.select` calls it.
---@return boolean
function connection:dirty() end

---Closes the object. Further calls do nothing.
---@return number one
function connection:close() end

---The transport shared by SMTP and FTP.
---@class socket.tp
---@field TIMEOUT number? limit of one operation in seconds: 60
local tp = {}

---Connects to a server, and reads nothing.
---@param host string
---@param port string|number
---@param timeout? number seconds
---@param create? fun(): table|userdata|nil, string?
---@return socket.tp.Connection? connection nil on failure
---@return string? message
---@return_overload socket.tp.Connection
---@return_overload nil, string message
function tp.connect(host, port, timeout, create) end

return tp
