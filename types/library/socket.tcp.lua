---@meta _

---@alias socket.TcpOption
---| "keepalive" # boolean
---| "reuseaddr" # boolean
---| "reuseport" # boolean
---| "tcp-nodelay" # boolean
---| "tcp-keepidle" # seconds
---| "tcp-keepcnt" # number
---| "tcp-keepintvl" # seconds
---| "recv-buffer-size" # bytes
---| "send-buffer-size" # bytes
---| "linger" # { on: boolean, timeout: integer }
---| "error" # get only
---| "ipv6-v6only" # boolean
---| "tcp-defer-accept" # set only, number (Linux)
---| "tcp-fastopen" # set only, number (Linux)
---| "tcp-fastopen-connect" # set only, number (Linux)
---| "bindtodevice" # name of an interface (Linux)

---A TCP object. It starts as a master; `connect` makes it a client, `listen` a server.
---@class socket.TcpSocket
---@field class "tcp{master}"|"tcp{client}"|"tcp{server}"
local tcp = {}

---Waits for a connection.
---@return socket.TcpSocket? client nil on failure
---@return string? message "timeout", "closed", or the system's
---@return_overload socket.TcpSocket
---@return_overload nil, string message
function tcp:accept() end

---Binds the object to a local address.
---@param host string name or address; "*" for all
---@param port string|number number or service name; 0 for any free port
---@return number? one nil on failure
---@return string? message
---@return_overload number
---@return_overload nil, string message
function tcp:bind(host, port) end

---Closes the object. Further calls do nothing.
---@return number one
function tcp:close() end

---Connects. Tries all addresses of a name within the time limit.
---@param host string name or address
---@param port string|number number or service name
---@return number? one nil on failure
---@return string? message
---@return_overload number
---@return_overload nil, string message
function tcp:connect(host, port) end

---Returns whether the read-ahead buffer has data. `socket.select` calls it.
---@return boolean
function tcp:dirty() end

---The address family.
---@return "inet4"|"inet6"
function tcp:getfamily() end

---The descriptor; -1 when there is none.
---@return integer descriptor
function tcp:getfd() end

---Reads an option. An unknown name raises an error.
---@param name socket.TcpOption
---@return any value nil on failure, and for "error" without a pending error
---@return string? message "getsockopt failed"
function tcp:getoption(name) end

---The peer's address.
---@return string? address nil on failure
---@return integer|string port on failure: the message
---@return "inet"|"inet6"|"unspec"|nil family
function tcp:getpeername() end

---The local address.
---@return string? address nil on failure
---@return integer|string port on failure: the message
---@return "inet"|"inet6"|"unspec"|nil family
function tcp:getsockname() end

---Bytes received and sent, and the age in seconds.
---@return number received
---@return number sent
---@return number age
function tcp:getstats() end

---The limits in seconds; -1 for no limit.
---@return number block
---@return number total
function tcp:gettimeout() end

---Makes the object a server.
---@param backlog? integer connections that may wait to be accepted; default 32
---@return number? one nil on failure
---@return string? message
---@return_overload number
---@return_overload nil, string message
function tcp:listen(backlog) end

---Receives a line ("*l"), everything until the end ("*a"), a number of bytes, or the available bytes ({ most = n }).
---@param pattern? "*l"|"*a"|integer|string|{ most: integer } default "*l"
---@param prefix? string put before the result, and counted
---@param maxsize? integer most bytes to receive, prefix included; more fails with "oversized"
---@return string? data nil on failure
---@return string? message "timeout", "closed", "oversized", or the system's
---@return string? partial on failure: the data received before it, prefix included
function tcp:receive(pattern, prefix, maxsize) end

---Sends the bytes `i` to `j` of `data`, counted as in `string.sub`. After a "timeout", continue with `send(data, sent + 1)`.
---@param data string|number
---@param i? integer first byte; default 1
---@param j? integer last byte; default -1
---@return integer? last index of the last byte sent; nil on failure
---@return string? message "timeout", "closed", or the system's
---@return integer? sent on failure: index of the last byte that was sent
function tcp:send(data, i, j) end

---Sets the descriptor; checks and closes nothing. -1 removes it from the object.
---@param descriptor integer
function tcp:setfd(descriptor) end

---Sets an option. An unknown name raises an error.
---@param name socket.TcpOption
---@param value any
---@return number? one nil on failure
---@return string? message "setsockopt failed"
---@return_overload number
---@return_overload nil, string message
function tcp:setoption(name, value) end

---Connects. Tries all addresses of a name within the time limit.
---@param host string name or address
---@param port string|number number or service name
---@return number? one nil on failure
---@return string? message
---@return_overload number
---@return_overload nil, string message
function tcp:setpeername(host, port) end

---Binds the object to a local address.
---@param host string name or address; "*" for all
---@param port string|number number or service name; 0 for any free port
---@return number? one nil on failure
---@return string? message
---@return_overload number
---@return_overload nil, string message
function tcp:setsockname(host, port) end

---Sets the statistics; nil leaves a number unchanged.
---@param received? number bytes
---@param sent? number bytes
---@param age? number seconds
---@return number one
function tcp:setstats(received, sent, age) end

---Limits the time of calls: "b" limits each wait inside a call, "t" the whole call.
---@param seconds? number 0 never waits; nil or negative: no limit
---@param mode? "b"|"t"|string default "b"
---@return number one
function tcp:settimeout(seconds, mode) end

---Shuts down one direction or both.
---@param how? "both"|"send"|"receive" default "both"
---@return number one
function tcp:shutdown(how) end
