-- Loads CONNECT at its first use (src/late/http_tunnel.lua). Internal to HTTPS.
local authority = require("socket.http_authority")
local part = require("socket.part")

return part("http_tunnel", function() return next end, {
    authority = authority, find = string.find, match = string.match, sub = string.sub,
})
