-- Selects the proxy of a request, from proxy URLs, environment variables, and the hosts reached without a proxy.
-- Internal to HTTP.
local url = require("socket.url")

local ipairs, os, tonumber, tostring, type = ipairs, os, tonumber, tostring, type
local find, floor, gmatch, lower, match, sub, upper =
    string.find, math.floor, string.gmatch, string.lower, string.match, string.sub, string.upper

local PORTS = { http = 3128, socks4a = 1080, socks5 = 1080, socks5h = 1080 }
local MOST_PORT = 65535

local proxies = {}

---A proxy.
---@class socket.http.proxy
---@field scheme string "http", "socks4a", "socks5" or "socks5h"
---@field host string
---@field port number
---@field user? string percent-encoded
---@field password? string percent-encoded

---Parses a proxy's URL, or `host:port`.
---@param text any
---@return socket.http.proxy|nil proxy
---@return string|nil message
function proxies.parse(text)
    local invalid = "invalid proxy '" .. tostring(text) .. "'"
    if type(text) ~= "string" or text == "" then return nil, invalid end
    local spelled = find(text, "//", 1, true) and text or "http://" .. text
    ---@type any
    local parsed = url.parse(spelled, { scheme = "http" })
    if not parsed then return nil, invalid end
    local scheme = lower(parsed.scheme)
    if not PORTS[scheme] then return nil, "unsupported proxy scheme '" .. scheme .. "'" end
    local host = require("socket.http_authority")().ascii_host(parsed.host)
    local port = parsed.port
    if port == nil or port == "" then port = PORTS[scheme] end
    port = tonumber(port)
    if not host or not port or port < 1 or port > MOST_PORT then return nil, invalid end
    return { scheme = scheme, host = host, port = port, user = parsed.user, password = parsed.password }
end

-- The value of an IPv4 address as a number, or nil.
local function ipv4(host)
    ---@type any, any, any, any
    local a, b, c, d = match(host, "^(%d+)%.(%d+)%.(%d+)%.(%d+)$")
    a, b, c, d = tonumber(a), tonumber(b), tonumber(c), tonumber(d)
    if not a or a > 255 or b > 255 or c > 255 or d > 255 then return nil end
    ---@cast b -?
    ---@cast c -?
    ---@cast d -?
    return ((a * 256 + b) * 256 + c) * 256 + d
end

-- The eight groups of an IPv6 address, or nil.
local function ipv6(host)
    host = match(host, "^%[?([%x:.]+)%]?$")
    if not host or not find(host, ":", 1, true) then return nil end
    local tail = match(host, ":(%d+%.%d+%.%d+%.%d+)$")
    if tail then
        local value = ipv4(tail)
        if not value then return nil end
        host = sub(host, 1, #host - #tail) .. ("%x:%x"):format(floor(value / 65536), value % 65536)
    end
    local left, right = match(host, "^(.-)::(.*)$")
    local groups, after = {}, {}
    for group in gmatch(left or host, "[^:]+") do groups[#groups + 1] = tonumber(group, 16) end
    for group in gmatch(right or "", "[^:]+") do after[#after + 1] = tonumber(group, 16) end
    if not left and #groups ~= 8 or #groups + #after > 8 then return nil end
    while left and #groups + #after < 8 do groups[#groups + 1] = 0 end
    for _, group in ipairs(after) do groups[#groups + 1] = group end
    for _, group in ipairs(groups) do
        if group > 65535 then return nil end
    end
    return groups
end

-- True when the first `bits` bits of two IPv6 addresses are equal.
local function same_groups(a, b, bits)
    for i = 1, 8 do
        if bits <= 0 then return true end
        local divisor = bits >= 16 and 1 or 2 ^ (16 - bits)
        if floor(a[i] / divisor) ~= floor(b[i] / divisor) then return false end
        bits = bits - 16
    end
    return true
end

-- True when an address is in the network `address/bits`, or equals the address; nil when the pattern is not a
-- network.
local function in_network(host, pattern)
    ---@type any, any
    local network, bits = match(pattern, "^(.-)/(%d+)$")
    network = network or pattern
    bits = tonumber(bits)
    ---@type any
    local wanted = ipv4(network)
    if wanted then
        local value = ipv4(host)
        if bits and bits > 32 then return false end
        return value ~= nil and floor(value / 2 ^ (32 - (bits or 32))) == floor(wanted / 2 ^ (32 - (bits or 32)))
    end
    wanted = ipv6(network)
    if not wanted then return nil end
    local groups = ipv6(host)
    return groups ~= nil and (not bits or bits <= 128) and same_groups(groups, wanted, bits or 128)
end

-- True when a host matches one pattern of no_proxy.
local function matches(host, port, pattern)
    pattern = lower(pattern)
    if pattern == "*" then return true end
    -- must not split at the colons of an IPv6 address
    local name, only = match(pattern, "^(%[.*%]):(%d+)$")
    if not name then name, only = match(pattern, "^([^:]*):(%d+)$") end
    if name then
        if tonumber(only) ~= tonumber(port) then return false end
        pattern = name
    end
    local inside = in_network(host, pattern)
    if inside ~= nil then return inside end
    -- a trailing dot in a name is ignored
    pattern, host = match(pattern, "^(.-)%.?$"), match(host, "^(.-)%.?$")
    ---@cast host string
    ---@cast pattern string
    if sub(pattern, 1, 1) == "." then return #host > #pattern and sub(host, -#pattern) == pattern end
    ---@cast host string
    return host == pattern or #host > #pattern and sub(host, -#pattern - 1) == "." .. pattern
end

-- True when a host matches a list of patterns and needs no proxy.
local function is_exempt(patterns, host, port)
    for _, pattern in ipairs(patterns) do
        if type(pattern) == "string" and pattern ~= "" and matches(host, port, pattern) then return true end
    end
    return false
end

local function getenv(name)
    local value = os and os.getenv and os.getenv(name)
    if value ~= "" then return value end
    return nil
end

-- An environment variable; lower case takes precedence over upper case.
local function variable(name)
    local value = getenv(name)
    if value then return value end
    -- in CGI, a client's Proxy header sets HTTP_PROXY
    if name == "http_proxy" and getenv("REQUEST_METHOD") then return nil end
    return getenv(upper(name))
end

-- True for hosts of this machine. They never use the environment's proxy.
local function is_local(host)
    return host == "localhost" or in_network(host, "127.0.0.0/8") or in_network(host, "::1") or false
end

local function split(list)
    local patterns = {}
    for pattern in gmatch(list or "", "[^,%s]+") do patterns[#patterns + 1] = pattern end
    return patterns
end

---Selects the proxy for an origin.
---@param setting any a proxy's URL, "environment", or false or nil for none
---@param scheme string
---@param host string
---@param port number|string
---@param noproxy? string[] patterns of hosts reached without a proxy; default the environment's
---@return socket.http.proxy|false|nil proxy false: none; nil with a message
---@return string|nil message
function proxies.find(setting, scheme, host, port, noproxy)
    if not setting then return false end
    host = lower(host)
    if noproxy and is_exempt(noproxy, host, port) then return false end
    if setting ~= "environment" then return proxies.parse(setting) end
    local value = variable(lower(scheme) .. "_proxy") or variable("all_proxy")
    if not value or is_local(host) then return false end
    if not noproxy and is_exempt(split(variable("no_proxy")), host, port) then return false end
    return proxies.parse(value)
end

return proxies
