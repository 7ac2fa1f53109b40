-- Converts a request table to a plan: the bytes to send and the route. Settles and checks everything that needs no
-- socket. Internal to socket.http.
local captured = ...
local url, schemes, authority, framing = captured.url, captured.schemes, captured.authority(), captured.framing()
local ascii_host, basic, find_scheme = authority.ascii_host, authority.basic, schemes.find
local ipairs, pairs, require, tonumber, tostring, type = captured.ipairs, captured.pairs, captured.require, captured.tonumber,
    captured.tostring, captured.type
local sort, find, lower, sub = captured.sort, captured.find, captured.lower, captured.sub

local build = captured.build

local URL_DEFAULTS = { path = "/", scheme = "http" }
local PROXY_PORT = 3128

local preparation = {}

local MOST_PORT = 65535

-- True for a port above the highest valid one.
local function is_beyond(port)
    local number = tonumber(port)
    return number ~= nil and number > MOST_PORT
end

-- The function that makes a request's sockets: its own `create`, or the scheme's. Returns nil and a message when
-- there is none: without the scheme's sockets, the request would be sent in plaintext.
local function find_create(entry, scheme, request, given)
    if request.create then return request.create end
    local create, err = entry.create(request, given)
    if not create then return nil, err or "unsupported scheme '" .. scheme .. "'" end
    return create
end

-- Parses the URL of a proxy. Fills in host and port, and sets `create` to the function that makes its sockets.
-- Returns nil and a message when the URL is invalid.
local function find_proxy(text, request)
    -- most settings have the form `host:port` (add.53)
    local spelled = type(text) == "string" and text ~= "" and not find(text, "//", 1, true) and "http://" .. text or text
    ---@type any
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
        -- the proxy must not receive userinfo and fragment (http.bugs.2, http.bugs.3)
        return url.build({
            scheme = request.scheme, host = request.host, port = request.port,
            path = request.path, params = request.params, query = request.query,
        })
    end
    local path, params, query = request.path, request.params, request.query
    if not path then return nil, "invalid path 'nil'" end
    -- url.build would return a path alone unchanged
    if not params and not query and url.build == build and type(path) == "string" then return path end
    return url.build({ path = path, params = params, query = query })
end

-- The fields that frame a body. Each is sent once, in whatever form it was given.
local FRAMING = { ["content-length"] = true, ["transfer-encoding"] = true }

-- Adds the headers of a request table to `fields`, under lower-case names. Pairs `{name, value}` at
-- integer positions go into an array of names and values, in order, and are sent after the others (A.headers.2).
-- Returns true and this array, if any, or nil and a message.
local function add_headers(fields, given)
    local positions
    for name, value in pairs(given) do
        local kind = type(name)
        if kind ~= "string" and kind ~= "number" then return nil, "invalid header '" .. tostring(name) .. "'" end
        if kind == "number" and type(value) == "table" then
            positions = positions or {}
            positions[#positions + 1] = name
        else
            ---@diagnostic disable-next-line: param-type-mismatch
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

-- The headers to send, by lower-case name; nil and a message when one of them is invalid.
local function request_headers(settings, request, proxy, default_port)
    local port = request.port
    if port == default_port or tostring(port) == tostring(default_port) then port = nil end
    local fields = {
        ["user-agent"] = settings.USERAGENT, host = authority.join(request.host, port),
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

-- Appends lines from an array of names and values to the head. Returns it, or nil and a message.
local function with_lines(head, list)
    local text, err = framing.compose_list("GET", "/", list)
    if not text then return nil, err end
    return sub(head, 1, -3) .. sub(text, #"GET / HTTP/1.1\r\n" + 1)
end

-- The headers of a request table, by lower-case name.
local function given_headers(request)
    local given = {}
    for key, entry in pairs(request.headers or {}) do
        -- in Lua 5.5 the first variable of a loop is a constant
        local name, value = key, entry
        if type(value) == "table" then name, value = value[1], value[2] end
        if type(name) == "string" then given[lower(name)] = value end
    end
    return given
end

-- The error message names an invalid header as the user spelled it.
local function refuse(given, message, refused)
    for name in pairs(given or {}) do
        if lower(name) == refused then return nil, "invalid header '" .. name .. "'" end
    end
    return nil, message
end

-- True when the user's own function makes the sockets. It is called, and sees the proxy, as in LuaSocket.
local function is_foreign(create, entry)
    return create ~= nil and not (entry.route and schemes.is_secured(create))
end

-- A URL that begins with a host probably lacks http://. The message stays LuaSocket's; the hint is an additional
-- result.
function preparation.hint_at(text)
    if type(text) ~= "string" or find(text, "//", 1, true) or not find(text, "^[%w.-]+") then return nil end
    if find(text, "^[%w.-]+:") and not find(text, "^[%w.-]+:%d+%f[/?#%z]") then return nil end
    return "missing http:// before '" .. text .. "'"
end

-- Merges a request table over the fields of its URL.
local function merge(given, parsed)
    local request = parsed or given.url and url.parse(given.url, URL_DEFAULTS) or {}
    for name, value in pairs(given) do request[name] = value end
    return request
end

-- Sets scheme, host and port of the request. Returns the scheme's entry, the function that makes sockets, and the
-- port that was given; or nil, a message, and possibly a hint.
local function settle_origin(request, given)
    local entry, scheme = find_scheme(request.scheme or "http")
    if not entry then
        return nil, "unsupported scheme '" .. tostring(scheme) .. "'", preparation.hint_at(given.url)
    end
    request.scheme = scheme
    -- read first: a change of these fields by the scheme's `create` has no effect
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
        return nil, message, given_host == nil and preparation.hint_at(given.url) or nil
    end
    if is_beyond(port) then return nil, "invalid port '" .. tostring(port) .. "'" end
    return entry, create, port
end

---The route to the host.
---@class socket.http.route
---@field create function makes the socket
---@field foreign boolean whether `create` is the user's function
---@field proxy table|nil parsed URL, with `create`, of a proxy that receives the request itself
---@field tunnelled boolean whether the request goes through a proxy as a tunnel

-- Selects the route. Returns it, or nil and a message.
local function find_route(settings, request, entry, create, notes, found)
    ---@type any, any
    local proxy, err
    local proxy_url = request.proxy or settings.PROXY
    if found then
        -- with the newer fields, the exchange connects through the proxy
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
    -- the proxy is only a tunnel and does not receive the request
    route.proxy, route.tunnelled = nil, proxy ~= nil
    return route
end

---The request to send and its route, before a socket exists.
---@class socket.http.plan
---@field given table the request table as given
---@field request table the same table, merged over the fields of its URL
---@field given_port string|number|nil the port, if one was given
---@field route socket.http.route
---@field method string
---@field uri string
---@field headers table<string, string|number> lower-case names
---@field head string request line and headers as they are sent
---@field line integer length of the request line in bytes

-- Makes the plan of a request table, without modifying the table; nil and a message when the request is invalid.
-- `settings` has USERAGENT and PROXY. `notes` receives details of a failure. `parsed` contains the components of the
-- request's URL, if known. `found` contains its newer fields, and adds their headers.
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
    -- the host behind the tunnel must not receive the proxy's credentials
    if route.tunnelled then fields["proxy-authorization"] = nil end
    local plan = {
        given = given, request = request, given_port = given_port, route = route,
        method = method, uri = uri, headers = fields,
    }
    if found then found:add_headers(plan, fields, given_headers(request)) end
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
