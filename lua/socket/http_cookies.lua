-- Cookie jars. Internal to HTTP, which offers `jar`.
local native = require("socket.native")

local error, type = error, type

local cookies = {}

---@class http.cookie
---@field name string empty for a cookie without a name
---@field value string
---@field domain string without a leading dot
---@field path string
---@field expires? integer Unix time; nil for a session cookie
---@field secure boolean over https only
---@field httponly boolean
---@field hostonly boolean for this host only, not for its subdomains
---@field samesite? string

---@class http.jar
---@field set fun(self: http.jar, url: string, setcookie: string): true|nil, string|nil
---@field header fun(self: http.jar, url: string): string|nil
---@field cookies fun(self: http.jar, url?: string): http.cookie[]
---@field clear fun(self: http.jar, domain?: string): true
---@field load fun(self: http.jar, file: string): true|nil, string|nil
---@field save fun(self: http.jar, file: string): true|nil, string|nil

---@type any
local module
local function loaded()
    module = module or native("socket_cookies")
    return module
end

---Makes a cookie jar.
---@param options? { publicsuffix: string|false|nil } a different list of public suffixes; false for none
---@return http.jar|nil jar
---@return string|nil message
function cookies.jar(options)
    if options ~= nil and type(options) ~= "table" then
        error("bad argument #1 to 'jar' (table expected, got " .. type(options) .. ")", 2)
    end
    for name in pairs(options or {}) do
        if name ~= "publicsuffix" then error("invalid option '" .. tostring(name) .. "'", 2) end
    end
    return loaded().jar(options and options.publicsuffix)
end

---Returns whether a value is a jar.
---@param value any
---@return boolean
function cookies.is_jar(value)
    -- without the native library there are no jars
    return module ~= nil and module.is_jar(value)
end

return cookies
