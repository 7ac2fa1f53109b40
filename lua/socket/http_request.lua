-- From a request table to what is sent, and where to: everything that is
-- settled and checked before a socket exists. Internal to socket.http.
local mime = require("mime")
local url = require("socket.url")
local framing = require("socket.http_framing")
local schemes = require("socket.http_schemes")

local find_scheme = schemes.find
local ipairs, pairs, require, tonumber, tostring, type = ipairs, pairs, require, tonumber, tostring, type
local sort = table.sort
local find, lower, sub = string.find, string.lower, string.sub

local build = url.build

local URL_DEFAULTS = { path = "/", scheme = "http" }
local PROXY_PORT = 3128

local preparation = {}

-- The form of a host in which it is resolved, sent and verified: ASCII
-- (add.32). Nil when it is no host, or has no such form.
function preparation.ascii_host(host)
    if type(host) ~= "string" and type(host) ~= "number" or host == "" then return nil end
    if not find(host, "[^ -~]") then return host end
    if find(host, "[%z\1-\31\127]") then return nil end
    return (require("socket.native")("socket_idna").to_ascii(host))
end

local ascii_host = preparation.ascii_host

-- `host[:port]`, with an IPv6 address in brackets; a nil port is left out.
function preparation.authority(host, port)
    if find(host, ":", 1, true) and sub(host, 1, 1) ~= "[" then host = "[" .. host .. "]" end
    return port and host .. ":" .. tostring(port) or host
end

-- The value of a header with a login. A user without a password has an empty one; no user is none.
local function basic(user, password)
    if not user or not password and user == "" then return nil end
    return "Basic " .. (mime.b64(url.unescape(user) .. ":" .. url.unescape(password or "")))
end

preparation.basic_login = function(user, password) return "Basic " .. (mime.b64(user .. ":" .. password)) end

local MOST_PORT = 65535

-- True for a port that no socket can have.
local function is_beyond(port)
    local number = tonumber(port)
    return number ~= nil and number > MOST_PORT
end

-- The function that makes a request's sockets: its own, or the scheme's. Returns nil and a message when
-- there is none: connecting without what the scheme stands for would tell all in clear.
local function find_create(entry, scheme, request, given)
    if request.create then return request.create end
    local create, err = entry.create(request, given)
    if not create then return nil, err or "unsupported scheme '" .. scheme .. "'" end
    return create
end

-- The proxy at a URL, parsed, with host and port filled in and `create` the
-- maker of its sockets. Returns nil and a message when there is none.
local function find_proxy(text, request)
    -- `host:port` is the form of most settings (add.53)
    local spelled = type(text) == "string" and text ~= "" and not find(text, "//", 1, true) and "http://" .. text or text
    local proxy = type(spelled) == "string" and url.parse(spelled, URL_DEFAULTS)
    local host = proxy and ascii_host(proxy.host)
    if not host then return nil, "invalid proxy '" .. tostring(text) .. "'" end
    proxy.host = host
    local entry, scheme = find_scheme(proxy.scheme)
    if not entry then return nil, "unsupported scheme '" .. scheme .. "'" end
    if not proxy.port or proxy.port == "" then proxy.port = PROXY_PORT end
    if is_beyond(proxy.port) then return nil, "invalid proxy '" .. text .. "'" end
    proxy.create, scheme = find_create(entry, scheme, request)
    if not proxy.create then return nil, scheme end
    return proxy
end

local function request_uri(request, uri, proxy)
    if uri then return uri end
    if proxy then
        -- userinfo and fragment concern nobody on the way (http.bugs.2, http.bugs.3)
        return url.build({
            scheme = request.scheme, host = request.host, port = request.port,
            path = request.path, params = request.params, query = request.query,
        })
    end
    local path, params, query = request.path, request.params, request.query
    if not path then return nil, "invalid path 'nil'" end
    -- a path alone is what it would be built to
    if not params and not query and url.build == build and type(path) == "string" then return path end
    return url.build({ path = path, params = params, query = query })
end

-- The fields that frame a body: each is sent once, wherever it was given.
local FRAMING = { ["content-length"] = true, ["transfer-encoding"] = true }

