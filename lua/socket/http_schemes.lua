-- The URL schemes that socket.http supports. Internal to socket.http, which offers the table as `http.schemes`.
local socket = require("socket")
local makers = require("socket.https_makers")

local type, error, pcall, require, tostring = type, error, pcall, require, tostring
local find, lower = string.find, string.lower

---@class socket.http.scheme
---@field port number default port
---@field create fun(reqt: table, given?: table): function returns the function that makes the request's socket;
---gets the request table merged over its URL, and the table as given
---@field route? fun(create: function, proxy: table|nil, notes: table): function|nil, string|nil wraps a function that
---makes sockets: the new function's sockets reach the host through the proxy

-- The module `ssl.https`: LuaSec's or this library's. When none is installed under that name, this library's HTTPS.
-- The name is looked up at each use, because a program may put its own module there.
local function https_module()
    local ok, https = pcall(require, "ssl.https")
    if not ok then
        -- a module that exists but fails to load is not replaced silently
        if not find(tostring(https), "module 'ssl.https' not found", 1, true) then error(https, 0) end
        return require("socket.https_settings")
    end
    if not https.tcp then error("LuaSocket: Function tcp() not available from LuaSec", 0) end
    return https
end

local served = {}

-- True for a `create` function that makes HTTPS connections of this library.
function served.is_secured(create)
    return makers[create] ~= nil
end

---The supported schemes, by lower-case name; entries may be added and replaced (http.module.3).
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
                return require("socket.https_connection")().for_request(given or reqt)
            end
            return https.tcp(reqt)
        end,
        route = function(create, proxy, notes)
            if served.is_secured(create) then
                return require("socket.https_connection")().with(create, { proxy = proxy, notes = notes })
            end
            -- LuaSec does not support proxies: it would connect directly to the host, or send the request to the
            -- proxy in plaintext
            if proxy then return nil, "proxy not supported" end
            return create
        end,
    },
}

served.schemes = schemes
-- Makes TCP sockets alone. A program may replace it in the table.
served.plain_create = schemes.http.create

-- The entry of a scheme, ignoring case, and its name in the table.
function served.find(name)
    local entry = schemes[name]
    if entry or type(name) ~= "string" then return entry, name end
    name = lower(name)
    return schemes[name], name
end

return served
