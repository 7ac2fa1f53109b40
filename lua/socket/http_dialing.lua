-- Opens the connection of a request: direct, through a proxy, to a Unix socket, or with the user's function; with TLS
-- for https. Internal to HTTP.
local socket = require("socket")
local basic = require("socket.http_authority")().basic
local native = require("socket.native")("socket_http")

local now = native.now
-- this pcall allows a yield on every Lua version
local pcall = require("socket.session").protected.call
local require, tostring, type = require, tostring, type
local find = string.find

local dialing = {}

-- The native function for TLS, once it was needed.
local converse_tls

---The time for the next wait, limited by its own timeout and by the deadline of the whole request.
---@param limit number|false|nil seconds
---@param deadline number|nil on the clock of `native.now`
---@return number|nil seconds nil for no limit; 0 when the time is up
function dialing.left(limit, deadline)
    -- a negative value means no limit
    if not limit or limit < 0 then limit = nil end
    if not deadline then return limit end
    local left = deadline - now()
    -- a timeout below a millisecond would become 0, which is non-blocking mode
    if left < 0.001 then return 0 end
    return limit and limit < left and limit or left
end

local left = dialing.left

-- Sets the timeout of the next operation; false when the time is up.
local function arm(sock, limit, deadline)
    local seconds = left(limit, deadline)
    if seconds == 0 then return false end
    sock:settimeout(seconds)
    return true
end

---`Basic` credentials for a proxy, or nil.
---@param proxy socket.http.proxy
---@return string|nil
function dialing.proxy_login(proxy) return basic(proxy.user, proxy.password) end

-- A socket whose operations each get only the time that is left: a slow peer must not gain time with each of its bytes.
local function timed(sock, limit, deadline)
    local function operation(name)
        return function(_, ...)
            if not arm(sock, limit, deadline) then return nil, "timeout" end
            return sock[name](sock, ...)
        end
    end
    return { send = operation("send"), receive = operation("receive") }
end

-- The TLS context of a request, or nil and a message.
local function make_context(parameters)
    ---@diagnostic disable-next-line: param-type-mismatch
    return require("socket.tls").newcontext(require("socket.https_connection")().parameters(parameters or {}))
end

local function secure(sock, request, context)
    local object, err = require("socket.tls").wrap(sock, context)
    if not object then return nil, err, "tls" end
    if not arm(object, request.timeouts.tls, request.deadline) then
        object:close()
        return nil, "timeout", "tls"
    end
    object:sni(request.host)
    if request.proxy then require("socket.native")("socket_tls_core").setport(object, tonumber(request.port) or 0) end
    local ok, detail
    ok, err, detail = object:dohandshake()
    if ok then return object end
    object:close()
    return nil, err, "tls", detail
end

-- The first address of a host, or nil and a message.
local function look_up(request)
    local seconds = left(request.timeouts.resolve, request.deadline)
    if seconds == 0 then return nil, "timeout" end
    local addresses, err = native.lookup(request.host, seconds)
    if not addresses then return nil, err end
    return addresses[1] and addresses[1].addr
end

-- Connects through the proxy that `sock` is connected to, unless the proxy gets the request itself.
local function pass_proxy(sock, request)
    local proxy = request.proxy
    if proxy.scheme ~= "http" then
        local function resolve() return look_up(request) end
        return require("socket.http_socks").open(sock, proxy, request.host, request.port, resolve)
    end
    if request.scheme ~= "https" then return true end
    local tunnel = require("socket.http_tunnel")()
    local target, err = tunnel.target(request.host, request.port)
    if not target then return nil, err end
    return tunnel.open(sock, proxy, target)
end

