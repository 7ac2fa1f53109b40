-- A pcall that can be yielded across on every Lua (add.25).
local crosses = ...

local pcall = pcall
-- A host may have left out the coroutine library. Then nothing yields.
local coroutine = coroutine or {}
local running, create, resume, status, yield =
    coroutine.running, coroutine.create, coroutine.resume, coroutine.status, coroutine.yield

-- Lua 5.1's pcall cannot be yielded across. There the function runs in a separate coroutine. Its yields are
-- passed on to the code that resumes the caller.
local protected_call = pcall
if not crosses and yield then
    local function pass_on(thread, ok, ...)
        if status(thread) ~= "suspended" then return ok, ... end
        return pass_on(thread, resume(thread, yield(...)))
    end

    function protected_call(f, ...)
        if not running() then return pcall(f, ...) end
        local thread = create(function(...) return f(...) end)
        return pass_on(thread, resume(thread, ...))
    end
end

return protected_call
