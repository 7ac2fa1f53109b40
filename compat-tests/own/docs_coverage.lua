-- The manual, the definitions and the library have the same functions, methods and fields.
-- needs: certs
local check = require("check")
local manual = require("manual")
local definitions = require("definitions")
local surface = require("surface")

local function plain(text) return (text:gsub("%p", "%%%0")) end

local function sorted(set)
    local list = {}
    for name in pairs(set) do list[#list + 1] = name end
    table.sort(list)
    return list
end

-- The entries of one part of the manual, as a set of names without the prefix.
local function documented(part, entries)
    local found = {}
    for entry in pairs(entries) do
        local name = entry:match("^" .. plain(part.prefix) .. "(.+)$")
        if name then found[name] = true end
    end
    return found
end

local classes = definitions.read()
local pages, described = {}, {}
for _, name in ipairs(manual.pages) do
    pages[name] = manual.entries(manual.page(name))
    described[name] = {}
end
-- socket.select has a separate page
for entry in pairs(pages.select) do pages.socket[entry] = true end

for _, part in ipairs(surface.parts()) do
    local told, defined = documented(part, pages[part.page]), classes[part.class]
    check.ok("docs.types: class " .. part.class, defined)
    for _, name in ipairs(sorted(part.names)) do
        check.ok("docs.manual: " .. part.prefix .. name, told[name], "docs/" .. part.page .. ".md does not describe it")
        check.ok("docs.types: " .. part.prefix .. name, defined and defined[name], part.class .. " does not define it")
    end
    for _, name in ipairs(sorted(told)) do
        described[part.page][part.prefix .. name] = true
        check.ok("docs.manual: " .. part.prefix .. name .. " exists", part.names[name], "in docs/" .. part.page .. ".md")
    end
    for _, name in ipairs(sorted(defined or {})) do
        check.ok("docs.types: " .. part.class .. " " .. name .. " exists",
            part.names[name] or part.also and part.also[name], tostring(defined[name]))
    end
end

-- An entry whose prefix belongs to no part would not be compared at all.
for page, entries in pairs(pages) do
    for entry in pairs(entries) do
        local known = described[page][entry] or described.socket[entry] or entry == "serial"
        check.ok("docs.manual: " .. entry .. " is public", known, "in docs/" .. page .. ".md")
    end
end

-- The first page links to every entry.
local contents = manual.page("README")
for _, page in ipairs(manual.pages) do
    for _, entry in ipairs(sorted(manual.entries(manual.page(page)))) do
        check.ok("docs.contents: " .. entry, contents:find("`" .. entry .. "`", 1, true), "not in docs/README.md")
    end
end

-- Each definition file loads as Lua, and is marked as a definition file.
for _, name in ipairs(definitions.files) do
    local text = manual.read("types/library/" .. name .. ".lua") or ""
    check.ok("docs.types: " .. name .. ".lua loads", (loadstring or load)(text))
    check.ok("docs.types: " .. name .. ".lua is for editors", text:find("^%-%-%-@meta"))
end

-- Each module has a definition file, except modules that only the library itself loads.
local INTERNAL = {
    ["socket.https"] = true, ["socket.native"] = true, ["socket.part"] = true, ["socket.session"] = true, ["socket.truncation"] = true,
}
local listing = assert(io.popen("cd '" .. manual.repository .. "lua' && find . -name '*.lua'"))
local modules = 0
for path in listing:lines() do
    local name = path:match("^%./(.*)%.lua$"):gsub("/", ".")
    if not INTERNAL[name] and not name:find("_") then
        modules = modules + 1
        check.ok("docs.types: module " .. name, manual.read("types/library/" .. name .. ".lua"), "no definitions")
    end
end
listing:close()
check.ok("docs.types: modules", modules > 0)

check.done()
