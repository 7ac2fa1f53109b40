-- newtry and protect: in Lua, because the functions they call may yield (add.25). They become
-- fields of the table given; the protected call they are built on is returned.
local core = ...

local error, pcall, select, setmetatable = error, pcall, select, setmetatable
-- A host may have left the library out: then nothing yields.
local coroutine = coroutine or {}
local running, create, resume, status, yield =
    coroutine.running, coroutine.create, coroutine.resume, coroutine.status, coroutine.yield

-- What try raises: a table of its own kind, which no script can make or unmake.
local wrapped = setmetatable({}, { __mode = "k" })
local private = { __metatable = false }

local function wrap(payload)
    local object = setmetatable({ payload }, private)
    wrapped[object] = true
    return object
end

-- Lua 5.1's pcall cannot be yielded across. There the function runs in a coroutine of its own,
-- whose yields are passed on to whoever resumes the caller.
local protected_call = pcall
local crosses = not yield or select(2, resume(create(function() return pcall(yield, true) end)))
if crosses ~= true then
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

function core.newtry(finalizer)
    return function(...)
        if ... then return ... end
        if finalizer ~= nil then
            local ok, message = protected_call(finalizer)
            if not ok then error(message, 0) end
        end
        local _, payload = ...
        error(wrap(payload), 0)
    end
end

local function unwrap(ok, ...)
    if ok then return ... end
    local message = ...
    if wrapped[message] then return nil, message[1] end
    error(message, 0)
end

function core.protect(f)
    return function(...)
        return unwrap(protected_call(f, ...))
    end
end

return protected_call
