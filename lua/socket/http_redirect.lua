-- Which answers redirect, and the request that follows. Internal to socket.http.
local url = require("socket.url")
local preparation = require("socket.http_request")
local find_scheme = require("socket.http_schemes").find

local ipairs, pairs, tostring = ipairs, pairs, tostring
local find, gsub, lower, match, sub = string.find, string.gsub, string.lower, string.match, string.sub

local MOST = 5
local CODES = { [301] = true, [302] = true, [303] = true, [307] = true, [308] = true }

-- Headers that belong to one origin and stay there (http.bugs.6, add.29).
local ORIGIN_HEADERS = { authorization = true, cookie = true, host = true }

-- LuaSec's fields and ours that a redirected request keeps (add.35).
local TLS_FIELDS = { mode = true }
for _, name in ipairs(require("socket.tls_parameters")) do TLS_FIELDS[name] = true end

local redirect = {}

-- True when an answer with this code and location is to be followed (http.redirect.1).
function redirect.applies(plan, code, location)
    local request = plan.request
    if not location or not CODES[code] or request.redirect == false or request.source then return false end
    if plan.method ~= "GET" and plan.method ~= "HEAD" then return false end
    local most = request.maxredirects
    if most ~= false and (request.nredirects or 0) >= (most or MOST) then return false end
    location = gsub(location, "%s", "")
    if location == "" then return false end
    local entry, scheme = find_scheme(match(location, "^(%w[%w+.-]*):") or request.scheme)
    return entry and (request.scheme ~= "https" or scheme == "https")
end

local function without_credentials(headers)
    local kept = {}
    for name, value in pairs(headers) do
        if not ORIGIN_HEADERS[lower(name)] then kept[name] = value end
    end
    return kept
end

-- The request table that follows a redirect to `location`, which is resolved
-- against what was really asked for (http.bugs.12).
function redirect.follow(plan, location)
    local given, request = plan.given, plan.request
    local path = request.path
    -- without its slash it would become part of the host
    if path and path ~= "" and sub(path, 1, 1) ~= "/" then path = "/" .. path end
    local target = url.absolute({
        scheme = request.scheme, authority = preparation.authority(request.host, plan.given_port),
        path = path, params = request.params, query = request.query,
    }, location)
    local to = url.parse(target) or {}
    local entry, scheme = find_scheme(to.scheme)
    local port = to.port ~= "" and to.port or entry and entry.port
    local same_scheme = scheme == request.scheme
    local same_origin = same_scheme and tostring(port) == tostring(request.port)
        and lower(preparation.ascii_host(to.host) or "") == lower(request.host)

    local headers = request.headers
    local following = {
        url = target, method = plan.method == "HEAD" and "HEAD" or nil,
        headers = headers and not same_origin and without_credentials(headers) or headers,
        sink = request.sink, step = request.step, proxy = request.proxy,
        maxredirects = request.maxredirects, nredirects = (request.nredirects or 0) + 1,
    }
    local key_password
    for name, value in pairs(given) do
        if TLS_FIELDS[name] or name == "create" and same_scheme then following[name] = value end
        if name == "password" then key_password = value end
    end

    if not find(location, "^%w[%w+.-]*:") and sub(location, 1, 2) ~= "//" then
        following.user, following.password = request.user, request.password
    elseif following.key and not to.user then
        -- beside a key it is the key's; beside a user it would be sent as that user's
        following.password = key_password
    end
    return following
end

return redirect