-- Connects a socket of this library, through the proxy if there is one.
local function reach(sock, request)
    local timeouts, proxy = request.timeouts, request.proxy
    local host, port = proxy and proxy.host or request.host, proxy and proxy.port or request.port
    local resolve, connect = left(timeouts.resolve, request.deadline), left(timeouts.connect, request.deadline)
    if resolve == 0 or connect == 0 then return nil, "timeout", proxy and "proxy" or "connect" end
    local ok, err, phase = native.connect(sock, host, port, resolve or -1, connect or -1, request.deadline)
    if not ok then return nil, err, proxy and "proxy" or phase end
    if not proxy then return true end
    -- the limit is for the whole exchange: a proxy must not gain time with each of its bytes
    local ends = timeouts.connect and timeouts.connect >= 0 and now() + timeouts.connect or nil
    if request.deadline and (not ends or request.deadline < ends) then ends = request.deadline end
    local to_proxy = ends and timed(sock, nil, ends) or sock
    if not arm(sock, nil, ends) then return nil, "timeout", "proxy" end
    ok, err, phase = pass_proxy(to_proxy, request)
    if not ok then return nil, err, phase or "proxy" end
    return true
end

-- True for an unencrypted stream of this library.
local function is_plain(sock)
    if type(sock) ~= "userdata" then return false end
    local class = tostring(sock)
    return find(class, "^tcp{") ~= nil or find(class, "^unix{") ~= nil
end

-- Connects an object of the program, to the proxy that gets the request itself or to the host. Returns it and true.
local function connect_foreign(sock, request)
    local proxy = request.proxy
    if proxy and (proxy.scheme ~= "http" or request.scheme == "https") then
        sock:close()
        return nil, "proxy not supported", "proxy"
    end
    if not arm(sock, request.timeouts.connect, request.deadline) then
        sock:close()
        return nil, "timeout", "connect"
    end
    local host, port = request.host, request.port
    if proxy then host, port = proxy.host, proxy.port end
    -- some objects raise exceptions of socket.try
    local raised, ok, err = pcall(sock.connect, sock, host, port)
    if raised and ok then return sock, true end
    if not raised then err = type(ok) == "table" and ok[1] or ok end
    sock:close()
    return nil, err, proxy and "proxy" or "connect"
end

-- A socket made by the user's function.
local function open_foreign(request)
    local sock, err = request.create()
    if not sock then return nil, err, "connect" end
    if request.scheme == "https" and is_plain(sock) then
        sock:close()
        return nil, "https over a plain socket refused", "request"
    end
    return connect_foreign(sock, request)
end

local function open_unix(request)
    local make = require("socket.unix")
    local sock, err = (type(make) == "table" and make.stream or make)()
    if not sock then return nil, err, "connect" end
    if not arm(sock, request.timeouts.connect, request.deadline) then
        sock:close()
        return nil, "timeout", "connect"
    end
    local ok
    ok, err = sock:connect(request.unix)
    if ok then return sock end
    sock:close()
    return nil, err, "connect"
end

---The native function that makes a request on a connection of this library, or nil.
---@param request socket.http.exchange.request
---@param sock table|userdata
---@return function|nil
function dialing.converse(request, sock)
    if request.create or type(sock) ~= "userdata" then return nil end
    if request.scheme == "https" then
        converse_tls = converse_tls or require("socket.native")("socket_tls_core").converse
        return converse_tls
    end
    if request.unix then return nil end
    return native.converse
end

---Opens the connection of a request.
---@param request socket.http.exchange.request
---@return table|userdata|nil sock
---@return string|boolean|nil message true with an object of the program
---@return string|nil phase
---@return string|nil why reason of a refused certificate
function dialing.open(request)
    if request.create then return open_foreign(request) end
    local context, err
    if request.scheme == "https" then
        -- invalid parameters fail before anything is sent
        context, err = make_context(request.tls)
        if not context then return nil, err, "request" end
    end
    local sock, phase, ok
    if request.unix then
        sock, err, phase = open_unix(request)
        if not sock then return nil, err, phase end
    else
        sock, err = socket.tcp()
        if not sock then return nil, err, "connect" end
        if type(sock) ~= "userdata" then
            -- the program has replaced `socket.tcp`
            sock, err, phase = connect_foreign(sock, request)
            if not sock then return nil, err, phase end
        else
            ok, err, phase = reach(sock, request)
            if not ok then
                sock:close()
                return nil, err, phase
            end
            sock:setoption("tcp-nodelay", true)
        end
    end
    if context then return secure(sock, request, context) end
    return sock, err
end

return dialing
