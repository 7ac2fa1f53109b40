-- Loads the connections of HTTPS requests at their first use (src/late/https_connection.lua). Internal to HTTPS.
local socket = require("socket")
local makers = require("socket.https_makers")
local native = require("socket.native")("socket_tls_core")
local part = require("socket.part")
local settings = require("socket.https_settings")
local tls = require("socket.tls")
local tls_parameters = require("socket.tls_parameters")
local tunnel = require("socket.http_tunnel")

return part("https_connection", function() return next end, {
    socket = socket, makers = makers, native = native, settings = settings, tls = tls, tls_parameters = tls_parameters,
    tunnel = tunnel, getmetatable = getmetatable, ipairs = ipairs, pairs = pairs,
    setmetatable = setmetatable, tonumber = tonumber,
})
