-- Reads the LuaCATS definitions in types/: the members of each class.
local manual = require("manual")

local definitions = {}

local FILES = {
    "socket", "socket.core", "socket.dns", "socket.tcp", "socket.udp", "socket.unix", "socket.serial", "http", "socket.http",
    "socket.headers", "socket.url", "socket.tp", "socket.smtp", "socket.ftp", "socket.mbox", "socket.tasks", "socket.tls", "ltn12",
    "mime", "mime.core", "http.server", "mbox", "ssl", "ssl.https",
}

-- Adds the definitions of one file to `classes`: the fields of a class, and the functions of the variable after its
-- declaration.
local function read(path, classes)
    local text = assert(manual.read(path), "no file " .. path)
    local class, variables = nil, {}
    for line in text:gmatch("[^\n]+") do
        local name = line:match("^%-%-%-@class ([%w_.]+)")
        if name then
            classes[name] = classes[name] or {}
            class = name
        end
        local field = line:match("^%-%-%-@field ([%w_]+)")
        if field and class then classes[class][field] = path end
        local variable = line:match("^local ([%w_]+) = ")
        if variable and class then variables[variable], class = class, nil end
        local owner, member = line:match("^function ([%w_]+)[.:]([%w_.]+)%(")
        if owner and variables[owner] then classes[variables[owner]][member] = path end
    end
end

---All classes: maps each name to a set of members. A member's name may be a path such as `source.chain`.
---@return table<string, table<string, string>> classes
function definitions.read()
    local classes = {}
    for _, name in ipairs(FILES) do
        read("types/library/" .. name .. ".lua", classes)
    end
    return classes
end

---The expected files, without folder and ".lua".
definitions.files = FILES

return definitions
