---@meta socket.unix

---A stream socket between programs on one machine.
---@class socket.UnixStream
---@field class "unixstream{master}"|"unixstream{client}"|"unixstream{server}"
local stream = {}

---Waits for a connection.
---@return socket.UnixStream? client nil on failure
---@return string? message "timeout", "closed", or the system's
---@return_overload socket.UnixStream
---@return_overload nil, string message
function stream:accept() end

---Binds to a path.
---@param path string at most 107 bytes; a path that begins with NUL is abstract
---@return number? one nil on failure
---@return string? message
---@return_overload number
---@return_overload nil, string message
function stream:bind(path) end

---Closes the object. Further calls do nothing.
---@return number one
function stream:close() end

---Connects to a path.
---@param path string at most 107 bytes; a path that begins with NUL is abstract
---@return number? one nil on failure
---@return string? message
---@return_overload number
---@return_overload nil, string message
function stream:connect(path) end

---Returns whether the read-ahead buffer has data. `socket.select` calls it.
---@return boolean
function stream:dirty() end

---The descriptor; -1 when there is none.
---@return integer descriptor
function stream:getfd() end

---The bound path; "" when the object is not bound.
---@return string? path nil on failure
---@return string? message
---@return_overload string
---@return_overload nil, string message
function stream:getsockname() end

---Bytes received and sent, and the age in seconds.
---@return number received
---@return number sent
---@return number age
function stream:getstats() end

---Makes the object a server.
---@param backlog? integer connections that may wait to be accepted; default 32
---@return number? one nil on failure
---@return string? message
---@return_overload number
---@return_overload nil, string message
function stream:listen(backlog) end

---Receives a line ("*l"), everything until the end ("*a"), a number of bytes, or the available bytes ({ most = n }).
---@param pattern? "*l"|"*a"|integer|string|{ most: integer } default "*l"
---@param prefix? string put before the result, and counted
---@param maxsize? integer most bytes to receive, prefix included; more fails with "oversized"
---@return string? data nil on failure
---@return string? message "timeout", "closed", "oversized", or the system's
---@return string? partial on failure: the data received before it, prefix included
function stream:receive(pattern, prefix, maxsize) end

---Sends the bytes `i` to `j` of `data`, counted as in `string.sub`. After a "timeout", continue with `send(data, sent + 1)`.
---@param data string|number
---@param i? integer first byte; default 1
---@param j? integer last byte; default -1
---@return integer? last index of the last byte sent; nil on failure
---@return string? message "timeout", "closed", or the system's
---@return integer? sent on failure: index of the last byte that was sent
function stream:send(data, i, j) end

---Sets the descriptor; checks and closes nothing. -1 removes it from the object.
---@param descriptor integer
function stream:setfd(descriptor) end

---Sets an option. An unknown name raises an error.
---@param name "keepalive"|"reuseaddr"|"linger"
---@param value any
---@return number? one nil on failure
---@return string? message "setsockopt failed"
---@return_overload number
---@return_overload nil, string message
function stream:setoption(name, value) end

---Connects to a path.
---@param path string at most 107 bytes; a path that begins with NUL is abstract
---@return number? one nil on failure
---@return string? message
---@return_overload number
---@return_overload nil, string message
function stream:setpeername(path) end

---Binds to a path.
---@param path string at most 107 bytes; a path that begins with NUL is abstract
---@return number? one nil on failure
---@return string? message
---@return_overload number
---@return_overload nil, string message
function stream:setsockname(path) end

---Sets the statistics; nil leaves a number unchanged.
---@param received? number bytes
---@param sent? number bytes
---@param age? number seconds
---@return number one
function stream:setstats(received, sent, age) end

---Limits the time of calls: "b" limits each wait inside a call, "t" the whole call.
---@param seconds? number 0 never waits; nil or negative: no limit
---@param mode? "b"|"t"|string default "b"
---@return number one
function stream:settimeout(seconds, mode) end

---Shuts down one direction or both.
---@param how? "both"|"send"|"receive" default "both"
---@return number one
function stream:shutdown(how) end

