-- The listening sockets of a server. Internal to socket.http_server.
local socket = require("socket")
local native = require("socket.http_server_leaves")

local error, ipairs, next, pairs, tonumber, tostring, type = error, ipairs, next, pairs, tonumber, tostring, type

local listening = {}

local UNIX = "^unix:(.+)$"

-- Binds to one address, and listens.
local function open_address(family, address, port, settings, dual)
    local sock, err = (family == "inet6" and socket.tcp6 or socket.tcp4)()
    if not sock then return nil, err end
    local ok = true
    if not package or package.config:sub(1, 1) == "/" then ok, err = sock:setoption("reuseaddr", true) end
    if ok and settings.reuseport then ok, err = sock:setoption("reuseport", true) end
    if ok and family == "inet6" then ok, err = sock:setoption("ipv6-v6only", not dual) end
    if ok then ok, err = sock:bind(address, port) end
    if ok then ok, err = sock:listen(settings.backlog) end
    if not ok then
        sock:close()
        return nil, err
    end
    return sock
end

local function open_tcp(host, port, settings)
    if host == "*" then
        local sock, err = open_address("inet6", "::", port, settings, true)
        -- a machine without IPv6
        if not sock and err ~= "address already in use" and err ~= "permission denied" then
            sock, err = open_address("inet", "0.0.0.0", port, settings)
        end
        return sock, err
    end
    local addresses, err = socket.dns.getaddrinfo(host or "127.0.0.1")
    if not addresses then return nil, err end
    local sock
    for _, info in ipairs(addresses) do
        sock, err = open_address(info.family, info.addr, port, settings)
        if sock then return sock end
    end
    return nil, err
end

-- Returns whether a socket file was left by a server that no longer runs.
local function is_stale(unix, path)
    if not native.issocket(path) then return false end
    local probe = unix.stream()
    probe:settimeout(0)
    local ok, err = probe:connect(path)
    probe:close()
    return not ok and err == "connection refused"
end

local function open_unix(path, settings)
    local unix = require("socket.unix")
    local sock = unix.stream()
    local ok, err = sock:bind(path)
    if not ok and err == "address already in use" and is_stale(unix, path) then
        os.remove(path)
        sock:close()
        sock = unix.stream()
        ok, err = sock:bind(path)
    end
    if not ok then
        sock:close()
        return nil, err
    end
    -- sets the mode before it listens, so that no client can connect too early
    ok, err = native.chmod(path, settings.mode)
    if ok then ok, err = sock:listen(settings.backlog) end
    if not ok then
        sock:close()
        os.remove(path)
        return nil, err
    end
    return sock
end

-- The native functions for the user's socket.
local function leaves_of(sock)
    return tostring(sock):find("^unixstream") and native.unix or native.tcp
end

---Opens one address.
---@return table|nil listener socket, leaves, and path of a Unix socket
---@return string|nil message
local function open_one(entry, settings)
    if entry.socket then return { socket = entry.socket, leaves = leaves_of(entry.socket), shared = true } end
    local path = type(entry.host) == "string" and entry.host:match(UNIX)
    if path then
        local sock, err = open_unix(path, settings)
        if not sock then return nil, err end
        return { socket = sock, leaves = native.unix, path = path }
    end
    local port = tonumber(entry.port or 0)
    if not port or port < 0 or port > 65535 or port % 1 ~= 0 then return nil, ("invalid port '%s'"):format(tostring(entry.port)) end
    local sock, err = open_tcp(entry.host, port, settings)
    if not sock then return nil, err end
    return { socket = sock, leaves = native.tcp }
end

---Closes listeners and removes the files of Unix sockets.
function listening.close(listeners)
    for _, listener in ipairs(listeners) do
        if not listener.closed then
            listener.closed = true
            -- first the file: once the socket is closed, another server may put its own file there
            if listener.path then os.remove(listener.path) end
            listener.socket:close()
        end
    end
end

---Opens all addresses of a server, or none.
---@return table[]|nil listeners
---@return string|nil message
function listening.open(entries, settings)
    local listeners = {}
    for i, entry in ipairs(entries) do
        local listener, err = open_one(entry, settings)
        if not listener then
            listening.close(listeners)
            return nil, err
        end
        listener.tls = entry.tls
        if not listener.path and listener.leaves == native.tcp and settings.nodelay then
            listener.nodelay = true
        end
        listeners[i] = listener
    end
    return listeners
end

-- Selects HTTP/1.1 from the protocols that a client offers. A client without it is refused.
local function choose(offered)
    for _, name in ipairs(offered) do
        if name == "http/1.1" then return name end
    end
    error("no protocol in common", 0)
end

---Makes the TLS contexts: the default one, and those for server names (SNI).
---@return table|nil contexts
---@return string|nil message
function listening.contexts(parameters)
    local tls = require("socket.tls")
    local function make(given)
        if type(given) ~= "table" then error("invalid value of option 'tls'", 0) end
        if not (given.certificate or given.certificates or given.psk) then return nil, "no certificate" end
        if given.certificate and not given.key then return nil, "no private key" end
        ---@type any
        local config = { mode = "server", protocol = "any", alpn = choose }
        for name, value in pairs(given) do config[name] = value end
        config.sni = nil
        local context, problem = tls.newcontext(config)
        if not context and config.alpn == choose and problem:find("ALPN", 1, true) then
            -- a backend that accepts only a list for ALPN; it also serves clients that do not offer HTTP/1.1
            config.alpn = { "http/1.1" }
            context, problem = tls.newcontext(config)
        end
        return context, problem
    end
    local context, err = make(parameters)
    if not context then return nil, err end
    local contexts = { context = context, module = tls, names = {} }
    for name, given in pairs(parameters.sni or {}) do
        local own
        own, err = make(given)
        if not own then return nil, err end
        contexts.names[name] = own
    end
    contexts.names = next(contexts.names) and contexts.names
    return contexts
end

return listening
