-- LuaSec's module `ssl`, over socket.tls. When the real LuaSec comes first on the path, its `ssl` is loaded instead.
-- LuaSec works with these sockets as well.
local tls = require("socket.tls")
local config = require("socket.tls_config")
local native = require("socket.native")("socket_tls_core")

local curves = {}
for _, name in ipairs(native.curves()) do curves[name] = true end

---@class ssl
local ssl = {
    ---The LuaSec version whose behaviour this module has.
    ---@type string
    _VERSION = "1.3.2",
    ---@type string
    _COPYRIGHT = "luasocket-rs: MIT licence",
    ---The supported features (A2). An application checks here before it uses one.
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

-- Prosody sets ciphers through LuaSec's inner module `ssl.context`, which it looks up here first. It is not a field,
-- because LuaSec's `ssl` does not have it.
local context = { setcipher = native.setciphers }

-- LuaSec's inner modules, as far as programs use them. Without these, `require` would find those of an installed LuaSec,
-- which do not accept the objects made here.
local inner = { ["ssl.config"] = ssl.config, ["ssl.context"] = context, ["ssl.x509"] = { load = ssl.loadcertificate } }
-- A sandbox may hide the table.
local loaded = type(package) == "table" and package.loaded or {}
for name, module in pairs(inner) do
    if loaded[name] == nil then loaded[name] = module end
end

return setmetatable(ssl, { __index = { context = context } })
