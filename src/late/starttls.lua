-- Upgrades a plaintext connection to TLS (STARTTLS, AUTH TLS). Internal to smtp and ftp. It uses `socket.tls` and not
-- `ssl`, because `ssl` may be LuaSec's, which does not verify host names.
local captured = ...
local socket, native, ipairs, type = captured.socket, captured.native, captured.ipairs, captured.type

local starttls = {}

-- TLS objects report a timeout with these words.
local WAITING = { wantread = "timeout", wantwrite = "timeout" }

---`socket.try` for sessions that must be secured.
---@param ok any
---@param message any
---@param ... any
---@return any ...
function starttls.try(ok, message, ...)
    if not ok then message = WAITING[message] or message end
    return socket.try(ok, message, ...)
end

---Starts TLS on the connection in `holder[name]`. Verifies certificate and host name unless the parameters disable
---it.
---@param holder table
---@param name string
---@param host string
---@param given boolean|table parameters of `ssl.wrap` that differ from the defaults
---@param timeout number|nil
---@param before userdata|nil a TLS object of the same server and parameters; its session is resumed
---@return boolean|nil ok
---@return string|nil message
---@return string|nil why reason of a refused certificate, if that was the error
function starttls.secure(holder, name, host, given, timeout, before)
    local params = { mode = "client", protocol = "any", verify = "peer", options = "all", session = true, whole = true }
    if type(given) == "table" then
        for key, value in pairs(given) do params[key] = value end
    end
    local object = holder[name]
    -- plaintext data received before the handshake must not be taken for data of the secured connection
    -- (CVE-2011-0411)
    if object.dirty and object:dirty() then return nil, "unexpected data before the TLS handshake" end
    local secured, message = require("socket.tls").wrap(object, params)
    if not secured then return nil, message end
    holder[name] = secured
    secured:settimeout(timeout)
    secured:sni(host)
    if before then native("socket_tls_core").resume(secured, before) end
    return secured:dohandshake()
end

---Checks that a request has its TLS parameters in the table of `tls` or `starttls`: outside that table they would be
---ignored.
---@param request table
---@return boolean|nil ok
---@return string|nil message
function starttls.check(request)
    local field = request.tls and "tls" or request.starttls and "starttls"
    if not field then return true end
    for _, name in ipairs(require("socket.tls_parameters")) do
        if request[name] ~= nil then
            return nil, ("invalid %s (belongs in the table: %s = { %s = … })"):format(name, field, name)
        end
    end
    return true
end

---Ends a secured connection that only sent data, without losing any: waits, within its time limit, for the peer to
---close.
---@param object userdata TLS object
function starttls.finish(object)
    native("socket_tls_core").finish(object)
end

return starttls
