-- The URL schemes that socket.http serves. Internal to socket.http, which
-- offers the table as `http.schemes`.
local socket = require("socket")
local makers = require("socket.https_makers")

local type, error, pcall, require, tostring = type, error, pcall, require, tostring
local find, lower = string.find, string.lower

---@class socket.http.scheme
---@field port number default port
---@field create fun(reqt: table, given?: table): function makes, for a request table merged over its URL and as it
---was given, the function that makes its socket
---@field route? fun(create: function, proxy: table|nil, notes: table): function|nil, string|nil makes, of the function
---that makes sockets, one whose sockets reach the host through the proxy

-- What `ssl.https` is: LuaSec's module or ours, or ours where neither is installed under that name. The name is
-- looked up at each use, because a program may put its own module there.
local function https_module()
    local ok, https = pcall(require, "ssl.https")
    if not ok then
        -- one that is there and does not load is not replaced silently
        if not find(tostring(https), "module 'ssl.https' not found", 1, true) then error(https, 0) end
        return require("socket.https_settings")
    end
    if not https.tcp then error("LuaSocket: Function tcp() not available from LuaSec", 0) end
    return https
end

local served = {}

-- True for a function that makes HTTPS connections of this library.
function served.is_secured(create)
    return makers[create] ~= nil
end

---The schemes that are served, by lower-case name; entries may be added and replaced (http.module.3).
---@type table<string, socket.http.scheme>
local schemes = {
    http = {
        port = 80,
        create = function() return socket.tcp end,
    },
    https = {
        port = 443,
        create = function(reqt, given)
            local https = https_module()
            if https == require("socket.https_settings") then
                return require("socket.https_connection").for_request(given or reqt)
            end
            return https.tcp(reqt)
        end,
        route = function(create, proxy, notes)
            if served.is_secured(create) then
                return require("socket.https_connection").with(create, { proxy = proxy, notes = notes })
            end
            -- LuaSec knows no proxy: the host would be connected to directly, or the proxy told all in clear
            if proxy then return nil, "proxy not supported" end
            return create
        end,
    },
}

served.schemes = schemes

-- The entry for a scheme in any case, and the name under which it stands.
function served.find(name)
    local entry = schemes[name]
    if entry or type(name) ~= "string" then return entry, name end
    name = lower(name)
    return schemes[name], name
end

return served
