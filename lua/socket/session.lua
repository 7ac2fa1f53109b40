-- What the line-based protocols (tp, smtp, ftp) share: protected calls that a
-- yield passes through on every Lua, the refusal of arguments that would end
-- a command line early, and the step to TLS. Not part of the public interface.

local socket = require("socket")

local session = {}

---Calls `f(...)` as pcall does; `f` may yield (add.25).
---@param f function
---@param ... any
---@return boolean ok
---@return any ... results of `f`, or what it raised
session.pcall = require("socket.native")("socket_protected_call")

local function close_on_error(object, ok, ...)
    if ok then return ... end
    object:close()
    error((...), 0)
end

---Calls `f(object, ...)`. Whatever it raises closes the object at once (add.30)
---and is raised again unchanged.
---@param object { close: fun(self) }
---@param f function
---@param ... any
---@return any ... results of `f`
function session.run(object, f, ...)
    return close_on_error(object, session.pcall(f, object, ...))
end

---Judges a value that is to become part of a command line (add.26).
---@param name string what the value is, for the message
---@param value any
---@return boolean|nil ok true, or nil when it is no text or holds CR, LF or NUL
---@return string|nil message
function session.valid(name, value)
    local kind = type(value)
    if kind == "number" then return true end
    if kind ~= "string" then
        return nil, ("invalid %s (string expected, got %s)"):format(name, kind)
    end
    if value:find("[\r\n]") or value:find("\0", 1, true) then
        return nil, ("invalid %s (line break or NUL in it)"):format(name)
    end
    return true
end

-- The words of TLS objects for a time limit that has passed.
local WAITING = { wantread = "timeout", wantwrite = "timeout" }

---`socket.try` for sessions that the caller asked to secure.
---@param ok any
---@param message any
---@param ... any
---@return any ...
function session.try(ok, message, ...)
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
---@return boolean|nil ok
---@return string|nil message
function session.secure(holder, name, host, given, timeout)
    local params = { mode = "client", protocol = "any", verify = "peer", options = "all" }
    if type(given) == "table" then
        for key, value in pairs(given) do params[key] = value end
    end
    local object = holder[name]
    -- what came in the clear must not pass for the secured server's word (CVE-2011-0411)
    if object.dirty and object:dirty() then return nil, "unexpected data before the TLS handshake" end
    -- not `ssl`: that may be LuaSec's, which verifies no host name
    local secured, message = require("socket.tls").wrap(object, params)
    if not secured then return nil, message end
    holder[name] = secured
    secured:settimeout(timeout)
    secured:sni(host)
    return secured:dohandshake()
end

---Ends a secured connection that was only sent to, so that nothing of it is lost:
---waits, within its limit, for the other side's end.
---@param object userdata TLS object
function session.finish(object)
    require("socket.native")("socket_tls_core").finish(object)
end

return session
