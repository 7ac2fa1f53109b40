-- headers.1-3: the table of spellings.
local show = require("show")
local socket = require("socket")
local headers = require("socket.headers")

show("headers.1: the module is a field of socket", socket.headers == headers, type(headers.canonic))

local names = {}
for name in pairs(headers.canonic) do names[#names + 1] = name end
table.sort(names)
show("headers.3: entries", #names)
for _, name in ipairs(names) do show(name, headers.canonic[name]) end

headers.canonic["x-odd"] = "x-ODD"
show("headers.2: an entry can be added", headers.canonic["x-odd"])
headers.canonic["etag"] = nil
headers.canonic["etag"] = "etag"
show("headers.2: an entry can be replaced", headers.canonic["etag"])
