-- Finds the one native library behind all of luasocket-rs's modules. It is installed as
-- socket/core on package.cpath; the other native modules are further entry points of the same
-- file, because two copies of it would not know each other's objects.
local package, error, io, ipairs = package, error, io, ipairs

local separator, mark = package.config:match("^(.-)\n.-\n(.-)\n")

-- The library that has answered already.
local found

-- Every file that `require "socket.core"` could load, in order.
local function candidates()
    local list = {}
    for template in package.cpath:gmatch("[^;]+") do
        local name = template:gsub("%" .. mark, "socket" .. separator .. "core")
        local file = io.open(name, "rb")
        if file then
            file:close()
            list[#list + 1] = name
        end
    end
    return list
end

---Opens a native module of this library.
---@param name string entry point without its prefix: `mime_core`, `socket_url`, …
---@return any module what the entry point returns
return function(name)
    -- An older LuaSocket may come first on the path: it lacks the entry point and is passed over.
    for _, file in ipairs(found and { found } or candidates()) do
        local open = package.loadlib(file, "luaopen_" .. name)
        if open then
            found = file
            return open(name)
        end
    end
    error("luasocket-rs: no native library with luaopen_" .. name .. " on package.cpath", 0)
end
