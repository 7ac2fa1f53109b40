-- LuaSec's module `ssl`, over socket.tls. Where the real LuaSec comes first on
-- the path, its own `ssl` is found instead, and works on our sockets as well.
local tls = require("socket.tls")
local config = require("socket.tls_config")

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
        options = config.options,
        curves = {},
        algorithms = {},
        capabilities = tls.capabilities,
    },
    newcontext = tls.newcontext,
    wrap = tls.wrap,
    loadcertificate = tls.loadcertificate,
}

return ssl
