-- Every socket option is described in the manual, and defined for editors.
-- not on: lua5.1, lua5.2, lua5.3, lua5.5, luajit, runner
local check = require("check")
local manual = require("manual")

-- The page of each file with options, and the definitions of their names.
local PARTS = {
    { source = "tcp", page = "tcp", definitions = "socket.tcp" },
    { source = "udp", page = "udp", definitions = "socket.udp" },
    { source = "unix_stream", page = "unix" },
    { source = "unix_datagram", page = "unix" },
}

local contents = manual.page("README")
for _, part in ipairs(PARTS) do
    local source = assert(manual.read("src/socket/" .. part.source .. ".rs"))
    local page = manual.page(part.page)
    local definitions = part.definitions and assert(manual.read("types/library/" .. part.definitions .. ".lua"))
    local count = 0
    for name in source:gmatch('%(%s*"([%l%d-]+)",%s*OptionKind') do
        count = count + 1
        local where = part.source .. ": " .. name
        check.ok(where .. " is in the manual", page:find("`" .. name .. "`", 1, true), "docs/" .. part.page .. ".md")
        if definitions then
            check.ok(where .. " is in the list", contents:find("[`" .. name .. "`](" .. part.page .. ".md", 1, true),
                "docs/README.md")
            check.ok(where .. " is defined", definitions:find('"' .. name .. '"', 1, true), part.definitions .. ".lua")
        end
    end
    check.ok(part.source .. " has options", count > 0)
end
check.done()