-- Adds the headers of a request table to `fields`, under lower-case names. Pairs at integer positions, `{name, value}`, come
-- into an array of names and values, in order, to be sent after the others (A.headers.2).
-- Returns true and that array, if any, or nil and a message.
local function add_headers(fields, given)
    local positions
    for name, value in pairs(given) do
        local kind = type(name)
        if kind ~= "string" and kind ~= "number" then return nil, "invalid header '" .. tostring(name) .. "'" end
        if kind == "number" and type(value) == "table" then
            positions = positions or {}
            positions[#positions + 1] = name
        else
            fields[lower(name)] = value
        end
    end
    if not positions then return true end
    sort(positions)
    local list = {}
    for _, position in ipairs(positions) do
        local name, value = given[position][1], given[position][2]
        if type(name) ~= "string" then return nil, "invalid header '" .. tostring(name) .. "'" end
        if FRAMING[lower(name)] then
            fields[lower(name)] = value
        else
            list[#list + 1] = name
            list[#list + 1] = value == nil and false or value
        end
    end
    return true, list
end

-- The headers to send, by lower-case name; nil and a message when one of them
-- cannot be sent.
local function request_headers(settings, request, proxy, default_port)
    local port = request.port
    if port == default_port or tostring(port) == tostring(default_port) then port = nil end
    local fields = {
        ["user-agent"] = settings.USERAGENT, host = preparation.authority(request.host, port),
        connection = "close, TE", te = "trailers",
    }
    fields.authorization = basic(request.user, request.password)
    if proxy then fields["proxy-authorization"] = basic(proxy.user, proxy.password) end
    local list
    if request.headers then
        local ok
        ok, list = add_headers(fields, request.headers)
        if not ok then return nil, list end
    end
    if request.source and not fields["content-length"] and not fields["transfer-encoding"] then
        fields["transfer-encoding"] = "chunked"
    end
    return fields, list
end

-- The head with further lines, from an array of names and values. Returns it, or nil and a message.
local function with_lines(head, list)
    local text, err = framing.compose_list("GET", "/", list)
    if not text then return nil, err end
    return sub(head, 1, -3) .. sub(text, #"GET / HTTP/1.1\r\n" + 1)
end

-- The headers that a request table gives, by lower-case name.
local function given_headers(request)
    local given = {}
    for key, entry in pairs(request.headers or {}) do
        -- Lua 5.5 has constants as the first variable of a loop
        local name, value = key, entry
        if type(value) == "table" then name, value = value[1], value[2] end
        if type(name) == "string" then given[lower(name)] = value end
    end
    return given
end

-- The message for a header that cannot be sent names it as it was given.
local function refuse(given, message, refused)
    for name in pairs(given or {}) do
        if lower(name) == refused then return nil, "invalid header '" .. name .. "'" end
    end
    return nil, message
end

-- True when sockets are made by a function of the user's own: it is called, and
-- sees the proxy, as LuaSocket has it.
local function is_foreign(create, entry)
    return create ~= nil and not (entry.route and schemes.is_secured(create))
end

-- A URL that begins with a host is meant to be one of http. The message stays LuaSocket's: the hint is a result beside it.
local function hint_at(text)
    if type(text) ~= "string" or find(text, "//", 1, true) or not find(text, "^[%w.-]+") then return nil end
    if find(text, "^[%w.-]+:") and not find(text, "^[%w.-]+:%d+%f[/?#%z]") then return nil end
    return "missing http:// before '" .. text .. "'"
end

-- The fields of a request over those of its URL.
local function merge(given, parsed)
    local request = parsed or given.url and url.parse(given.url, URL_DEFAULTS) or {}
    for name, value in pairs(given) do request[name] = value end
    return request
end

-- Settles whom the request is for: scheme, host, port, and the maker of sockets of the scheme.
-- Returns the entry of the scheme, the maker, and the port that was given; or nil, a message, and perhaps a hint.
local function settle_origin(request, given)
    local entry, scheme = find_scheme(request.scheme or "http")
    if not entry then
        return nil, "unsupported scheme '" .. tostring(scheme) .. "'", hint_at(given.url)
    end
    request.scheme = scheme
    -- what the scheme's `create` changes of these comes too late
    local port, given_host, method = request.port, request.host, request.method
    local host = ascii_host(given_host)
    request.host = host
    local create, err = find_create(entry, scheme, request, given)
    if not create then return nil, err end
    if port == "" then port = nil end
    request.port = port or entry.port
    request.method = method
    if not host then
        local message = "invalid host '" .. tostring(given_host) .. "'"
        return nil, message, given_host == nil and hint_at(given.url) or nil
    end
    if is_beyond(port) then return nil, "invalid port '" .. tostring(port) .. "'" end
    return entry, create, port
end

---The way to the host.
---@class socket.http.route
---@field create function makes the socket
---@field foreign boolean whether it is the user's
---@field proxy table|nil parsed URL of a proxy that is sent the request itself, with `create`
---@field tunnelled boolean whether the request goes through a proxy that does not see it

-- Settles the way there. Returns a route, or nil and a message.
local function find_route(settings, request, entry, create, notes, found)
    local proxy, err
    local proxy_url = request.proxy or settings.PROXY
    if found then
        -- with the newer fields the way is settled by the exchange
        proxy, err = require("socket.http_proxies").find(proxy_url, request.scheme, request.host, request.port, found.noproxy)
        if proxy == nil then return nil, err end
        return {
            create = create, proxy = proxy or nil, foreign = is_foreign(request.create, entry),
            tunnelled = proxy and (proxy.scheme ~= "http" or request.scheme ~= "http"),
        }
    end
    if proxy_url then
        proxy, err = find_proxy(proxy_url, request)
        if not proxy then return nil, err end
    end
    local route = { create = create, proxy = proxy, foreign = is_foreign(request.create, entry), tunnelled = false }
    if not entry.route or route.foreign then return route end
    if proxy and proxy.scheme ~= "http" then return nil, "unsupported proxy scheme '" .. proxy.scheme .. "'" end
    route.create, err = entry.route(create, proxy, notes)
    if not route.create then return nil, err end
    -- the proxy is part of the way, and not told what is asked
    route.proxy, route.tunnelled = nil, proxy ~= nil
    return route
end

---What is to be sent and where to, while no socket exists yet.
---@class socket.http.plan
---@field given table the request table as it came
---@field request table the same merged over the fields of its URL
---@field given_port string|number|nil the port, when there was one
---@field route socket.http.route
---@field method string
---@field uri string
---@field headers table<string, string|number> lower-case names
---@field head string request line and headers as they are sent
---@field line integer how many bytes of the head are the request line

-- The plan for a request table, which is not modified; nil and a message when
-- the request cannot be made. `settings` has USERAGENT and PROXY; `notes` gets what is to be told
-- of a failure beside its message; `parsed` are the components of its URL, if they are known; `found` are its newer fields.
function preparation.prepare(settings, given, notes, parsed, found)
    local request = merge(given, parsed)
    local entry, create, given_port = settle_origin(request, given)
    if not entry then
        notes.detail = given_port
        return nil, create
    end
    local route, err = find_route(settings, request, entry, create, notes, found)
    if not route then return nil, err end
    local method = request.method
    if not method or method == "" then method = "GET" end
    local uri, fields, list
    local seen_by = not route.tunnelled and route.proxy or nil
    uri, err = request_uri(request, given.uri, seen_by)
    if not uri then return nil, err end
    fields, list = request_headers(settings, request, seen_by, entry.port)
    if not fields then return nil, list end
    -- what is meant for the proxy is not for the host behind it
    if route.tunnelled then fields["proxy-authorization"] = nil end
    local plan = {
        given = given, request = request, given_port = given_port, route = route,
        method = method, uri = uri, headers = fields,
    }
    if found then require("socket.http_powers").add_headers(found, plan, fields, given_headers(request)) end
    local head, length, refused = framing.compose(method, uri, fields)
    if not head then return refuse(request.headers, length, refused) end
    if list then
        head, err = with_lines(head, list)
        if not head then return nil, err end
    end
    plan.head, plan.line, plan.list = head, length, list
    return plan
end

return preparation
