-- The sockets of HTTPS requests: TCP, through a proxy if there is one, with TLS on top. Internal to HTTPS.
local captured = ...
local socket, native, tls, tunnel = captured.socket, captured.native, captured.tls, captured.tunnel
local plans, settings, FIELDS = captured.makers, captured.settings, captured.tls_parameters
local getmetatable, ipairs, pairs, setmetatable, tonumber =
    captured.getmetatable, captured.ipairs, captured.pairs, captured.setmetatable, captured.tonumber

local connection = {}

-- Pairs of alternative fields. A request that has one of them does not get the default of the other.
local TOGETHER = { cafile = "capath", capath = "cafile", certificate = "certificates", key = "certificates" }

-- The parameters for `newcontext`: a request's own, with the defaults for the others.
local function merge(reqt)
    local cfg = settings.cfg or {}
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
    if reqt.verify == nil and settings.VERIFY ~= nil then merged.verify = settings.VERIFY end
    merged.protocol = merged.protocol or "any"
    if merged.session == nil then merged.session = true end
    -- refuses a certificate without its key: it would not be sent
    merged.whole = true
    merged.mode = "client"
    -- without a key or certificate in the request, its password belongs to the server
    if reqt.key ~= nil or reqt.certificate ~= nil then merged.password = reqt.password else merged.password = cfg.password end
    return merged
end

connection.parameters = merge

---Before it connects, an object with the methods that an HTTP request needs. After that, it has the methods of a TLS
---object.
---@class socket.https.connection
---@field sock userdata the TCP object, and from `connect` on the TLS object
---@field plan any
local methods = {}
local unconnected = { __index = methods }

-- Methods of the TLS object as methods of the connection. Heads and bodies are read by native functions (see
-- `receiver` in socket.http_framing).
local forwarded = {}
local connected = { __index = forwarded }
for _, name in ipairs({
    "discard_body", "has_own_methods", "receive_body", "receive_chunk", "receive_fields", "receive_pieces",
}) do
    connected[name] = native[name]
end

local function forward_methods(object)
    for name in pairs(getmetatable(object).__index) do
        forwarded[name] = function(self, ...)
            local sock = self.sock
            return sock[name](sock, ...)
        end
    end
end

---Sets the limit in seconds of each step (D10).
---@param seconds number|nil
---@return number one
function methods:settimeout(seconds)
    local timeout = self.plan.timeout
    if timeout then seconds = timeout() end
    self.timeout = seconds
    return self.sock:settimeout(seconds)
end

---Closes the socket.
---@return any ...
function methods:close()
    return self.sock:close()
end

-- Connects, through the proxy if there is one, and does the handshake. Returns the TLS object, or nil and a message.
local function establish(self, host, port)
    local plan, sock = self.plan, self.sock
    -- invalid parameters fail before the connection is made
    local context, err = tls.newcontext(plan.parameters)
    if not context then return nil, err end
    local ok
    local proxy = plan.proxy
    if proxy then
        local target
        target, err = tunnel().target(host, port)
        if not target then return nil, err end
        ok, err = sock:connect(proxy.host, proxy.port)
        if ok then ok, err = tunnel().open(sock, proxy, target) end
    else
        ok, err = sock:connect(host, port)
    end
    if not ok then return nil, err end
    local object
    object, err = tls.wrap(sock, context)
    if not object then return nil, err end
    self.sock = object
    object:settimeout(self.timeout)
    object:sni(host)
    if proxy then native.setport(object, tonumber(port) or 0) end
    local detail
    ok, err, detail = object:dohandshake()
    if ok then return object end
    if plan.notes then plan.notes.detail = detail end
    return nil, err
end

---Connects and does the handshake. On failure raises an exception of `socket.try` (D10).
---@param host string
---@param port number|string
---@return number one
function methods:connect(host, port)
    local object, err = establish(self, host, port)
    if not object then
        self.sock:close()
        socket.try(nil, err)
    end
    if not forwarded.send then forward_methods(object) end
    setmetatable(self, connected)
    return 1
end

---Makes a `create` function for a plan.
---@param plan socket.https.plan
---@return fun(): socket.https.connection|nil, string|nil
function connection.maker(plan)
    local function create()
        local sock, err = socket.tcp()
        if not sock then return nil, err end
        local self = setmetatable({ sock = sock, plan = plan }, unconnected)
        -- sets the plan's timeout for users who never call settimeout
        if plan.timeout then self:settimeout() end
        return self
    end
    plans[create] = plan
    return create
end

---Makes a `create` function for socket.http, with the time limit of socket.http.
---@param reqt table request table
---@return fun(): socket.https.connection
function connection.for_request(reqt)
    return connection.maker({ parameters = merge(reqt), direct = settings.PROXY == false })
end

local function own_timeout() return settings.TIMEOUT end

---Makes a `create` function whose connections always use the time limit of HTTPS.
---@param params table TLS parameters
---@return fun(): socket.https.connection
function connection.with_own_timeout(params)
    return connection.maker({ parameters = merge(params), timeout = own_timeout, direct = settings.PROXY == false })
end

---A copy of a `create` function with other fields in its plan.
---@param create function
---@param changes table
---@return function|nil create
---@return string|nil message
function connection.with(create, changes)
    local plan = plans[create]
    if not plan or plan.direct and changes.proxy then return nil, "proxy not supported" end
    local changed = {}
    for name, value in pairs(plan) do changed[name] = value end
    for name, value in pairs(changes) do changed[name] = value end
    ---@cast changed any
    return connection.maker(changed)
end

return connection
