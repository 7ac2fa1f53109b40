-- HTTP/1.1 client.
local socket = require("socket")
local ltn12 = require("ltn12")
local part = require("socket.part")
local parts = require("socket.http_parts")

local error, require, string, type = error, require, string, type

---@class socket.http
local http = {
    ---Limit in seconds of each single socket operation; nil or negative: no limit (http.create.7).
    ---@type number|nil
    TIMEOUT = 60,
    ---Value of the User-Agent header; nil sends none.
    ---@type string|nil
    USERAGENT = socket._VERSION,
    ---URL of the proxy for all requests without one.
    ---@type string|nil
    PROXY = nil,
    ---Most bytes of one line of a response's head. A longer one fails with "oversized" (add.6).
    ---@type number|nil
    MAXHEADERLINE = 65536,
    ---Most bytes of all header lines of a response together. More fail with "oversized" (add.6).
    ---@type number|nil
    MAXHEADERSIZE = 262144,
    ---The supported schemes, by lower-case name; entries may be added and replaced (http.module.3).
    ---@type table<string, socket.http.scheme>
    ---@diagnostic disable-next-line: assign-type-mismatch
    schemes = require("socket.http_schemes").schemes,
}

---Makes a pool that keeps connections for further requests: `http.request{ pool = … }`, `http.POOL`.
---@param options? { idle?: integer, perhost?: integer, age?: number } most connections kept in all (100), most
---kept for one host (6), and the seconds for which a connection is kept (15)
---@return socket.http.pool
function http.pool(options) return require("socket.http_pool").pool(options) end

---Makes a cookie jar: `http.request{ jar = … }`, `http.JAR`.
---@param options? { publicsuffix?: string|false } a different list of public suffixes; false for none
---@return http.jar|nil jar
---@return string|nil message
function http.jar(options) return require("socket.http_cookies").jar(options) end

---Opens a connection. Failures are raised as exceptions of `socket.try`; catch them with `socket.protect`.
---@param host string
---@param port number|string
---@param create? fun(): table|userdata makes the socket, or returns nil and a message; default `socket.tcp`
---@return socket.http.connection
function http.open(host, port, create)
    return parts.connection().open(http, host, port, create)
end

-- Loaded with the first request.
local requests = part("http", function() return next end, {
    http = http, open = http.open, parts = parts, socket = socket, ltn12 = ltn12, protect = socket.protect,
    error = error, next = next, rawget = rawget, require = require, tostring = tostring, type = type,
    find = string.find, lower = string.lower, sub = string.sub, concat = table.concat,
})

---The request table that the string form of `request` uses. Its sink fills the table in the field `target`.
---@param url string
---@param body? string form to POST; without one the method is GET
---@return table reqt
function http.genericform(url, body)
    return requests().generic_form(url, body, ltn12.sink.table)
end

---Makes a request. String form: `request(url)` sends GET, `request(url, body)` posts a form. Table form:
---`request(reqt)` with the fields `url`, or `host`, `port`, `path`; `method`, `headers`, `source`, `sink`, `step`,
---`proxy`, `redirect`, `maxredirects`, `create` (http.fields). The table is not modified (add.31).
---
---Any status is a success. An error raised by a callback closes the connection and is raised again.
---@param reqt string|table URL, or request table
---@param body? string form to POST, with the string form only
---@return string|number|nil result the body (string form) or 1 (table form); nil on failure
---@return number|any code the status code; on failure the message, such as "timeout", "closed", "oversized"
---@return table<string, string>|nil headers by lower-case name; nil for HTTP/0.9
---@return string|nil status the status line; on failure a detail: reason of a refused certificate, missing http://
function http.request(reqt, body)
    local kind, notes = type(reqt), {}
    if kind ~= "string" and kind ~= "table" then
        error("bad argument #1 to 'request' (string or table expected, got " .. kind .. ")", 2)
    end
    local loaded = requests()
    local plans = loaded.plans
    if plans and not (body and kind == "string") then
        local entry, pool = plans.quick(http, reqt)
        ---@diagnostic disable-next-line: return-type-mismatch, missing-return-value
        if entry then return loaded.report(notes, loaded.request(reqt, body, notes, entry, pool)) end
    end
    if kind == "table" then loaded.check_callbacks(reqt) end
    ---@diagnostic disable-next-line: return-type-mismatch, missing-return-value
    return loaded.report(notes, loaded.request(reqt, body, notes))
end

socket.sourcet["http-chunked"] = function(sock, fields) return parts.chunked().source(sock, fields, http) end
socket.sinkt["http-chunked"] = parts.chunked_sink

socket.http = http
return http
