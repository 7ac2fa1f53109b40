-- Errors about wrong arguments name the position and the expected type. (Called through pcall, a function has no name
-- on 5.1.)
local check = require("check")
local url = require("socket.url")

local function raises(item, name, pattern, ...)
    check.raises(item .. ": " .. name, "bad argument " .. pattern, url[name], ...)
end

raises("url.parse.2", "parse", "#1 to '.-' %(string expected, got table%)", {})
raises("url.parse.1", "parse", "#2 to '.-' %(table expected, got number%)", "x", 5)
raises("url.parse.16", "parse", "#2 to '.-' %(string expected in field 'authority', got boolean%)",
    "/x", { authority = true })
raises("url.parse.16", "parse", "#2 to '.-' %(string expected in field 'userinfo', got table%)",
    "//h", { userinfo = {} })
raises("url.build.1", "build", "#1 to '.-' %(table expected, got nil%)", nil)
raises("url.build.1", "build", "#1 to '.-' %(string expected in field 'path', got function%)", { host = "h", path = print })
raises("url.absolute.1", "absolute", "#1 to '.-' %(string expected, got boolean%)", true, "x")
raises("url.absolute.1", "absolute", "#2 to '.-' %(string expected, got table%)", "x", {})
raises("url.absolute.2", "absolute", "#2 to '.-' %(string expected, got nil%)", nil, nil)
raises("url.escape.1", "escape", "#1 to '.-' %(string expected, got nil%)", nil)
raises("url.escape.2", "unescape", "#1 to '.-' %(string expected, got boolean%)", false)
raises("url.parse_path.1", "parse_path", "#1 to '.-' %(string expected, got table%)", {})
check.raises("url.build_path.4: segment", "string expected at index 2, got boolean", url.build_path, { "a", true })
check.raises("url.build_path.4: nil", "attempt to get length of", url.build_path, nil)

-- An error in a metamethod is raised unchanged.
local failing = setmetatable({}, { __index = function() error("no such field", 0) end })
for _, name in ipairs({ "build", "absolute" }) do
    check.raises("url." .. name .. ": __index", "^no such field$", url[name], failing, "c")
end
local segments = setmetatable({ "a" }, { __index = function(_, key) error("no " .. key, 0) end })
check.raises("url.build_path: __index", "^no is_absolute$", url.build_path, segments)

-- Large results, from every function that builds strings.
local long = ("a b/"):rep(5000)
check.equal("url.escape: large", #url.escape(long), 5000 * 8)
check.equal("url.unescape: large", url.unescape(url.escape(long)), long)
check.equal("url.build: large", url.build({ host = "h", path = "/" .. long }), "//h/" .. long)
check.equal("url.absolute: large", url.absolute("http://h/x/", "../" .. long), "http://h/" .. long)
check.equal("url.parse_path: large", #url.parse_path(long), 5000)
check.equal("url.build_path: large", url.build_path(url.parse_path(long)), (("a%20b/"):rep(5000):gsub("/$", "") .. "/"))

check.done()
