-- The module's table (url.module).
local show = require("show")
local url = require("socket.url")

local names = {}
for name, value in pairs(url) do names[#names + 1] = name .. ": " .. type(value) end
table.sort(names)
show("url.module.2", names)
show("url.module.2: _VERSION", url._VERSION)
show("url.module.1", require("socket").url == url, package.loaded["socket.url"] == url)
show("url.module.3", select("#", url.parse("x")), select("#", url.parse("")), select("#", url.build({})),
    select("#", url.absolute("a", "b")), select("#", url.parse_path("a")), select("#", url.build_path({})))
