-- Makes every module requirable in a state that has the native code linked in.
local preload, paths, text, openers = ...

local error, ipairs = error, ipairs
-- Lua 5.1's `load` takes no string.
local load = loadstring or load

for _, path in ipairs(paths) do
    local name = path:gsub("%.lua$", ""):gsub("/", ".")
    preload[name] = function(...)
        local chunk, message = load(text(path), "=" .. path)
        if not chunk then error(message, 0) end
        return chunk(...)
    end
end

local function open(name)
    local opener = openers[name]
    if not opener then error("luasocket-rs: no native module " .. name, 0) end
    return opener(name)
end

preload["socket.core"] = openers.socket_core
preload["socket.native"] = function() return open end
