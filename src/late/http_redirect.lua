-- Decides which responses redirect, and builds the next request. Internal to socket.http.
local captured = ...
local url, authority, makers, find_scheme = captured.url, captured.authority(), captured.makers, captured.schemes.find
local ipairs, pairs, rawget, require, tostring = captured.ipairs, captured.pairs, captured.rawget, captured.require, captured.tostring
local byte, find, format, gsub = captured.byte, captured.find, captured.format, captured.gsub
local lower, match, sub = captured.lower, captured.match, captured.sub

local MOST = 5
local CODES = { [301] = true, [302] = true, [303] = true, [307] = true, [308] = true }

-- Headers that are sent to their own origin only (http.bugs.6, add.29).
local ORIGIN_HEADERS = { authorization = true, cookie = true, host = true, ["proxy-authorization"] = true }
-- Headers that are dropped when http changes to https on the same host (add.41).
local UPGRADE_HEADERS = { host = true, ["proxy-authorization"] = true }

-- TLS fields, LuaSec's and this library's, that a redirected request keeps (add.35).
local TLS_FIELDS = { mode = true }
for _, name in ipairs(captured.tls_parameters) do TLS_FIELDS[name] = true end
-- TLS fields with the client's credentials. They are used for their own origin only (add.41).
local TLS_CREDENTIALS = { certificate = true, certificates = true, key = true, password = true, psk = true }

-- Fields of a request table that every redirected request keeps.
local KEPT = {
    "sink", "step", "proxy", "maxredirects", "response_headers", "pool", "decode", "jar", "deadline", "maxbody",
    "noproxy", "retries", "headerlist",
}

local redirect = {}

local function percent(character) return format("%%%02X", byte(character)) end

-- Parses a Location as browsers and curl do: removes blanks around it, writes two slashes before the host, and
-- percent-encodes characters after the host that a URI does not allow (add.44). Nil when it is empty.
local function tidy(location)
    local first = find(location, "%S")
    if not first then return nil end
    -- up to the last character that is not a blank
    location = match(location, "^.*%S", first)
    local scheme, slashes, rest = match(location, "^(%a[%w+.-]*):(/+)(.*)$")
    if scheme and #slashes ~= 2 and find_scheme(scheme) then location = scheme .. "://" .. rest end
    local tail = match(location, "^%a[%w+.-]*://[^/?#]*()") or match(location, "^//[^/?#]*()") or 1
    ---@cast tail integer
    return sub(location, 1, tail - 1) .. gsub(sub(location, tail), '[ "<>\\^`{|}\128-\255]', percent)
end

---Resolves a Location to a URL.
---@param base table components of the requested URL
---@param location string as received
---@return string|nil target absolute; nil when the Location is empty
---@return table|nil parsed its components
function redirect.target(base, location)
    ---@diagnostic disable-next-line: assign-type-mismatch
    location = tidy(location)
    if not location then return nil end
    local head, tail = match(location, "^([^?#]*)(.*)$")
    local target
    if head ~= "" then
        -- query and fragment stay unchanged: url.absolute would also shorten `/./` in them, as LuaSocket does
        target = url.absolute(base, head) .. tail
    else
        target = url.absolute(base, location)
    end
    return target, url.parse(target) or {}
end

-- The components of the URL that was actually requested (http.bugs.12).
local function asked(plan)
    local request = plan.request
    local path = request.path
    -- without its slash the path would become part of the host
    if path and path ~= "" and sub(path, 1, 1) ~= "/" then path = "/" .. path end
    return {
        scheme = request.scheme, authority = authority.join(request.host, plan.given_port),
        path = path, params = request.params, query = request.query,
    }
end

-- True when a redirect with this code is followed for this request (http.redirect.1).
local function applies(plan, code)
    local request = plan.request
    if not CODES[code] or request.redirect == false or request.source then return false end
    if plan.method ~= "GET" and plan.method ~= "HEAD" then return false end
    local most = request.maxredirects
    return most == false or (request.nredirects or 0) < (most or MOST)
end

-- Relation of the target's origin to the request's: "same"; "upgrade" from http to https on the same host with the
-- default ports; or "other".
local function relation(request, to, scheme, port)
    if lower(authority.ascii_host(to.host) or "") ~= lower(request.host) then return "other" end
    local from = tostring(request.port)
    if scheme == request.scheme then return from == tostring(port) and "same" or "other" end
    local upgrade = request.scheme == "http" and scheme == "https" and from == "80" and tostring(port) == "443"
    return upgrade and "upgrade" or "other"
end

local function without(headers, dropped)
    local kept = {}
    for name, value in pairs(headers) do
        if not dropped[lower(tostring(name))] then kept[name] = value end
    end
    return kept
end

-- The `create` function for another origin. When it is this library's, drops its client certificate.
local function for_other_origin(create)
    local plan = makers[create]
    if not plan then return create end
    local parameters = {}
    for name, value in pairs(plan.parameters) do
        if not TLS_CREDENTIALS[name] then parameters[name] = value end
    end
    return (require("socket.https_connection")().with(create, { parameters = parameters }))
end

-- Copies the TLS fields, and `create` for the same scheme.
local function copy_security(following, given, related, same_scheme)
    local other = related == "other"
    for name, value in pairs(given) do
        if TLS_FIELDS[name] and not (other and TLS_CREDENTIALS[name]) then following[name] = value end
    end
    local create = rawget(given, "create")
    if create and same_scheme then following.create = other and for_other_origin(create) or create end
end

-- Copies user and password. Those in the new URL take precedence.
local function copy_login(following, plan, to, related)
    if to.user then return end
    if related ~= "other" then
        following.user, following.password = plan.request.user, plan.request.password
    elseif following.key then
        -- when a key is present, this is the key's password
        following.password = rawget(plan.given, "password")
    end
end

---Builds the request that a response redirects to.
---@param plan socket.http.plan
---@param code integer
---@param location string
---@return table|nil following request table; nil when the response is not followed
---@return table|nil parsed components of its URL
function redirect.follow(plan, code, location)
    if not applies(plan, code) then return nil end
    local target, to = redirect.target(asked(plan), location)
    if not target then return nil end
    local given, request = plan.given, plan.request
    ---@cast to -?
    local entry, scheme = find_scheme(to.scheme)
    if not entry or request.scheme == "https" and scheme ~= "https" then return nil end
    ---@cast to -?
    local port = to.port ~= "" and to.port or entry.port
    local related = relation(request, to, scheme, port)

    local headers = request.headers
    if headers and related ~= "same" then
        headers = without(headers, related == "upgrade" and UPGRADE_HEADERS or ORIGIN_HEADERS)
    end
    local following = {
        url = target, method = plan.method == "HEAD" and "HEAD" or nil, headers = headers,
        nredirects = (request.nredirects or 0) + 1,
    }
    for i = 1, #KEPT do following[KEPT[i]] = request[KEPT[i]] end
    copy_security(following, given, related, scheme == request.scheme)
    copy_login(following, plan, to, related)
    ---@cast to -?
    to.path = to.path or "/"
    ---@cast to -?
    to.origin = related
    return following, to
end

return redirect
