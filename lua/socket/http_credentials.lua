-- The Authorization header of the client in module `http`: Basic and Digest. Internal to HTTP.
local login = require("socket.http_authority")().login

local require, setmetatable, tostring, type = require, setmetatable, tostring, type
local lower = string.lower

local credentials = {}

-- Remembered challenges, by the user's table `auth` and by origin.
local remembered = setmetatable({}, { __mode = "k" })

local function state_of(call)
    local auth, to = call.options.auth, call.to
    local origin = to.scheme .. "://" .. to.authority
    local origins = remembered[auth]
    if not origins then
        origins = {}
        remembered[auth] = origins
    end
    origins[origin] = origins[origin] or {}
    return origins[origin]
end

-- Checks and stores the option `auth`. Returns true, or nil and a message.
function credentials.take(call, auth)
    if not auth then return true end
    local user, pass = auth.user or auth[1], auth.pass or auth[2]
    if type(user) ~= "string" or type(pass) ~= "string" then return nil, "invalid auth (user and pass needed)" end
    local scheme = lower(tostring(auth.scheme or "basic"))
    if scheme ~= "basic" and scheme ~= "digest" then return nil, "invalid auth (scheme is basic or digest)" end
    call.user, call.pass, call.digest = user, pass, scheme == "digest"
    return true
end

-- The Authorization header for the next request, or nil.
function credentials.header(call)
    if call.user and call.secrets then
        if not call.digest then return login(call.user, call.pass) end
        local answer = call.answer_to_challenge
        if answer then
            call.answer_to_challenge = nil
            return answer
        end
        return (require("socket.http_digest").again(state_of(call), call.method, call.to.target))
    end
    local to = call.to
    if not to.user and call.secrets then to = call.first end
    if to.user then return login(to.user, to.password or "") end
    return nil
end

-- Prepares a reply to a Digest challenge, once per hop. False when there is no challenge, or the body cannot be sent
-- again.
function credentials.answer(call, answer)
    local body = call.body
    if not call.secrets then return false end
    local state = state_of(call)
    if call.challenged == call.to then
        state.refused = true
        return false
    end
    if body and body.once then return false end
    call.challenged = call.to
    -- a login that was not refused is sent again: the server may have restarted, or this path has another realm
    if state.user ~= call.user or state.password ~= call.pass then state.refused = nil end
    if not state.refused then state.challenge = nil end
    local made = require("socket.http_digest").authorization(answer:values("www-authenticate"), call.method,
        call.to.target, call.user, call.pass, state)
    call.answer_to_challenge = made
    return made ~= nil
end

return credentials
