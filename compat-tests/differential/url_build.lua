-- URLs built from components (url.s.49-67).
local show = require("show")
local url = require("socket.url")

show("url.s.49", url.build{})
show("url.s.50", url.build{scheme="scheme", host="host", port="port", user="user", password="password",
    path="/path", params="params", query="query", fragment="fragment"})
show("url.s.51", url.build{host="h", port=80})
show("url.s.52", url.build{host="h", port=""})
show("url.s.53", url.build{host="h", user="u"})
show("url.s.54", url.build{host="h", user="u", password=""})
show("url.s.55", url.build{host="h", password="p"})
show("url.s.56", url.build{host="h", userinfo="a:b"})
show("url.s.57", url.build{host="h", user="u", userinfo="no"})
show("url.s.58", url.build{host="h", authority="no", path="/x"})
show("url.s.59", url.build{authority="u@h:1", path="/x"})
show("url.s.60", url.build{host="::1", port=80})
show("url.s.61", url.build{host="h:1"})
show("url.s.62", url.build{scheme="http"})
show("url.s.63", url.build{host="h", path="x"})
show("url.s.64", url.build{params="", query="", fragment=""})
show("url.s.65", url.build{port=80, user="u"})
show("url.s.66", url.build{path="a b?#"})
show("url.s.67", url.build{host=""})

-- Fields that are not strings (url.build.1, 5).
for _, field in ipairs({ "scheme", "authority", "path", "params", "query", "fragment" }) do
    show("url.build.1: absent " .. field, url.build({ [field] = false }))
end
show("url.build.1: numbers", url.build({ scheme = 1, host = 2, user = 3, password = 4, path = 5, query = 6 }))
for _, field in ipairs({ "scheme", "authority", "host", "params", "query", "fragment" }) do
    show("url.build.1: raises for true in " .. field, (pcall(url.build, { [field] = true })))
end
local odd = {}
show("url.build.1: a table as path", url.build({ path = odd }) == odd, url.build({ path = true }))
show("url.build.1: a table as path beside others", (pcall(url.build, { path = odd, query = "q" })))
show("url.build.5: false", url.build({ host = "h", port = false }))
show("url.build.5: true", url.build({ host = "h", port = true }))
show("url.build.5: number", url.build({ host = "h", port = 8080 }))
local nine = setmetatable({}, { __tostring = function() return "9" end })
show("url.build.5: object", url.build({ host = "h", port = nine }))
getmetatable("").__tostring = function() return "7" end
local shown = url.build({ host = "h", port = "80" })
getmetatable("").__tostring = nil
show("url.build.5: string with a metamethod", shown)
show("url.build.3: false host", url.build({ host = false, authority = "a" }))
show("url.build.6: userinfo", url.build({ host = "h", userinfo = "a:b", password = "no" }))
show("url.build.3: unused fields", url.build({ port = {}, user = {}, userinfo = {}, path = "/x" }))

-- Fields are read as in a script, with metamethods.
local inherited = setmetatable({ path = "/own" }, { __index = { scheme = "s", host = "h", query = "q" } })
show("url.build: inherited fields", url.build(inherited))

-- Arguments that are not tables (url.build.1).
show("url.build.1: string", url.build("http://h"))
for _, wrong in ipairs({ true, 12, print }) do
    show("url.build.1: raises for a " .. type(wrong), (pcall(url.build, wrong)))
end
show("url.build.1: raises for nil", (pcall(url.build)))

-- A URL is built again from its parsed parts (url.build.8).
for _, text in ipairs({
    "http:", "a/b/c/d.html", "//net_loc", "http:a/b/d/c.html", "//who:isit@net_loc",
    "http://he:man@boo.bar/a/b/c/i.html;type=moo?this=that#mark", "/b/c/d;param?query#fragment",
    "http://he:man@[::192.168.1.1]/a/b/c/i.html;type=moo?this=that#mark",
}) do
    local parts = url.parse(text)
    show("url.build.8: " .. text, url.build(parts))
    parts.path = parts.path and url.build_path(url.parse_path(parts.path))
    show("url.build.8: through segments", url.build(parts))
end
