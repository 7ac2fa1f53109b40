-- Connects through a SOCKS proxy: versions 5 (RFC 1928, RFC 1929) and 4a. Internal to HTTP.
local url = require("socket.url")

local byte, char, gmatch, rep, tonumber = string.byte, string.char, string.gmatch, string.rep, tonumber
local floor, find, format, gsub, match = math.floor, string.find, string.format, string.gsub, string.match

local NO_ANSWER = "proxy sent no valid answer"
local REASONS = {
    "general failure", "not allowed", "network unreachable", "host unreachable", "connection refused",
    "time to live expired", "command not supported", "address type not supported",
}
local REASONS_4 = { [91] = "request rejected", [92] = "no identd", [93] = "identd mismatch" }

local socks = {}

-- Receives exactly `count` bytes. A missing byte is reported as an invalid reply, a timeout as "timeout".
local function receive(sock, count)
    local data, err = sock:receive(count)
    if data then return data end
    if err == "closed" then err = NO_ANSWER end
    return nil, err
end

local function two_bytes(number) return char(floor(number / 256) % 256, number % 256) end

-- The proxy's user and password, decoded; nil when there are none.
local function login(proxy)
    if not proxy.user or proxy.user == "" and not proxy.password then return nil end
    return url.unescape(proxy.user), url.unescape(proxy.password or "")
end

-- The bytes of an IPv4 or IPv6 address after its type, or nil for a name.
local function address_bytes(host)
    local a, b, c, d = match(host, "^(%d+)%.(%d+)%.(%d+)%.(%d+)$")
    ---@diagnostic disable-next-line: need-check-nil, param-type-mismatch
    if a then return char(1, tonumber(a) % 256, tonumber(b) % 256, tonumber(c) % 256, tonumber(d) % 256) end
    if not find(host, ":", 1, true) then return nil end
    -- the last groups may be an IPv4 address
    host = gsub(host, "(%d+)%.(%d+)%.(%d+)%.(%d+)(%]?)$", function(p, q, r, s, tail)
        ---@diagnostic disable-next-line: need-check-nil
        return format("%x:%x%s", tonumber(p) * 256 + tonumber(q), tonumber(r) * 256 + tonumber(s), tail)
    end)
    local left, right = match(host, "^%[?(.-)::(.-)%]?$")
    local function groups(text)
        local bytes, n = {}, 0
        for group in gmatch(text, "%x+") do
            n = n + 1
            -- more than eight groups are not an address
            if n > 8 then break end
            bytes[n] = two_bytes(tonumber(group, 16))
        end
        return table.concat(bytes), n
    end
    local bytes, n = groups(left or match(host, "^%[?(.-)%]?$"))
    if left then
        local tail, m = groups(right)
        bytes = bytes .. rep("\0\0", 8 - n - m) .. tail
    end
    if #bytes ~= 16 then return nil end
    return char(4) .. bytes
end

-- The encoded target. `socks5` resolves it locally.
local function target_bytes(proxy, host, resolve)
    local bytes = address_bytes(host)
    if bytes then return bytes end
    if proxy.scheme == "socks5" then
        local address, err = resolve()
        if not address then return nil, err, "resolve" end
        bytes = address_bytes(address)
        if bytes then return bytes end
    end
    if #host > 255 then return nil, "invalid host '" .. host .. "'" end
    return char(3, #host) .. host
end

local function authenticate(sock, user, password)
    if #user > 255 or #password > 255 then return nil, "proxy authentication failed" end
    local ok, err = sock:send(char(1, #user) .. user .. char(#password) .. password)
    if not ok then return nil, err end
    local answer
    answer, err = receive(sock, 2)
    if not answer then return nil, err end
    if byte(answer, 2) ~= 0 then return nil, "proxy authentication failed" end
    return true
end

local function agree(sock, proxy)
    local user, password = login(proxy)
    local ok, err = sock:send(user and "\5\2\0\2" or "\5\1\0")
    if not ok then return nil, err end
    local answer
    answer, err = receive(sock, 2)
    if not answer then return nil, err end
    local version, method = byte(answer, 1, 2)
    if version ~= 5 then return nil, NO_ANSWER end
    if method == 0 then return true end
    if method == 2 and user then return authenticate(sock, user, password) end
    if method == 2 or method == 255 then return nil, "proxy authentication failed" end
    return nil, NO_ANSWER
end

-- Skips the address in a reply, of any type.
local function skip_address(sock, kind)
    ---@type any
    local length = kind == 1 and 4 or kind == 4 and 16
    local err
    if kind == 3 then
        length, err = receive(sock, 1)
        if not length then return nil, err end
        length = byte(length)
    end
    if not length then return nil, NO_ANSWER end
    return receive(sock, length + 2)
end

local function open_5(sock, proxy, host, port, resolve)
    local target, err, phase = target_bytes(proxy, host, resolve)
    if not target then return nil, err, phase end
    local ok
    ok, err = agree(sock, proxy)
    if not ok then return nil, err end
    ok, err = sock:send("\5\1\0" .. target .. two_bytes(port))
    if not ok then return nil, err end
    local answer
    answer, err = receive(sock, 4)
    if not answer then return nil, err end
    local version, reply, _, kind = byte(answer, 1, 4)
    if version ~= 5 then return nil, NO_ANSWER end
    if reply ~= 0 then
        return nil, REASONS[reply] and "proxy refused connection (" .. REASONS[reply] .. ")" or NO_ANSWER
    end
    ok, err = skip_address(sock, kind)
    if not ok then return nil, err end
    return true
end

local function open_4a(sock, proxy, host, port)
    local bytes = address_bytes(host)
    local user = login(proxy) or ""
    local request
    if find(user, "%z") or find(host, "%z") then return nil, "invalid host '" .. host .. "'" end
    if bytes and #bytes == 5 then
        request = "\4\1" .. two_bytes(port) .. bytes:sub(2) .. user .. "\0"
    else
        request = "\4\1" .. two_bytes(port) .. "\0\0\0\1" .. user .. "\0" .. host .. "\0"
    end
    local ok, err = sock:send(request)
    if not ok then return nil, err end
    local answer
    answer, err = receive(sock, 8)
    if not answer then return nil, err end
    local version, reply = byte(answer, 1, 2)
    if version ~= 0 then return nil, NO_ANSWER end
    if reply == 90 then return true end
    if reply == 92 or reply == 93 then return nil, "proxy authentication failed" end
    if REASONS_4[reply] then return nil, "proxy refused connection (" .. REASONS_4[reply] .. ")" end
    return nil, NO_ANSWER
end

---Asks the proxy behind `sock` to connect to the target.
---@param sock userdata
---@param proxy socket.http.proxy
---@param host string
---@param port number
---@param resolve fun(): string|nil, string|nil the host's address, for `socks5`
---@return boolean|nil ok
---@return string|nil message
---@return string|nil phase "resolve" when the local lookup of the host failed
function socks.open(sock, proxy, host, port, resolve)
    if proxy.scheme == "socks4a" then return open_4a(sock, proxy, host, port) end
    return open_5(sock, proxy, host, port, resolve)
end

return socks
