-- The public table of HTTPS with the settings that programs may change. It is a separate module, so that connections
-- can read the settings without loading the request functions. `socket.https` adds the functions.

---@class ssl.https
local https = {
    _VERSION = "1.3.2",
    _COPYRIGHT = "luasocket-rs: MIT licence",
    ---The default port of URLs.
    ---@type number
    PORT = 443,
    ---Limit in seconds of each step of a request of this module (add.34).
    ---@type number|nil
    TIMEOUT = 60,
    ---"none" disables verification unless a request overrides it (Δ1); nil uses `cfg.verify`.
    ---@type string|table|nil
    VERIFY = nil,
    ---false refuses requests through a proxy, as LuaSec does; also those of socket.http (Δ3).
    ---@type boolean|nil
    PROXY = nil,
    ---Default TLS parameters of requests, also those of socket.http; any parameter of `newcontext`.
    ---@type table<string, any>
    cfg = {
        protocol = "any",
        options = { "all", "no_sslv2", "no_sslv3", "no_tlsv1" },
        verify = "peer",
    },
}

return https
