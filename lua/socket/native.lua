-- Finds the native libraries behind luasocket-rs's modules. `socket/core` on package.cpath has the
-- entry points of most: two copies of it would not know each other's objects. TLS is in
-- `socket/tls_core` beside it, so that only programs that use TLS load the system's TLS library; what of HTTP is
-- large, in `socket/http_core`.
local package, error, io = package, error, io

local separator, mark = package.config:match("^(.-)\n.-\n(.-)\n")

-- The library of each entry point that is not in `core`.
local libraries = { socket_tls_core = "tls_core", socket_all_codings = "http_core", socket_cookies = "http_core" }

-- The entry of package.cpath whose `core` has answered already.
local found

local function file_of(template, library)
    return (template:gsub("%" .. mark, "socket" .. separator .. library))
end

local function in_core(name)
    -- An older LuaSocket may come first on the path: it lacks the entry point and is passed over.
    for template in (found or package.cpath):gmatch("[^;]+") do
        local path = file_of(template, "core")
        local file = io.open(path, "rb")
        if file then
            file:close()
            local open = package.loadlib(path, "luaopen_" .. name)
            if open then
                found = template
                return open(name)
            end
        end
    end
    error("luasocket-rs: no native library with luaopen_" .. name .. " on package.cpath", 0)
end

local function beside_core(name, library)
    local version = in_core("socket_version")
    local path = file_of(found, library)
    local open, problem = package.loadlib(path, "luaopen_" .. name)
    if not open then error("luasocket-rs: " .. problem, 0) end
    local module = open(name)
    if module.version ~= version then
        error(("luasocket-rs: %s has version %s, but %s has version %s; install both from one build"):format(
            path, module.version, file_of(found, "core"), version), 0)
    end
    return module
end

---Opens a native module of these libraries.
---@param name string entry point without its prefix: `mime_core`, `socket_url`, …
---@return any module what the entry point returns
return function(name)
    local library = libraries[name]
    if library then return beside_core(name, library) end
    return in_core(name)
end
