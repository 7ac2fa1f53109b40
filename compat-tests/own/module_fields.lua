-- Tracebacks name a function after the field of a loaded module that holds it. So no module has a field that is one of
-- Lua's own functions.
local check = require("check")

local known = {}
for _, name in ipairs({ "_G", "string", "table", "math", "os", "io", "coroutine", "debug" }) do
    for field, value in pairs(_G[name] or {}) do
        if type(value) == "function" then known[value] = name .. "." .. field end
    end
end
local before = {}
for name in pairs(package.loaded) do before[name] = true end

for _, name in ipairs({
    "socket", "socket.http", "socket.ftp", "socket.smtp", "socket.tp", "socket.url", "socket.headers", "socket.tasks", "ltn12",
    "mime", "mbox", "ssl", "ssl.https", "http",
}) do require(name) end
-- requests load what is compiled at the first use
local closed = assert(require("socket").bind("127.0.0.1", 0))
local nowhere = "http://127.0.0.1:" .. select(2, closed:getsockname()) .. "/"
closed:close()
require("http").get(nowhere, { retries = 1, retrywait = 0 })
require("socket.http").request({ url = nowhere, pool = true })

local modules = 0
for name, module in pairs(package.loaded) do
    if not before[name] and type(module) == "table" then
        modules = modules + 1
        for field, value in pairs(module) do
            -- LuaSocket has this one, too
            if field ~= "try" then check.ok(name .. "." .. tostring(field), not known[value], known[value]) end
        end
    end
end
check.ok("modules", modules > 20, modules)
check.done()
