-- What the line-based protocols (tp, smtp, ftp) share: protected calls that a
-- yield passes through on every Lua, and the refusal of arguments that would
-- end a command line early. Not part of the public interface.

local session = {}

-- Lua 5.1 alone cannot yield across pcall; there the protected function runs
-- in a coroutine of its own, whose yields are handed on to the caller's.
local function yields_cross_pcall()
    local thread = coroutine.create(function() pcall(coroutine.yield) end)
    coroutine.resume(thread)
    return coroutine.status(thread) == "suspended"
end

local function relay(thread, ok, ...)
    if coroutine.status(thread) == "suspended" then
        return relay(thread, coroutine.resume(thread, coroutine.yield(...)))
    end
    return ok, ...
end

local function relaying_pcall(f, ...)
    if not coroutine.running() then return pcall(f, ...) end
    -- the closure is for functions written in C, which 5.1 takes no coroutine of
    local thread = coroutine.create(function(...) return f(...) end)
    return relay(thread, coroutine.resume(thread, ...))
end

---Calls `f(...)` as pcall does; `f` may yield (add.25).
---@param f function
---@param ... any
---@return boolean ok
---@return any ... results of `f`, or what it raised
session.pcall = yields_cross_pcall() and pcall or relaying_pcall

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
