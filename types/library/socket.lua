---@meta socket

---Sockets, and the tools that the other modules use.
---@class socket
---@field _VERSION string "LuaSocket 3.1.0"
---@field _SETSIZE integer 1024; LuaSocket's limit of `select`, no limit here
---@field _SOCKETINVALID integer the descriptor of an object without one: -1
---@field _DATAGRAMSIZE integer default size of `receive` on a UDP object: 8192
---@field BLOCKSIZE integer bytes in a piece of a source: 2048
---@field sourcet table<string, function> the kinds of `source`
---@field sinkt table<string, function> the kinds of `sink`
---@field dns socket.dns
---@field http socket.http once `socket.http` is loaded
---@field url socket.url once `socket.url` is loaded
---@field headers socket.headers once `socket.headers` is loaded
---@field tp socket.tp once `socket.tp` is loaded
---@field smtp socket.smtp once `socket.smtp` is loaded
---@field ftp socket.ftp once `socket.ftp` is loaded
local socket = {}

---Makes a TCP object. Its first address determines its family.
---@return socket.TcpSocket? object nil on failure
---@return string? message
---@return_overload socket.TcpSocket
---@return_overload nil, string message
function socket.tcp() end

---Makes a TCP object for IPv4 only, with a descriptor.
---@return socket.TcpSocket? object nil on failure
---@return string? message
---@return_overload socket.TcpSocket
---@return_overload nil, string message
function socket.tcp4() end

---Makes a TCP object for IPv6 only, with a descriptor.
---@return socket.TcpSocket? object nil on failure
---@return string? message
---@return_overload socket.TcpSocket
---@return_overload nil, string message
function socket.tcp6() end

---Makes a UDP object. Its first address determines its family.
---@return socket.UdpSocket? object nil on failure
---@return string? message
---@return_overload socket.UdpSocket
---@return_overload nil, string message
function socket.udp() end

---Makes a UDP object for IPv4 only, with a descriptor.
---@return socket.UdpSocket? object nil on failure
---@return string? message
---@return_overload socket.UdpSocket
---@return_overload nil, string message
function socket.udp4() end

---Makes a UDP object for IPv6 only, with a descriptor.
---@return socket.UdpSocket? object nil on failure
---@return string? message
---@return_overload socket.UdpSocket
---@return_overload nil, string message
function socket.udp6() end

---Connects over TCP, without a time limit.
---@param host string name or address
---@param port string|number number or service name
---@param local_host? string local address
---@param local_port? string|number
---@param family? "unspec"|"inet"|"inet6"
---@return socket.TcpSocket? client nil on failure
---@return string? message
---@return_overload socket.TcpSocket
---@return_overload nil, string message
function socket.connect(host, port, local_host, local_port, family) end

---Connects over IPv4 only.
---@param host string name or address
---@param port string|number number or service name
---@param local_host? string local address
---@param local_port? string|number
---@return socket.TcpSocket? client nil on failure
---@return string? message
---@return_overload socket.TcpSocket
---@return_overload nil, string message
function socket.connect4(host, port, local_host, local_port) end

---Connects over IPv6 only.
---@param host string name or address
---@param port string|number number or service name
---@param local_host? string local address
---@param local_port? string|number
---@return socket.TcpSocket? client nil on failure
---@return string? message
---@return_overload socket.TcpSocket
---@return_overload nil, string message
function socket.connect6(host, port, local_host, local_port) end

---Makes a TCP server.
---@param host string "*" for all IPv4 addresses
---@param port string|number 0 for any free port
---@param backlog? integer connections that may wait to be accepted; default 32
---@return socket.TcpSocket? server nil on failure
---@return string? message
---@return_overload socket.TcpSocket
---@return_overload nil, string message
function socket.bind(host, port, backlog) end

---Waits until an object can be read or written. Each result is an array and a set in one table.
---@generic T
---@param receivers? T[] objects with `getfd`; with `dirty` if they have a read-ahead buffer
---@param senders? T[]
---@param timeout? number seconds; nil or negative: no limit
---@return T[]|table<T, integer> readable
---@return T[]|table<T, integer> writable
---@return "timeout"? message
function socket.select(receivers, senders, timeout) end

---Waits for some seconds.
---@param seconds number
function socket.sleep(seconds) end

---The time of day in seconds since 1970, with a fraction.
---@return number seconds
function socket.gettime() end

---Returns the arguments after the first `count`.
---@param count integer
---@param ... any
---@return any ...
function socket.skip(count, ...) end

---Returns its arguments, or raises the second for `protect` when the first is nil or false.
---@generic T
---@param value T?
---@param ... any
---@return T value
---@return any ...
function socket.try(value, ...) end

---Makes a `try` that calls `finalizer` before it raises.
---@param finalizer? fun()
---@return fun(value: any, ...: any): any ...
function socket.newtry(finalizer) end

---Makes a function that returns nil and the message when a `try` fails in `f`.
---@generic T: function
---@param f T
---@return T
function socket.protect(f) end

---Makes a function whose first argument names the entry to call.
---@param constructors table<string, function>
---@return fun(name?: any, option1?: any, option2?: any): any ...
function socket.choose(constructors) end

---Makes an ltn12 source that reads a connected object.
---@param kind "until-closed"|"by-length"|"http-chunked"|string
---@param object table|userdata
---@param bytes? any for "by-length": number of bytes; for "http-chunked": the table that receives the trailers
---@return ltn12.Source
function socket.source(kind, object, bytes) end

---Makes an ltn12 sink that writes to a connected object.
---@param kind "keep-open"|"close-when-done"|"http-chunked"|string
---@param object table|userdata
---@return ltn12.Sink
function socket.sink(kind, object) end

---Does nothing.
---@param ... any
function socket.__unload(...) end

return socket
