-- Shared by the line-based protocols (tp, smtp, ftp): protected calls that allow a yield on every Lua version,
-- rejection of arguments that would end a command line early, and the end of a session.
local captured = ...
local type, protected_call = captured.type, captured.pcall

local session = {}

-- Seconds to wait for the reply to QUIT after the server has confirmed everything.
local GOODBYE = 5

local function close_on_error(object, ok, ...)
    if ok then return ... end
    object:close()
    error((...), 0)
end

---Calls `f(object, ...)`. An error closes the object at once (add.30) and is raised again unchanged.
---@param object { close: fun(self) }
---@param f function
---@param ... any
---@return any ... results of `f`
function session.run(object, f, ...)
    return close_on_error(object, protected_call(f, object, ...))
end

local function with_reason(notes, ok, ...)
    if not ok and notes.why then return ok, (...), nil, notes.why end
    return ok, ...
end

---`socket.protect` for a function whose first argument is a table of notes. When the call fails and `notes.why` is
---set, `notes.why` is the fourth result: the reason of a refused certificate.
---@param f function
---@param protect fun(f: function): function
---@return function
function session.protect(f, protect)
    local protected = protect(f)
    return function(...)
        local notes = {}
        return with_reason(notes, protected(notes, ...))
    end
end

---Sends QUIT and closes. The server has already confirmed all data, so its reply is ignored (add.52).
---@param connection table with `tp`, and `close`
---@param timeout number|nil the current limit
---@return number one
function session.goodbye(connection, timeout)
    local control = connection.tp
    if control.ours and (not timeout or timeout < 0 or timeout > GOODBYE) then control.c:settimeout(GOODBYE) end
    if control:command("QUIT") then control:check(".") end
    return connection:close()
end

---Checks a value for use in a command line (add.26).
---@param name string name of the value in the message
---@param value any
---@return boolean|nil ok true, or nil when it is not text or contains CR, LF or NUL
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

---Checks a source, sink or step before anything is sent.
---@param name string name of the value in the message
---@param value any
---@return boolean|nil ok
---@return string|nil message
function session.callable(name, value)
    if type(value) == "function" then return true end
    local metatable = getmetatable(value)
    if type(metatable) == "table" and metatable.__call then return true end
    return nil, ("invalid %s (function expected, got %s)"):format(name, type(value))
end

return session
