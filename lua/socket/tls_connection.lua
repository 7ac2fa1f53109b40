-- The sockets that HTTPS requests go over: TCP, through a proxy if there is
-- one, and TLS on it. Internal to HTTPS.
local socket = require("socket")
local tls = require("socket.tls")
local tunnel = require("socket.tls_tunnel")

local getmetatable, pairs, setmetatable = getmetatable, pairs, setmetatable

local connection = {}

---What a maker of connections knows.
---@class socket.tls.plan
---@field parameters table for `newcontext`
---@field timeout? fun(): number|nil seconds of each step, instead of what `settimeout` says
---@field proxy? table parsed proxy URL
---@field direct? boolean whether proxies are refused
---@field notes? table gets `detail`, why a certificate was refused

---@type table<function, socket.tls.plan>
local plans = setmetatable({}, { __mode = "k" })

---An object with the methods of a TLS object once it is connected, and before that those an HTTP request needs.
---@class socket.tls.connection
---@field sock userdata the TCP object, and from `connect` on the TLS object
local methods = {}
local unconnected = { __index = methods }

-- Methods of the TLS object as methods of the connection.
local forwarded = {}
local connected = { __index = forwarded }

local function forward_methods(object)
    for name in pairs(getmetatable(object).__index) do
        forwarded[name] = function(self, ...)
            local sock = self.sock
            return sock[name](sock, ...)
        end
    end
end

---Sets the seconds that each step may take (D10).
---@param seconds number|nil
---@return number one
function methods:settimeout(seconds)
    local timeout = self.plan.timeout
    if timeout then seconds = timeout() end
    self.timeout = seconds
    return self.sock:settimeout(seconds)
end

---Closes what there is.
---@return any ...
function methods:close()
    return self.sock:close()
end

-- Connects, through the proxy if there is one, and does the handshake.
-- Returns the TLS object, or nil and a message.
local function establish(self, host, port)
    local plan, sock = self.plan, self.sock
    -- wrong parameters are told before anybody is spoken to
    local context, err = tls.newcontext(plan.parameters)
    if not context then return nil, err end
    local ok
    local proxy = plan.proxy
    if proxy then
        local target
        target, err = tunnel.target(host, port)
        if not target then return nil, err end
        ok, err = sock:connect(proxy.host, proxy.port)
        if ok then ok, err = tunnel.open(sock, proxy, target) end
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
    local detail
    ok, err, detail = object:dohandshake()
    if ok then return object end
    if plan.notes then plan.notes.detail = detail end
    return nil, err
end

---Connects and does the handshake. Raises an exception of `socket.try` when that fails (D10).
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

---Makes a function that makes connections, as a request's `create` does.
---@param plan socket.tls.plan
---@return fun(): socket.tls.connection|nil, string|nil
function connection.maker(plan)
    local function create()
        local sock, err = socket.tcp()
        if not sock then return nil, err end
        local self = setmetatable({ sock = sock, plan = plan }, unconnected)
        -- the limit holds for a connection whose user sets none
        if plan.timeout then self:settimeout() end
        return self
    end
    plans[create] = plan
    return create
end

---Whether `create` is of this module.
---@param create function
---@return boolean
function connection.is_ours(create)
    return plans[create] ~= nil
end

---The same maker, with other fields of its plan.
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
    return connection.maker(changed)
end

return connection
