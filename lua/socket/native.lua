-- Finds the native libraries of luasocket-rs's modules. `socket/core` on package.cpath has most entry points: two
-- copies of it would not recognize each other's objects. TLS is in `socket/tls_core` next to it, so that only
-- programs with TLS load the system's TLS library. Large parts of HTTP are in `socket/http_core`.
local error, require, type = error, require, type
-- A sandbox may hide some or all of these from its scripts.
local package, io = package or {}, io or {}

-- The library of each entry point outside `core`.
local libraries = { socket_tls_core = "tls_core", socket_all_codings = "http_core", socket_cookies = "http_core" }

-- The entry of package.cpath where `core` was found.
local found

local function file_of(template, library)
    local separator, mark = package.config:match("^(.-)\n.-\n(.-)\n")
    return (template:gsub("%" .. mark, "socket" .. separator .. library))
end

local function exists(path)
    local file = io.open(path, "rb")
    if file then file:close() end
    return file ~= nil
end

local function in_core(name)
    local reasons = ""
    -- An older LuaSocket may come first on the path. It lacks the entry point and is skipped.
    for template in (found or package.cpath):gmatch("[^;]+") do
        local path = file_of(template, "core")
        if not io.open or exists(path) then
            local open, problem = package.loadlib(path, "luaopen_" .. name)
            if open then
                found = template
                return open(name)
            end
            reasons = reasons .. "\n\t" .. problem
        end
    end
    error("luasocket-rs: no native library with luaopen_" .. name .. " on package.cpath" .. reasons, 0)
end

-- Returns whether the library of an entry point is installed beside `core`. It is not loaded.
local function is_installed(library)
    in_core("socket_version")
    return exists(file_of(found, library))
end

local function check_version(version, other, file, core)
    if other ~= version then
        error(("luasocket-rs: %s has version %s, but %s has version %s; install both from one build"):format(
            file, other, core, version), 0)
    end
end

local function beside_core(name, library)
    local version = in_core("socket_version")
    local path = file_of(found, library)
    local open, problem = package.loadlib(path, "luaopen_" .. name)
    if not open then error("luasocket-rs: " .. problem, 0) end
    local module = open(name)
    check_version(version, module.version, path, file_of(found, "core"))
    return module
end

-- When scripts may not load a library by its file name, Lua's own search finds `core`, as for LuaSocket.
local function by_require(name)
    require("socket.core")
    ---@diagnostic disable-next-line: unresolved-require
    local entries = require("socket.native_entries")
    local library = libraries[name]
    if not library then return entries[name](name) end
    local other = require("socket." .. library)
    local module = other[name] and other[name](name) or other
    check_version(entries.socket_version(), module.version, library, "core")
    return module
end

---Opens a native module of these libraries.
---@param name string entry point without its prefix: `mime_core`, `socket_url`, …
---@param only_look? boolean only checks whether its library is installed, where that is possible without loading it
---@return any module result of the entry point, or a boolean
return function(name, only_look)
    if not (package.loadlib and type(package.config) == "string" and type(package.cpath) == "string") then
        return by_require(name)
    end
    local library = libraries[name]
    if library and only_look and io.open then return is_installed(library) end
    if library then return beside_core(name, library) end
    return in_core(name)
end
