-- Copies the Lua files of lua/ and the native libraries that build.lua has left in target/rock into a rock's folders:
--     lua rockspec/install.lua LUADIR LIBDIR [without-ssl]
-- `without-ssl` leaves out ssl and ssl.https, which the rock luasec has.

local windows = package.config:sub(1, 1) == "\\"
local share, lib, option = ...
assert(lib, "usage: install.lua LUADIR LIBDIR [without-ssl]")

-- The files below a folder, by their paths inside it with slashes.
local function files(folder)
    local found = {}
    local pipe = assert(io.popen(windows and ('cd %s && dir /s /b /a-d'):format(folder:gsub("/", "\\"))
        or ('cd %s && find . -type f'):format(folder)))
    local top
    if windows then
        local here = assert(io.popen(("cd %s && cd"):format(folder:gsub("/", "\\"))))
        top = here:read("*l")
        here:close()
    end
    for line in pipe:lines() do
        local path = line:sub(windows and #top + 2 or 3):gsub("\r$", ""):gsub("\\", "/")
        found[#found + 1] = path
    end
    pipe:close()
    table.sort(found)
    return found
end

local function copy(from, to)
    local folder = to:match("^(.*)/")
    if windows then
        os.execute(('if not exist "%s" mkdir "%s"'):format(folder:gsub("/", "\\"), folder:gsub("/", "\\")))
    else
        os.execute(("mkdir -p '%s'"):format(folder:gsub("'", "'\\''")))
    end
    local source, target = assert(io.open(from, "rb")), assert(io.open(to, "wb"))
    assert(target:write(source:read("*a")))
    source:close()
    target:close()
end

for _, path in ipairs(files("lua")) do
    if path:find("%.lua$") and not (option == "without-ssl" and path:find("^ssl[./]")) then
        copy("lua/" .. path, share .. "/" .. path)
    end
end
for _, path in ipairs(files("target/rock")) do
    copy("target/rock/" .. path, lib .. "/socket/" .. path)
end
