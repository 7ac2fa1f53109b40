-- Loads the parts of a URL's authority at their first use (src/late/http_authority.lua). Internal to HTTP.
local mime = require("mime")
local native = require("socket.native")
local part = require("socket.part")
local url = require("socket.url")

return part("http_authority", function() return next end, {
    mime = mime, native = native, url = url,
    find = string.find, sub = string.sub, tostring = tostring, type = type,
})
