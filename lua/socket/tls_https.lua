-- HTTPS requests with LuaSec's face: what `ssl.https` is where LuaSec is not
-- installed, and what socket.http uses for https URLs then.
local http = require("socket.http")
local ltn12 = require("ltn12")
local url = require("socket.url")
local connection = require("socket.tls_connection")

local error, pairs, type = error, pairs, type
local concat = table.concat

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

-- The fields of a request table that are for TLS. `host` is not among them:
-- the name verified is the one that is connected to.
local FIELDS = {
    "alpn", "cafile", "capath", "certificate", "certificates", "ciphers", "ciphersuites", "curve", "curveslist", "dane",
    "depth", "dhparam", "key", "options", "protocol", "psk", "verify", "verifyext", "verifyhost",
}

-- Fields that stand for one another: a request that has one of them has no use
-- for the default of another.
local TOGETHER = { cafile = "capath", capath = "cafile", certificate = "certificates", key = "certificates" }

-- The parameters for `newcontext` that a request and the defaults amount to.
local function parameters(reqt)
    local cfg = https.cfg or {}
    local merged = {}
    for i = 1, #FIELDS do
        local name = FIELDS[i]
        local value = reqt[name]
        if value == nil then value = cfg[name] end
        merged[name] = value
    end
    for name, other in pairs(TOGETHER) do
        if reqt[name] ~= nil and reqt[other] == nil then merged[other] = nil end
    end
    if reqt.verify == nil and https.VERIFY ~= nil then merged.verify = https.VERIFY end
    merged.protocol = merged.protocol or "any"
    merged.mode = "client"
    -- without a key in the request its password is for the server, not for a key
    if reqt.key ~= nil then merged.password = reqt.password else merged.password = cfg.password end
    return merged
end

local function own_timeout() return https.TIMEOUT end

---Makes a function that makes connections, for a request's `create` or for `http.open` (D10).
---@param params? table TLS parameters
---@return fun(): socket.tls.connection
function https.tcp(params)
    return connection.maker({ parameters = parameters(params or {}), timeout = own_timeout, direct = https.PROXY == false })
end

-- How socket.http connects for a request table: its own time limit holds.
function connection.for_request(reqt)
    return connection.maker({ parameters = parameters(reqt), direct = https.PROXY == false })
end

local function string_form(target, body)
    local chunks = {}
    local reqt = { url = target, sink = ltn12.sink.table(chunks) }
    if body then
        reqt.method = "POST"
        reqt.source = ltn12.source.string(body)
        reqt.headers = {
            ["content-length"] = #body,
            ["content-type"] = "application/x-www-form-urlencoded",
        }
    end
    return reqt, chunks
end

-- The request table for socket.http, which speaks TLS whatever the scheme of the URL (D5).
local function adapt(reqt, parsed)
    local adapted = {}
    for name, value in pairs(reqt) do adapted[name] = value end
    adapted.scheme = "https"
    if adapted.port == nil and (parsed.port == nil or parsed.port == "") then adapted.port = https.PORT end
    if adapted.redirect == true then adapted.redirect = nil end
    adapted.create = https.tcp(reqt)
    return adapted
end

---Makes a request over TLS, as `http.request` does: `request(url)`, `request(url, body)` or `request(reqt)`. The
---table has socket.http's fields, except `create`, and `newcontext`'s; it is not modified (Δ12).
---@param reqt string|table
---@param body? string form to POST, with the string form only
---@return string|number|nil result the body (string form) or 1 (table form); nil on failure
---@return number|string|nil code the status code; on failure the message, such as "certificate verify failed"
---@return table<string, string>|nil headers
---@return string|nil status the status line; on failure why a certificate was refused, if that was it
function https.request(reqt, body)
    local chunks
    if type(reqt) ~= "table" then reqt, chunks = string_form(reqt, body) end
    if type(reqt.url) ~= "string" or reqt.url == "" then
        error("bad argument #1 to 'request' (URL expected, got " .. type(reqt.url) .. ")", 2)
    end
    local parsed = url.parse(reqt.url) or {}
    if reqt.create ~= nil then return nil, "create function not permitted" end
    local result, code, headers, status = http.request(adapt(reqt, parsed))
    if chunks and result then result = concat(chunks) end
    return result, code, headers, status
end

return https
