---@meta _

---Names and addresses.
---@class socket.dns
local dns = {}

---All addresses of a name.
---@param name string
---@return { family: "inet"|"inet6", addr: string }[]? addresses nil on failure
---@return string? message
---@return_overload { family: "inet"|"inet6", addr: string }[]
---@return_overload nil, string message
function dns.getaddrinfo(name) end

---The names of a host's addresses, and the name of a service.
---@param host? string
---@param service? string|number
---@return string[]? names nil on failure
---@return string? service on failure: the message
function dns.getnameinfo(host, service) end

---The first IPv4 address of a name.
---@param name string
---@return string? address nil on failure
---@return { name: string, alias: string[], ip: string[] }|string details on failure: the message
function dns.toip(name) end

---The name of an IPv4 address.
---@param address string
---@return string? name nil on failure
---@return { name: string, alias: string[], ip: string[] }|string details on failure: the message
function dns.tohostname(address) end

---The name of this machine.
---@return string? name nil on failure
---@return string? message
---@return_overload string
---@return_overload nil, string message
function dns.gethostname() end
