---@meta socket.tp

---A connection for commands of one line and replies with a code.
---@class socket.tp.Connection
---@field c table|userdata the socket below
local connection = {}

---Sends a command, in upper case.
---@param word string
---@param argument? string|number
---@return integer? bytes nil on failure
---@return string? message
function connection:command(word, argument) end

---Reads a reply and judges its code.
---@param expected string|number|(string|number)[]|fun(code: integer, reply: string): any, any pattern, array of patterns, or judge
---@return integer? code nil on failure
---@return string reply or what went wrong
function connection:check(expected) end

---Sends.
---@param data string
---@return integer? last
---@return string? message
---@return integer? sent
function connection:send(data) end

---Receives.
---@param pattern? string|number
---@return string? data
---@return string? message
---@return string? partial
function connection:receive(pattern) end

---Sends everything a source has.
---@param source ltn12.Source
---@param step? ltn12.Step
---@return number? one nil on failure
---@return string? message
function connection:source(source, step) end

---Receives once, into a sink.
---@param sink ltn12.Sink
---@param pattern? string|number
---@return any ...
function connection:sink(sink, pattern) end

---The socket below.
---@return table|userdata
function connection:getcontrol() end

---The peer's address.
---@return string? address nil on failure
---@return integer|string port on failure the message
---@return "inet"|"inet6"|"unspec"|nil family
function connection:getpeername() end

---This end's address.
---@return string? address nil on failure
---@return integer|string port on failure the message
---@return "inet"|"inet6"|"unspec"|nil family
function connection:getsockname() end

---The descriptor; -1 when there is none.
---@return integer descriptor
function connection:getfd() end

---Whether bytes have been read ahead. `socket.select` asks this.
---@return boolean
function connection:dirty() end

---Closes, any number of times.
---@return number one
function connection:close() end

---What SMTP and FTP have in common.
---@class socket.tp
---@field TIMEOUT number? seconds an operation waits: 60
local tp = {}

---Connects; nothing is read.
---@param host string
---@param port string|number
---@param timeout? number seconds
---@param create? fun(): table|userdata|nil, string?
---@return socket.tp.Connection? connection nil on failure
---@return string? message
function tp.connect(host, port, timeout, create) end

return tp
