-- newtry and protect, in Lua because the functions they call may yield (add.25). Both become fields of the
-- given table.
local core, protected_call = ...

local error, setmetatable = error, setmetatable

-- The exceptions that try raises: a private kind of table. A script can neither make one nor turn it into
-- another table.
local wrapped = setmetatable({}, { __mode = "k" })
local private = { __metatable = false }

local function wrap(payload)
    local object = setmetatable({ payload }, private)
    wrapped[object] = true
    return object
end

function core.newtry(finalizer)
    return function(first, ...)
        if first then return first, ... end
        if finalizer ~= nil then
            local ok, message = protected_call(finalizer)
            if not ok then error(message, 0) end
        end
        error(wrap((...)), 0)
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
