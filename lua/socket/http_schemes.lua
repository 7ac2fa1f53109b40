-- The URL schemes that socket.http serves. Internal to socket.http, which
-- offers the table as `http.schemes`.
local socket = require("socket")

local type, error = type, error
local lower = string.lower

---@class socket.http.scheme
---@field port number default port
---@field create fun(reqt: table): function makes, for a merged request table, the function that makes its socket

---The schemes that are served, by lower-case name; entries may be added and replaced (http.module.3).
---@type table<string, socket.http.scheme>
local schemes = {
    http = {
        port = 80,
        create = function() return socket.tcp end,
    },
    https = {
        port = 443,
        create = function(reqt)
            local https = require("ssl.https")
            if not https.tcp then error("LuaSocket: Function tcp() not available from LuaSec", 0) end
            return https.tcp(reqt)
        end,
    },
}

local served = { schemes = schemes }

-- The entry for a scheme in any case, and the name under which it stands.
function served.find(name)
    if type(name) == "string" and not schemes[name] then name = lower(name) end
    return schemes[name], name
end

return served
