-- LuaSec's module `ssl`, over socket.tls. Where the real LuaSec comes first on
-- the path, its `ssl` is loaded instead, and works on these sockets as well.
local tls = require("socket.tls")
local config = require("socket.tls_config")
local native = require("socket.native")("socket_tls_core")

local curves = {}
for _, name in ipairs(native.curves()) do curves[name] = true end

---@class ssl
local ssl = {
    ---The LuaSec whose behaviour this has.
    ---@type string
    _VERSION = "1.3.2",
    ---@type string
    _COPYRIGHT = "luasocket-rs: MIT licence",
    ---What can be asked for (A2); an application looks here before it uses a feature.
    config = {
        protocols = config.protocols,
        options = config.options(native),
        curves = curves,
        algorithms = { ec = native.complete or nil },
        capabilities = tls.capabilities,
    },
    newcontext = tls.newcontext,
    wrap = tls.wrap,
    loadcertificate = tls.loadcertificate,
}

-- Prosody sets ciphers by LuaSec's inner module `ssl.context`, which it looks up here first. It is not among the fields,
-- because LuaSec's `ssl` does not have it.
return setmetatable(ssl, { __index = { context = { setcipher = native.setciphers } } })
