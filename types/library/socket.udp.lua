---@meta _

---@alias socket.UdpOption
---| "broadcast" # boolean
---| "dontroute" # boolean
---| "reuseaddr" # boolean
---| "reuseport" # boolean
---| "ip-multicast-if" # IPv4 address, or "*"
---| "ip-multicast-ttl" # set only, number
---| "ip-multicast-loop" # boolean
---| "ip-add-membership" # set only, { multiaddr: string, interface: string }
---| "ip-drop-membership" # set only, the same table
---| "ipv6-unicast-hops" # number
---| "ipv6-multicast-hops" # number
---| "ipv6-multicast-loop" # boolean
---| "ipv6-add-membership" # set only, { multiaddr: string, interface?: integer }
---| "ipv6-drop-membership" # set only, the same table
---| "ipv6-v6only" # boolean
---| "recv-buffer-size" # bytes
---| "send-buffer-size" # bytes
---| "error" # get only

---A UDP object: unconnected, or connected to one peer by `setpeername`.
---@class socket.UdpSocket
---@field class "udp{unconnected}"|"udp{connected}"
local udp = {}

---Closes the object. Further calls do nothing.
---@return number one
function udp:close() end

---Always false: datagrams are not read ahead.
---@return boolean
function udp:dirty() end

---The address family.
---@return "inet4"|"inet6"
function udp:getfamily() end

---The descriptor; -1 when there is none.
---@return integer descriptor
function udp:getfd() end

---Reads an option. An unknown name raises an error.
---@param name socket.UdpOption
---@return any value nil on failure, and for "error" without a pending error
---@return string? message "getsockopt failed"
function udp:getoption(name) end

---The peer's address.
---@return string? address nil on failure
---@return integer|string port on failure: the message
---@return "inet"|"inet6"|"unspec"|nil family
function udp:getpeername() end

---The local address.
---@return string? address nil on failure
---@return integer|string port on failure: the message
---@return "inet"|"inet6"|"unspec"|nil family
function udp:getsockname() end

---The limits in seconds; -1 for no limit.
---@return number block
---@return number total
function udp:gettimeout() end

---Receives one datagram.
---@param size? integer most bytes to receive; default 8192. The rest of the datagram is lost
---@return string? datagram nil on failure
---@return string? message
---@return_overload string
---@return_overload nil, string message
function udp:receive(size) end

---Receives one datagram and its sender's address.
---@param size? integer most bytes to receive; default 8192. The rest of the datagram is lost
---@return string? datagram nil on failure
---@return string address on failure: the message
---@return integer? port
---@return_overload string, string, integer
---@return_overload nil, string message
function udp:receivefrom(size) end

---Sends to the peer of a connected object.
---@param datagram string
---@return integer? bytes nil on failure
---@return string? message
---@return_overload integer
---@return_overload nil, string message
function udp:send(datagram) end

---Sends from an unconnected object.
---@param datagram string
---@param address string a numeric address
---@param port string|number a number
---@return integer? bytes nil on failure
---@return string? message
---@return_overload integer
---@return_overload nil, string message
function udp:sendto(datagram, address, port) end

---Sets the descriptor; checks and closes nothing. -1 removes it from the object.
---@param descriptor integer
function udp:setfd(descriptor) end

---Sets an option. An unknown name raises an error.
---@param name socket.UdpOption
---@param value any
---@return number? one nil on failure
---@return string? message "setsockopt failed"
---@return_overload number
---@return_overload nil, string message
function udp:setoption(name, value) end

---Connects to one peer; "*" alone disconnects.
---@param host string name, address or "*"
---@param port? string|number
---@return number? one nil on failure
---@return string? message
---@return_overload number
---@return_overload nil, string message
function udp:setpeername(host, port) end

---Binds the object to a local address.
---@param host string name or address; "*" for all
---@param port string|number number or service name; 0 for any free port
---@return number? one nil on failure
---@return string? message
---@return_overload number
---@return_overload nil, string message
function udp:setsockname(host, port) end

---Limits the time of calls: "b" limits each wait inside a call, "t" the whole call.
---@param seconds? number 0 never waits; nil or negative: no limit
---@param mode? "b"|"t"|string default "b"
---@return number one
function udp:settimeout(seconds, mode) end
