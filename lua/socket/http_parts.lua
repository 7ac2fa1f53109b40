-- The parts of socket.http that are loaded with the first request or connection (src/late), and what they find when it
-- is required. Internal.
local socket = require("socket")
local ltn12 = require("ltn12")
local authority = require("socket.http_authority")
local headers = require("socket.headers")
local is_original = require("socket.ltn12_originals").has
local makers = require("socket.https_makers")
local native = require("socket.native")("socket_http")
local part = require("socket.part")
local schemes = require("socket.http_schemes")
local session = require("socket.session")
local tls_parameters = require("socket.tls_parameters")
local url = require("socket.url")

local string = string

-- The values that the parts use. Lua's functions are not fields of the module, or tracebacks would name them after it.
local captured = {
    socket = socket, ltn12 = ltn12, authority = authority, headers = headers, is_original = is_original, makers = makers,
    native = native, schemes = schemes, pcall = session.protected.call, tls_parameters = tls_parameters, url = url,
    skip = socket.skip, build = url.build,
    error = error, getmetatable = getmetatable, ipairs = ipairs, next = next, pairs = pairs, rawget = rawget,
    require = require, setmetatable = setmetatable, tonumber = tonumber, tostring = tostring, type = type,
    byte = string.byte, find = string.find, format = string.format, gmatch = string.gmatch, gsub = string.gsub,
    len = string.len, lower = string.lower, match = string.match, sub = string.sub, sort = table.sort, huge = math.huge,
}

local function environment() return next end

-- Functions that return a part.
local parts = {
    framing = part("http_framing", environment, captured),
    chunked = part("http_chunked", environment, captured),
    connection = part("http_connection", environment, captured),
    request = part("http_request", environment, captured),
    redirect = part("http_redirect", environment, captured),
}
for name, load in pairs(parts) do captured[name] = load end

---The request that a response redirects to: see `follow` in src/late/http_redirect.lua. Only a Location loads that part.
function parts.follow(plan, code, location)
    if not location then return nil end
    return parts.redirect().follow(plan, code, location)
end

---The sink of chunked bodies. It is the same function before and after the first use: programs may compare it.
function parts.chunked_sink(sock)
    return parts.chunked().new_sink(sock)
end
captured.chunked_sink = parts.chunked_sink

return parts
