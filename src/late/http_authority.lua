-- The parts of a URL's authority in the forms that a request needs: host, host with port, credentials. Internal to HTTP.
local captured = ...
local mime, url, native = captured.mime, captured.url, captured.native
local tostring, type, find, sub = captured.tostring, captured.type, captured.find, captured.sub

local authority = {}

-- The ASCII form of a host, in which it is resolved, sent and verified (add.32). Nil when the host is invalid or has
-- no such form.
function authority.ascii_host(host)
    if type(host) ~= "string" and type(host) ~= "number" or host == "" then return nil end
    if not find(host, "[^ -~]") then return host end
    if find(host, "[%z\1-\31\127]") then return nil end
    return (native("socket_idna").to_ascii(host))
end

-- Makes `host[:port]`, with an IPv6 address in brackets. A nil port is omitted.
function authority.join(host, port)
    if find(host, ":", 1, true) and sub(host, 1, 1) ~= "[" then host = "[" .. host .. "]" end
    return port and host .. ":" .. tostring(port) or host
end

-- The value of a Basic credentials header.
local function login(user, password) return "Basic " .. (mime.b64(user .. ":" .. password)) end

authority.login = login

-- The same for user and password as a URL has them. A user without a password has an empty password. Nil without a
-- user.
function authority.basic(user, password)
    if not user or not password and user == "" then return nil end
    return login(url.unescape(user), url.unescape(password or ""))
end

return authority
