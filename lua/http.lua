-- HTTP with responses: a client and a server. Each half is loaded when one of its functions is first used.
local ipairs, rawget, require, setmetatable = ipairs, rawget, require, setmetatable

---@class http
local http = {
    ---Value of the User-Agent header; nil sends none.
    ---@type string|nil
    USERAGENT = "luasocket-rs/" .. require("socket.native")("socket_version"),
}

local halves = {}

for _, name in ipairs({
    "request", "get", "post", "put", "delete", "head", "patch", "options", "request_batch", "session", "pool", "jar",
    "format_date", "parse_date",
}) do
    halves[name] = function() require("socket.http_calls")(http) end
end

for _, name in ipairs({ "listen", "files", "combined" }) do
    halves[name] = function() http[name] = require("socket.http_server")[name] end
end

return setmetatable(http, {
    __index = function(_, name)
        local load = halves[name]
        if not load then return nil end
        load()
        return rawget(http, name)
    end,
})
