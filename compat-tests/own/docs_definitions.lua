-- The definitions for editors are valid: comments name the functions' parameters in order, and every type exists.
-- (docs_coverage compares the definitions with the library.)
local check = require("check")
local manual = require("manual")
local definitions = require("definitions")

-- The built-in types of LuaCATS; `file` is what other language servers call `file*`.
local known = {}
for name in ("any nil boolean number integer string table function userdata thread true false fun file* file"):gmatch("%S+") do
    known[name] = true
end

local texts = {}
for _, name in ipairs(definitions.files) do
    texts[name] = assert(manual.read("types/library/" .. name .. ".lua"))
    for class in texts[name]:gmatch("%-%-%-@class ([%w_.]+)") do known[class] = true end
    for alias in texts[name]:gmatch("%-%-%-@alias ([%w_.]+)") do known[alias] = true end
end

-- The type at the start of a text. It ends at the first blank that is outside brackets and not next to an operator.
local function leading_type(text)
    local depth = 0
    for at = 1, #text do
        local sign = text:sub(at, at)
        if sign:find("[%(%[{<]") then depth = depth + 1 end
        if sign:find("[%)%]}>]") then depth = depth - 1 end
        if sign == " " and depth == 0 and not text:sub(1, at - 1):find("[|:,]%s*$") and not text:find("^%s*|", at) then
            return text:sub(1, at - 1)
        end
    end
    return text
end

-- Calls `found` with each type name in a type. Names of fields and parameters, and string literals, are skipped.
local function each_name(text, found)
    text = text:gsub("[%a_][%w_]*%??:", " "):gsub("%.%.%.", " ")
    for name in text:gmatch("[%a_][%w_.]*%*?") do found(name) end
end

for _, file in ipairs(definitions.files) do
    local number, generics, parameters = 0, {}, {}
    local function types(text)
        each_name(leading_type((text:gsub('"[^"]*"', '""'))), function(name)
            check.ok(("docs.types: %s.lua:%d %s"):format(file, number, name), known[name] or generics[name], "no such type")
        end)
    end
    for line in (texts[file] .. "\n"):gmatch("(.-)\n") do
        number = number + 1
        local tag, rest = line:match("^%-%-%-@([%a_]+)%s*(.*)$")
        if tag == "generic" then
            generics[rest:match("^(%w+)")] = true
        elseif tag == "param" then
            local name, of = rest:match("^([%w_.]+)%??%s+(.*)$")
            parameters[#parameters + 1] = name
            types(of)
        elseif tag == "field" then
            types(rest:match("^[%w_]+%??%s+(.*)$") or rest:match("^%b[]%s+(.*)$"))
        elseif tag == "return" or tag == "overload" then
            types(rest)
        elseif tag == "return_overload" then
            -- several results that come together, each with or without a name
            for result in rest:gmatch("[^,]+%b<>[^,]*" ) do types((result:gsub("^%s+", ""))) end
            for result in rest:gsub("[^,]+%b<>[^,]*", ""):gmatch("[^,]+") do types((result:gsub("^%s+", ""))) end
        elseif tag == "class" and rest:find(":") then
            types(rest:match(":%s*(.*)$"))
        elseif tag == "alias" and rest:find("%s") then
            types(rest:match("%s+(.*)$"))
        end
        local declared = line:match("^function [%w_.:]+(%b())")
        if declared then
            check.equal(("docs.types: %s.lua:%d parameters"):format(file, number), table.concat(parameters, ", "),
                declared:sub(2, -2))
            generics, parameters = {}, {}
        end
    end
end

check.done()
