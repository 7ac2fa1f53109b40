-- The names of protocols and options in TLS parameters. src/late/tls_config.lua checks and translates the parameters.
-- Internal to socket.tls.
local part = require("socket.part")

local ipairs, string = ipairs, string

local config = {
    ---The protocols that select a single version.
    protocols = { tlsv1 = true, tlsv1_1 = true, tlsv1_2 = true, tlsv1_3 = true },
}

---@type table<string, boolean>
local options

---The valid names in `options` (A20).
---@param native table native part of socket.tls
---@return table<string, boolean>
function config.options(native)
    if not options then
        options = {}
        for _, name in ipairs(native.options()) do options[name] = true end
    end
    return options
end

local contexts = part("tls_config", function() return next end, {
    config = config, os = os, error = error, ipairs = ipairs, next = next, pairs = pairs, setmetatable = setmetatable,
    tostring = tostring, type = type, byte = string.byte, char = string.char, gmatch = string.gmatch, sub = string.sub,
    concat = table.concat,
})

---Makes a context from a configuration table (A9-A30).
---@param native table native part of socket.tls
---@param cfg table
---@return userdata|nil context
---@return string|nil message
function config.newcontext(native, cfg)
    return contexts().new(native, cfg)
end

---Keeps the handshake callbacks of a connection alive.
---@param connection userdata
---@param context userdata
function config.keep(connection, context)
    contexts().keep(connection, context)
end

return config