---A datagram socket between programs on one machine.
---@class socket.UnixDatagram
---@field class "unixdgram{unconnected}"|"unixdgram{connected}"
local dgram = {}

---Binds to a path.
---@param path string at most 107 bytes; a path that begins with NUL is abstract
---@return number? one nil on failure
---@return string? message
---@return_overload number
---@return_overload nil, string message
function dgram:bind(path) end

---Closes the object. Further calls do nothing.
---@return number one
function dgram:close() end

---Connects to a path.
---@param path string at most 107 bytes; a path that begins with NUL is abstract
---@return number? one nil on failure
---@return string? message
---@return_overload number
---@return_overload nil, string message
function dgram:connect(path) end

---Always false: datagrams are not read ahead.
---@return boolean
function dgram:dirty() end

---The descriptor; -1 when there is none.
---@return integer descriptor
function dgram:getfd() end

---The bound path; "" when the object is not bound.
---@return string? path nil on failure
---@return string? message
---@return_overload string
---@return_overload nil, string message
function dgram:getsockname() end

---The limits in seconds; -1 for no limit.
---@return number block
---@return number total
function dgram:gettimeout() end

---Receives one datagram.
---@param size? integer most bytes to receive; default 8192. The rest of the datagram is lost
---@return string? datagram nil on failure
---@return string? message
---@return_overload string
---@return_overload nil, string message
function dgram:receive(size) end

---Receives one datagram and its sender's address.
---@param size? integer most bytes to receive; default 8192. The rest of the datagram is lost
---@return string? datagram nil on failure
---@return string? path "" when the sender is not bound; on failure: the message
function dgram:receivefrom(size) end

---Sends to the peer of a connected object.
---@param datagram string
---@return integer? bytes nil on failure
---@return string? message
---@return_overload integer
---@return_overload nil, string message
function dgram:send(datagram) end

---Sends from an unconnected object.
---@param datagram string
---@param path string at most 107 bytes; a path that begins with NUL is abstract
---@return integer? bytes nil on failure
---@return string? message
---@return_overload integer
---@return_overload nil, string message
function dgram:sendto(datagram, path) end

---Sets the descriptor; checks and closes nothing. -1 removes it from the object.
---@param descriptor integer
function dgram:setfd(descriptor) end

---Sets an option. An unknown name raises an error.
---@param name "reuseaddr"
---@param value any
---@return number? one nil on failure
---@return string? message "setsockopt failed"
---@return_overload number
---@return_overload nil, string message
function dgram:setoption(name, value) end

---Connects to a path.
---@param path string at most 107 bytes; a path that begins with NUL is abstract
---@return number? one nil on failure
---@return string? message
---@return_overload number
---@return_overload nil, string message
function dgram:setpeername(path) end

---Binds to a path.
---@param path string at most 107 bytes; a path that begins with NUL is abstract
---@return number? one nil on failure
---@return string? message
---@return_overload number
---@return_overload nil, string message
function dgram:setsockname(path) end

---Limits the time of calls: "b" limits each wait inside a call, "t" the whole call.
---@param seconds? number 0 never waits; nil or negative: no limit
---@param mode? "b"|"t"|string default "b"
---@return number one
function dgram:settimeout(seconds, mode) end

---Sockets between programs on one machine.
---@class socket.unix
---@field __call fun(module: socket.unix, ...): socket.UnixStream?, string?
---@overload fun(): socket.UnixStream?, string?
local unix = {}

---Makes a stream object.
---@return socket.UnixStream? object nil on failure
---@return string? message
---@return_overload socket.UnixStream
---@return_overload nil, string message
function unix.stream() end

---Makes a datagram object.
---@return socket.UnixDatagram? object nil on failure
---@return string? message
---@return_overload socket.UnixDatagram
---@return_overload nil, string message
function unix.dgram() end

---Another name of `stream`.
---@return socket.UnixStream? object nil on failure
---@return string? message
---@return_overload socket.UnixStream
---@return_overload nil, string message
function unix.tcp() end

---Another name of `dgram`.
---@return socket.UnixDatagram? object nil on failure
---@return string? message
---@return_overload socket.UnixDatagram
---@return_overload nil, string message
function unix.udp() end

return unix
