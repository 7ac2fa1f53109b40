-- Each option in the code is on its page and in the definitions, and the other way round.
local check = require("check")
local definitions = require("definitions")
local manual = require("manual")

local classes = definitions.read()

-- The quoted or unquoted names between two marks of a source file.
local function code(path, from, to)
    local text = manual.read("lua/socket/" .. path)
    local first = select(2, text:find(from, 1, true))
    local part = text:sub(first + 1, text:find(to, first, true))
    local names = {}
    if part:find("=", 1, true) then
        for name in part:gmatch("([%w_]+) =") do names[name] = true end
    else
        for name in part:gmatch('"([%w_]+)"') do names[name] = true end
    end
    return names
end

-- The names in the first cells of the tables of one part of a page.
local function page(name, from, to)
    local text = manual.page(name)
    local first = text:find("\n" .. from .. "\n", 1, true)
    local last = to and text:find("\n" .. to .. "\n", first, true)
    local names = {}
    for cell in text:sub(first, last):gmatch("\n| (`[^|]*) |") do
        for word in cell:gmatch("`([%w_]+)`") do names[word] = true end
    end
    return names
end

local function union(...)
    local all = {}
    for i = 1, select("#", ...) do
        for name in pairs((select(i, ...))) do all[name] = true end
    end
    return all
end

local function compare(label, first, first_label, second, second_label)
    local count = 0
    for name in pairs(first) do
        count = count + 1
        check.ok(("%s: %s of %s is in %s"):format(label, name, first_label, second_label), second[name])
    end
    for name in pairs(second) do
        check.ok(("%s: %s of %s is in %s"):format(label, name, second_label, first_label), first[name])
    end
    check.ok(label .. ": there are options", count > 5)
end

local client = code("http_options.lua", "for _, name in ipairs({", "})")
compare("client", client, "the code", page("client", "### http.request", "### http.get"), "docs/client.md")
compare("client", client, "the code", classes["http.Options"], "the definitions")

local server = union(code("http_server_options.lua", "local LIMITS = {", "}"), code("http_server_options.lua", "local OTHERS = {", "}"))
-- Positional arguments of http.listen, and the permissions, which the table of hosts describes.
local arguments = { host = true, port = true, handler = true }
local described = union(page("server", "### The limits", "### What is refused"), arguments, { mode = true })
compare("server", server, "the code", described, "docs/server.md")
compare("server", union(server), "the code", classes["http.listenoptions"], "the definitions")

-- The list in the code's file lacks these: they belong to a context, or to a file.
local common = { mode = true, password = true, host = true }
local tls = union(code("tls_parameters.lua", "local parameters = {", "}"), common)
compare("tls", tls, "the code", page("tls", "## Parameters", "### Old devices"), "docs/tls.md")
compare("tls", tls, "the code", classes["ssl.Parameters"], "the definitions")

check.done()
