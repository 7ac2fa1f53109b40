-- Runs a script with a collector step every few instructions. This shows objects that are collected too early, or
-- twice.
--
--   lua stressed.lua script.lua
local INSTRUCTIONS = 100
if jit then jit.off() end -- compiled code calls no hooks

local function step() collectgarbage("step") end

-- A hook belongs to one thread, so each new thread gets it too.
local create = coroutine.create
rawset(coroutine, "create", function(f)
    local thread = create(f)
    debug.sethook(thread, step, "", INSTRUCTIONS)
    return thread
end)
rawset(coroutine, "wrap", function(f)
    local thread = coroutine.create(f)
    local function results(ok, ...)
        if not ok then error((...), 0) end
        return ...
    end
    return function(...) return results(coroutine.resume(thread, ...)) end
end)

rawset(arg, 0, table.remove(arg, 1))
local script = assert(loadfile(arg[0]))
debug.sethook(step, "", INSTRUCTIONS)
script()
