-- Parses URLs of the client in module `http` strictly, and makes the target of the request line. Internal to HTTP.
local ascii_host = require("socket.http_authority")().ascii_host

local tonumber, tostring, type = tonumber, tostring, type
local byte, find, format, gsub, lower, match, sub =
    string.byte, string.find, string.format, string.gsub, string.lower, string.match, string.sub

local PORTS = { http = 80, https = 443 }

local target = {}

local function escaped(character) return format("%%%02X", byte(character)) end

-- Percent-encodes blanks and non-ASCII bytes of a path or query; nil when it contains a character that would break a
-- line.
local function encoded(text)
    if find(text, "[%z\1-\31\127]") then return nil end
    if not find(text, "[ \128-\255]") then return text end
    return (gsub(text, "[ \128-\255]", escaped))
end

target.encoded = encoded

local function unescape(text)
    return (gsub(text, "%%(%x%x)", function(digits) return string.char(tonumber(digits, 16) --[[@as integer]]) end))
end

-- The host of a URL in the form in which it is resolved, sent and compared. Nil when it is invalid.
local function host_name(text)
    local host = ascii_host(text)
    if not host or find(host, "[^%w%-._~!$&'()*+,;=]") then return nil end
    return lower(host)
end

-- Parses the part between `//` and the path. Returns host, port, user, password; nil and a message.
local function authority(text, scheme)
    local user, password
    local credentials, rest = match(text, "^(.*)@(.*)$")
    if credentials then
        user, password = match(credentials, "^([^:]*):?(.*)$")
        user, password = unescape(user), unescape(password)
        text = rest
    end
    local host, port
    local bracketed, tail = match(text, "^(%[[%x:.]+%])(.*)$")
    if bracketed then
        ---@cast tail string
        host, port = lower(sub(bracketed, 2, -2)), match(tail, "^:(%d*)$") or match(tail, "^$")
    else
        local colon = find(text, ":", 1, true)
        host = host_name(colon and sub(text, 1, colon - 1) or text)
        port = colon and sub(text, colon + 1) or ""
        if find(port, "%D") then port = nil end
    end
    if not host or not port then return nil, "invalid host '" .. text .. "'" end
    port = port == "" and PORTS[scheme] or tonumber(port)
    if port < 1 or port > 65535 then return nil, "invalid host '" .. text .. "'" end
    return host, port, user, password
end

-- Adds the URL without user, password and fragment, and the value of the Host field.
local function finish(parsed)
    local shown = find(parsed.host, ":", 1, true) and "[" .. parsed.host .. "]" or parsed.host
    if parsed.port ~= PORTS[parsed.scheme] then shown = shown .. ":" .. tostring(parsed.port) end
    parsed.authority = shown
    -- hosts of this machine use no proxy from the environment
    parsed.is_near = parsed.host == "localhost" or parsed.host == "::1"
        or find(parsed.host, "^127%.%d+%.%d+%.%d+$") ~= nil
    parsed.target = parsed.path .. (parsed.query and "?" .. parsed.query or "")
    parsed.url = parsed.scheme .. "://" .. shown .. parsed.target
    return parsed
end

---@class socket.http.target
---@field scheme string
---@field host string
---@field port integer
---@field user? string
---@field password? string
---@field path string
---@field query? string
---@field authority string host, and port unless it is the scheme's default
---@field target string path and query
---@field url string without user, password and fragment
---@field heads? table<string, table> heads of plain requests, by method
---@field key? string the pool key
---@field is_near boolean whether the host is a name or an address of this machine

local function parse(text, query)
    local scheme, rest
    if type(text) == "string" then scheme, rest = match(text, "^(%a[%w+.-]*):(.*)$") end
    scheme = lower(scheme or "")
    if not PORTS[scheme] then return nil, "unsupported scheme '" .. scheme .. "'" end
    ---@cast rest string
    local place, tail = match(rest, "^//([^/?#]*)([^#]*)")
    if not place or place == "" then return nil, "invalid host ''" end
    local host, port, user, password = authority(place, scheme)
    if not host then return nil, port end
    ---@cast tail string
    local path, own = match(tail, "^([^?]*)%??(.*)$")
    if query then
        own = query
    elseif not find(tail, "?", 1, true) then
        own = ""
    end
    if path == "" then path = "/" end
    path, own = encoded(path), encoded(own)
    if not path or not own then return nil, "invalid uri" end
    return finish({
        scheme = scheme, host = host, port = port, user = user, password = password, path = path,
        query = own ~= "" and own or nil,
    })
end

-- Cache of parsed URLs without credentials. The cached tables are never changed.
local MOST_KNOWN, LONGEST_KNOWN = 200, 1000
local known, count = {}, 0

---Parses a URL.
---@param text any
---@param query? string replaces the URL's query; empty removes it
---@return socket.http.target|nil parsed
---@return string|nil message
function target.parse(text, query)
    if query then return parse(text, query) end
    local parsed = text ~= nil and known[text]
    if parsed then return parsed end
    local err
    parsed, err = parse(text)
    if parsed and not parsed.user and #text <= LONGEST_KNOWN then
        if count >= MOST_KNOWN then known, count = {}, 0 end
        known[text], count = parsed, count + 1
    end
    return parsed, err
end

---Makes the URL from the parts of a request table. A complete `url` takes precedence over the other fields.
---@param parts { url?: string, scheme?: string, host?: string, port?: integer|string, path?: string, query?: string }
---@return string|nil url
---@return string|nil message
function target.build(parts)
    local url = parts.url
    if type(url) == "string" and find(url, "^%a[%w+.-]*://") then return url end
    if url ~= nil and url ~= "" and (parts.host == nil or sub(url, 1, 1) ~= "/") then return url end
    local host = parts.host
    if host == nil then return nil, "invalid host 'nil'" end
    host = tostring(host)
    if find(host, "[/?#@]") then return nil, "invalid host '" .. host .. "'" end
    if find(host, ":", 1, true) and sub(host, 1, 1) ~= "[" then host = "[" .. host .. "]" end
    local path = url or parts.path or "/"
    if sub(path, 1, 1) ~= "/" then path = "/" .. path end
    local port = parts.port and ":" .. tostring(parts.port) or ""
    return (parts.scheme or "http") .. "://" .. host .. port .. path
end

return target
