-- The step to TLS on a connection that began in the clear (STARTTLS, AUTH TLS). Internal to smtp and ftp. It uses
-- `socket.tls` and not `ssl`: that may be LuaSec's, which verifies no host name.

local socket = require("socket")
local native = require("socket.native")

local ipairs, type = ipairs, type

local starttls = {}

-- The words of TLS objects for a time limit that has passed.
local WAITING = { wantread = "timeout", wantwrite = "timeout" }

---`socket.try` for sessions that the caller asked to secure.
---@param ok any
---@param message any
---@param ... any
---@return any ...
function starttls.try(ok, message, ...)
    if not ok then message = WAITING[message] or message end
    return socket.try(ok, message, ...)
end

---Puts TLS on the connection in `holder[name]`. Certificate and host name are
---verified unless the parameters say otherwise.
---@param holder table
---@param name string
---@param host string
---@param given boolean|table parameters of `ssl.wrap` that are not the defaults
---@param timeout number|nil
---@param before userdata|nil a TLS object of the same server and parameters whose session is resumed
---@return boolean|nil ok
---@return string|nil message
---@return string|nil why the certificate was refused, if that was it
function starttls.secure(holder, name, host, given, timeout, before)
    local params = { mode = "client", protocol = "any", verify = "peer", options = "all", session = true, whole = true }
    if type(given) == "table" then
        for key, value in pairs(given) do params[key] = value end
    end
    local object = holder[name]
    -- what came in the clear must not pass for the secured server's word (CVE-2011-0411)
    if object.dirty and object:dirty() then return nil, "unexpected data before the TLS handshake" end
    local secured, message = require("socket.tls").wrap(object, params)
    if not secured then return nil, message end
    holder[name] = secured
    secured:settimeout(timeout)
    secured:sni(host)
    if before then native("socket_tls_core").resume(secured, before) end
    return secured:dohandshake()
end

---Checks that a request has its TLS parameters in the table of `tls` or `starttls`: beside it they would be ignored.
---@param request table
---@return boolean|nil ok
---@return string|nil message
function starttls.check(request)
    local field = request.tls and "tls" or request.starttls and "starttls"
    if not field then return true end
    for _, name in ipairs(require("socket.tls_parameters")) do
        if request[name] ~= nil then
            return nil, ("invalid %s (belongs into the table: %s = { %s = … })"):format(name, field, name)
        end
    end
    return true
end

---Ends a secured connection that was only sent to, so that nothing of it is lost:
---waits, within its limit, for the other side's end.
---@param object userdata TLS object
function starttls.finish(object)
    native("socket_tls_core").finish(object)
end

return starttls
