-- Shared by the line-based protocols (tp, smtp, ftp): protected calls that a yield passes through on every Lua, and the
-- refusal of arguments that would end a command line early. Internal.

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

return session
