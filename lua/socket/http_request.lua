-- From a request table to what is sent, and where to: everything that is
-- settled and checked before a socket exists. Internal to socket.http.
local mime = require("mime")
local url = require("socket.url")
local framing = require("socket.http_framing")
local schemes = require("socket.http_schemes")

local find_scheme = schemes.find
local type, pairs, tostring = type, pairs, tostring
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

local function basic(user, password)
    return "Basic " .. (mime.b64(url.unescape(user) .. ":" .. url.unescape(password)))
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
    local proxy = type(text) == "string" and url.parse(text, URL_DEFAULTS)
    local host = proxy and ascii_host(proxy.host)
    if not host then return nil, "invalid proxy '" .. tostring(text) .. "'" end
    proxy.host = host
    local entry, scheme = find_scheme(proxy.scheme)
    if not entry then return nil, "unsupported scheme '" .. scheme .. "'" end
    if not proxy.port or proxy.port == "" then proxy.port = PROXY_PORT end
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

-- Adds the headers of a request table to `fields`, under lower-case names.
-- Returns true, or nil and a message.
local function add_headers(fields, given)
    for name, value in pairs(given) do
        local kind = type(name)
        if kind ~= "string" and kind ~= "number" then return nil, "invalid header '" .. tostring(name) .. "'" end
        fields[lower(name)] = value
    end
    return true
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
    if request.user and request.password then fields.authorization = basic(request.user, request.password) end
    if proxy and proxy.user and proxy.password then
        fields["proxy-authorization"] = basic(proxy.user, proxy.password)
    end
    if request.headers then
        local ok, err = add_headers(fields, request.headers)
        if not ok then return nil, err end
    end
    if request.source and not fields["content-length"] and not fields["transfer-encoding"] then
        fields["transfer-encoding"] = "chunked"
    end
    return fields
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

---What is to be sent and where to, while no socket exists yet.
---@class socket.http.plan
---@field given table the request table as it came
---@field request table the same merged over the fields of its URL
---@field given_port string|number|nil the port, when there was one
---@field create function makes the socket to the host
---@field foreign boolean whether it is the user's
---@field proxy table|nil parsed proxy URL, with `create`
---@field method string
---@field uri string
---@field headers table<string, string|number> lower-case names
---@field head string request line and headers as they are sent
---@field line integer how many bytes of the head are the request line

-- The plan for a request table, which is not modified; nil and a message when
-- the request cannot be made. `settings` has USERAGENT and PROXY; `notes` gets what is to be told
-- of a failure beside its message.
function preparation.prepare(settings, given, notes)
    local request = given.url and url.parse(given.url, URL_DEFAULTS) or {}
    for name, value in pairs(given) do request[name] = value end

    local entry, scheme = find_scheme(request.scheme or "http")
    if not entry then return nil, "unsupported scheme '" .. tostring(scheme) .. "'" end
    request.scheme = scheme

    -- what the scheme's `create` changes of these comes too late
    local port, method = request.port, request.method
    local host = ascii_host(request.host)
    local given_host = request.host
    request.host = host
    local create, err = find_create(entry, scheme, request, given)
    if not create then return nil, err end
    if port == "" then port = nil end
    request.port = port or entry.port
    if not method or method == "" then method = "GET" end
    if not host then return nil, "invalid host '" .. tostring(given_host) .. "'" end

    local proxy, uri, fields
    local proxy_url = request.proxy or settings.PROXY
    if proxy_url then
        proxy, err = find_proxy(proxy_url, request)
        if not proxy then return nil, err end
    end
    local foreign = is_foreign(request.create, entry)
    local tunnelled = proxy and entry.route and not foreign
    if entry.route and not foreign then
        if proxy and proxy.scheme ~= "http" then return nil, "unsupported proxy scheme '" .. proxy.scheme .. "'" end
        create, err = entry.route(create, proxy, notes)
        if not create then return nil, err end
        -- behind the tunnel there is nobody to be told about it
        proxy = nil
    end
    uri, err = request_uri(request, given.uri, proxy)
    if not uri then return nil, err end
    fields, err = request_headers(settings, request, proxy, entry.port)
    if not fields then return nil, err end
    -- what is meant for the proxy is not for the host behind it
    if tunnelled then fields["proxy-authorization"] = nil end
    local head, length, refused = framing.compose(method, uri, fields)
    if not head then return refuse(request.headers, length, refused) end
    return {
        given = given, request = request, given_port = port, create = create,
        foreign = foreign, proxy = proxy, method = method, uri = uri, headers = fields, head = head, line = length,
    }
end

return preparation
