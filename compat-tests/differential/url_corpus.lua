-- Generated URLs for which LuaSocket's rules alone decide: no `?` or `#` where an authority could end there
-- (url.authority), and no dots that would reach the authority (url.bugs.3).
local show = require("show")
local url = require("socket.url")

local state = 20240229
local function random(n)
    state = state * 16807 % 2147483647
    return state % n + 1
end

local function pick(list) return list[random(#list)] end

local function text(pieces, longest)
    local parts = {}
    for i = 1, random(longest + 1) - 1 do parts[i] = pick(pieces) end
    return table.concat(parts)
end

local SCHEME = { "", "", "http:", "s+1.x-:", "1:", "_:" }
local AUTHORITY = { "a", "1", ":", "@", "[", "]", ".", ";", "%", "::", "h", " " }
local TAIL = { "/", "a", "?", "#", ";", ":", "@", "[", "]", ".", "//", "b=c", "%2f" }
for i = 1, 1500 do
    local subject = pick(SCHEME) .. (random(3) > 1 and "//" .. text(AUTHORITY, 7) .. "/" or "/p") .. text(TAIL, 8)
    local parts = url.parse(subject)
    show("parse " .. i .. " " .. subject, parts)
    -- A host parsed as `[…` may or may not get a second pair of brackets (url.build.4).
    if not (parts.host or ""):find("^%[") then show("build " .. i, url.build(parts)) end
end

-- Neither scheme nor authority. There is no `..` after `?` or `#`, because LuaSocket resolves it there (add.44).
local PATH = { "/", "..", ".", "a", "bc", "/../", "/./", "../", "./", "d/", "..e" }
local SUFFIX = { "", "", "", ";p/../q", "?q/./r", "#f/./g", "?q#.", "#." }
local function bare(longest)
    return (text(PATH, longest):gsub("^//+", "/"))
end
for i = 1, 1500 do
    local base, relative = bare(6), bare(9)
    if base ~= "" and relative ~= "" then relative = relative .. pick(SUFFIX) end
    show("bare " .. i .. " " .. base .. " + " .. relative, url.absolute(base, relative))
end

-- Under an authority: the path is cleaned first, then the whole. The query has no `..`.
local BASE = {
    "http://h", "http://u:p@h:80/", "//h.i/x/y/z", "s://[::1]:8/x/y;p?q#f", "http://h/x/y?q", "file:///etc/x",
}
local PLAIN = { "", "", "?q", "#f", ";p?q#f", "?a/./b", "#s//t" }
for i = 1, 1500 do
    local base, relative = pick(BASE), text(PATH, 9):gsub("^//+", "/") .. pick(PLAIN)
    show("under " .. i .. " " .. base .. " + " .. relative, url.absolute(base, relative))
end
