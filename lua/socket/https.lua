-- HTTPS requests with LuaSec's API. This is `ssl.https` when LuaSec is not installed; socket.http then uses it for
-- https URLs.
local http = require("socket.http")
local ltn12 = require("ltn12")
local url = require("socket.url")
local connection = require("socket.https_connection")
local https = require("socket.https_settings")

local error, pairs, type = error, pairs, type
local concat = table.concat

---Makes a function that makes connections, for a request's `create` or for `http.open` (D10).
---@param params? table TLS parameters
---@return fun(): socket.https.connection
function https.tcp(params)
    return connection().with_own_timeout(params or {})
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

-- The request table for socket.http. It uses TLS for any scheme of the URL (D5).
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
---table has the fields of socket.http, except `create`, and those of `newcontext`. It is not modified (Δ12).
---@param reqt string|table
---@param body? string form to POST, with the string form only
---@return string|number|nil result the body (string form) or 1 (table form); nil on failure
---@return number|string|nil code the status code; on failure the message, such as "certificate verify failed"
---@return table<string, string>|nil headers
---@return string|nil status the status line; on failure the reason of a refused certificate, if that was the error
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
