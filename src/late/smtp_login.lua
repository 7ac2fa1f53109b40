-- The extensions in a mail server's EHLO reply, and the login mechanisms (RFC 4954). Internal to socket.smtp.
local captured = ...
local mime, find, gmatch, lower = captured.mime, captured.find, captured.gmatch, captured.lower
local match, sub, upper = captured.match, captured.sub, captured.upper

local login = {}

---Parses the EHLO reply, line by line and word by word. `AUTH=PLAIN` is an old form of `AUTH PLAIN`.
---@param reply string
---@return table<string, table<string, boolean>> extensions the words of each extension, all in capitals
function login.extensions(reply)
    local extensions = {}
    for line in gmatch(reply, "[^\n]+") do
        local words
        for word in gmatch(upper((match(line, "^%d%d%d[ %-]?(.*)$") or line) --[[@as string]]), "[^%s=,]+") do
            if words then
                words[word] = true
            else
                words = extensions[word] or {}
                extensions[word] = words
            end
        end
    end
    return extensions
end

-- mime.b64 returns nil, not "", for an empty string.
local function base64(text)
    return (mime.b64(text)) or ""
end

-- Sends an initial response. Sends it again for servers that do not accept one with AUTH and then request it.
local function initial_response(session, mechanism, response)
    session.try(session.tp:command("AUTH", mechanism .. " " .. response))
    local code, reply = session.try(session.tp:check({ "2..", "3.." }))
    if code < 300 then return code, reply end
    session.try(session.tp:send(response .. "\r\n"))
    return session.try(session.tp:check("2.."))
end

---The mechanisms by their lower-case names. Each takes a session, a user and a password, and throws on failure.
login.mechanisms = {}

function login.mechanisms.login(session, user, password)
    session.try(session.tp:command("AUTH", "LOGIN"))
    session.try(session.tp:check("3.."))
    session.try(session.tp:send(base64(user) .. "\r\n"))
    session.try(session.tp:check("3.."))
    session.try(session.tp:send(base64(password) .. "\r\n"))
    return session.try(session.tp:check("2.."))
end

function login.mechanisms.plain(session, user, password)
    return initial_response(session, "PLAIN", base64("\0" .. user .. "\0" .. password))
end

-- RFC 2195: the password itself is not sent.
login.mechanisms["cram-md5"] = function(session, user, password)
    session.try(session.tp:command("AUTH", "CRAM-MD5"))
    local _, reply = session.try(session.tp:check("3.."))
    local challenge = mime.unb64(sub(reply, 5)) or ""
    local digest = require("socket.native")("socket_hmac").md5(password, challenge)
    session.try(session.tp:send(base64(user .. " " .. digest) .. "\r\n"))
    return session.try(session.tp:check("2.."))
end

-- OAuth 2.0 in Google's and Microsoft's form: the password is an access token. On failure the server sends its reason
-- in a 3xx reply, and refuses after an empty line.
function login.mechanisms.xoauth2(session, user, token)
    local response = base64("user=" .. user .. "\1auth=Bearer " .. token .. "\1\1")
    session.try(session.tp:command("AUTH", "XOAUTH2 " .. response))
    local code, reply = session.try(session.tp:check({ "2..", "3.." }))
    if code < 300 then return code, reply end
    session.try(session.tp:send("\r\n"))
    return session.try(session.tp:check("2.."))
end

local PREFERRED = { "login", "plain" }

---The mechanism to use: the requested one, or LOGIN or PLAIN (S9).
---@param extensions table<string, table<string, boolean>>
---@param wanted string|nil
---@return function|nil mechanism nil when the server does not offer it
function login.choose(extensions, wanted)
    local offered = extensions.AUTH or {}
    for _, name in ipairs(wanted and { lower(wanted) } or PREFERRED) do
        if offered[upper(name)] then return login.mechanisms[name] end
    end
    return nil
end

---Checks the credentials of a mail before anything is sent.
---@param mailt { auth?: string, user?: string, password?: string }
---@return boolean|nil ok
---@return string|nil message
function login.check(mailt)
    local auth = mailt.auth
    if not auth then return true end
    if type(auth) ~= "string" then return nil, "invalid auth (string expected, got " .. type(auth) .. ")" end
    if not login.mechanisms[lower(auth)] then
        return nil, "invalid auth '" .. auth .. "' (known: cram-md5, login, plain, xoauth2)"
    end
    if not (mailt.user and mailt.password) then return nil, "invalid auth (user and password are missing)" end
    if lower(auth) == "xoauth2" and find(mailt.user, "\1", 1, true) then return nil, "invalid user (control byte in it)" end
    return true
end

return login
