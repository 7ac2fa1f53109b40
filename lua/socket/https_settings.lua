-- The public table of HTTPS with the settings that programs may change. It is a module of its own, so that connections
-- can read the settings without the requests that are made over them. `socket.https` adds the functions.

---@class ssl.https
local https = {
    _VERSION = "1.3.2",
    _COPYRIGHT = "luasocket-rs: MIT licence",
    ---The port of URLs that name none.
    ---@type number
    PORT = 443,
    ---Seconds that each step of a request of this module may take (add.34).
    ---@type number|nil
    TIMEOUT = 60,
    ---"none" verifies no peer unless a request says otherwise (Δ1); nil leaves it to `cfg.verify`.
    ---@type string|table|nil
    VERIFY = nil,
    ---false refuses requests that would go through a proxy, as LuaSec does, socket.http's included (Δ3).
    ---@type boolean|nil
    PROXY = nil,
    ---TLS parameters of requests that do not give their own, socket.http's included; any of `newcontext`'s.
    ---@type table<string, any>
    cfg = {
        protocol = "any",
        options = { "all", "no_sslv2", "no_sslv3", "no_tlsv1" },
        verify = "peer",
    },
}

return https
