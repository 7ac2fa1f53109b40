-- Paths and segments (url.s.155-177).
local show = require("show")
local url = require("socket.url")

show("url.s.155", url.parse_path("/eu/tu/ele"))
show("url.s.156", url.parse_path("/eu/"))
show("url.s.157", url.parse_path("/"))
show("url.s.158", url.parse_path("//"))
show("url.s.159", url.parse_path(""))
show("url.s.160", url.parse_path(nil))
show("url.s.161", url.parse_path("a//b"))
show("url.s.162", url.parse_path("a%2Fb/c"))
show("url.s.163", url.parse_path("a;b/c?d"))
show("url.s.164", url.parse_path("./../x"))
show("url.s.165", url.build_path{"eu", "tu", is_absolute=1})
show("url.s.166", url.build_path{"eu", is_directory=1})
show("url.s.167", url.build_path{is_absolute=1, is_directory=1})
show("url.s.168", url.build_path{is_directory=1})
show("url.s.169", url.build_path{})
show("url.s.170", url.build_path{"eu", "-_.!~*'():@&=+$,", "tu"})
show("url.s.171", url.build_path{"/eu>", "<diego?"})
show("url.s.172", url.build_path({"/eu>", "<diego?"}, 1))
show("url.s.173", url.build_path({"a b"}, false))
show("url.s.174", url.build_path({"{eu}", "|diego\127"}))
show("url.s.175", url.build_path{"a", "", "b"})
show("url.s.176", url.build_path{12, 13})
show("url.s.177", url.build_path{"\195\169%"})

-- Every byte in a segment (url.build_path.3).
for byte = 0, 255 do
    local char = string.char(byte)
    show("url.build_path.3: byte " .. byte, url.build_path({ char }), url.build_path({ char }, true))
end

-- Values that count as true (url.build_path.2, 3).
for _, flag in ipairs({ true, 0, "" }) do
    show("url.build_path.2: " .. show.text(flag), url.build_path({ "a", is_absolute = flag, is_directory = flag }))
    show("url.build_path.3: " .. show.text(flag), url.build_path({ "a b" }, flag))
end
show("url.build_path.2: false", url.build_path({ "a", is_absolute = false, is_directory = false }))
show("url.build_path.2: inherited", url.build_path(setmetatable({ "a" }, { __index = { is_absolute = 1, "x", "y" } })))
show("url.build_path.4: numbers", url.build_path({ 1.5, 2 }), url.build_path({ 1.5, 2 }, true))

-- Arguments are not changed (url.build_path.4).
local segments = url.parse_path("/a%20b/c/")
show("url.build_path.4", url.build_path(segments))
show("url.build_path.4: afterwards", segments)

-- Other types.
show("url.parse_path.1: false", url.parse_path(false))
show("url.parse_path.1: number", url.parse_path(12))
for _, wrong in ipairs({ true, {}, print }) do
    show("url.parse_path.1: raises for a " .. type(wrong), (pcall(url.parse_path, wrong)))
    show("url.build_path.4: raises for a segment that is a " .. type(wrong), (pcall(url.build_path, { wrong })))
end
show("url.build_path.4: raises for nil", (pcall(url.build_path)))
show("url.build_path.4: raises for a string", (pcall(url.build_path, "x")))
