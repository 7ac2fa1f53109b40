---@meta socket.tls

---TLS connections of this library, even when `ssl` is LuaSec's.
---@class socket.tls
---@field backend "openssl"|"schannel"|"secure-transport"
---@field capabilities table<string, any>
local tls = {}

---Makes a TLS object that takes over the socket's descriptor.
---@param socket table|userdata anything with `getfd` and `setfd`
---@param context ssl.Context|ssl.Parameters
---@return ssl.Connection? connection nil on failure
---@return string? message
---@return_overload ssl.Connection
---@return_overload nil, string message
function tls.wrap(socket, context) end

---Makes a context.
---@param parameters ssl.Parameters
---@return ssl.Context? context nil on failure
---@return string? message
---@return_overload ssl.Context
---@return_overload nil, string message
function tls.newcontext(parameters) end

---The first certificate in a PEM text.
---@param pem string
---@return ssl.Certificate?
function tls.loadcertificate(pem) end

return tls
