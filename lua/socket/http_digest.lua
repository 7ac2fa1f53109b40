-- Digest authentication (RFC 7616) with SHA-256 and MD5. Internal to HTTP.
local native = require("socket.native")("socket_http")

local format, gsub, lower, match, sub = string.format, string.gsub, string.lower, string.match, string.sub
local find, ipairs, tostring = string.find, ipairs, tostring

local hash = native.hash

-- A higher number is preferred.
local ALGORITHMS = { ["sha-256"] = 2, ["sha-256-sess"] = 2, md5 = 1, ["md5-sess"] = 1 }

local digest = {}

-- Parses the parameters of a challenge from a position on, by lower-case name. Returns them and the position after
-- them: the end, or the next challenge.
local function parameters(text, at)
    local found = {}
    while true do
        ---@type any, any
        local name, after = match(text, "^[ \t,]*([%w!#$%%&'*+.^_`|~-]+)[ \t]*=[ \t]*()", at)
        if not name then return found, at end
        ---@type any, any
        local value, stop = match(text, '^"([^"\\]*)"()', after)
        if not value and sub(text, after, after) == '"' then
            ---@cast after -?
            local from = after + 1
            stop = from
            while stop <= #text do
                ---@cast stop integer
                local character = sub(text, stop, stop)
                if character == '"' then break end
                stop = stop + (character == "\\" and 2 or 1)
            end
            ---@cast from integer
            value, stop = gsub(sub(text, from, stop - 1), "\\(.)", "%1"), stop + 1
        end
        if not value then value, stop = match(text, "^([^ \t,]*)()", after) end
        found[lower(name)] = value
        at = stop
    end
end

-- The Digest challenges in the values of WWW-Authenticate, in order.
local function find_challenges(values)
    local challenges = {}
    for _, value in ipairs(values) do
        ---@type any
        local at = 1
        while true do
            ---@type any, any
            local scheme, after = match(value, "^[ \t,]*([%w!#$%%&'*+.^_`|~-]+)()", at)
            if not scheme then break end
            local found
            found, at = parameters(value, after)
            -- token68 credentials, as other schemes use
            at = match(value, "^[ \t]*[%w._~+/-]+=*[ \t]*,()", at) or at
            if at <= after then at = after end
            if lower(scheme) == "digest" then challenges[#challenges + 1] = found end
            if not find(value, "%S", at) then break end
        end
    end
    return challenges
end

-- True when a list of words contains `word`.
local function has_word(list, word)
    return find("," .. gsub(lower(list), "[ \t]", "") .. ",", "," .. word .. ",", 1, true) ~= nil
end

-- The best supported challenge.
local function choose(values)
    local best, rank
    for _, challenge in ipairs(find_challenges(values)) do
        local algorithm = lower(challenge.algorithm or "MD5")
        local usable = challenge.nonce and challenge.realm and ALGORITHMS[algorithm]
            and (not challenge.qop or has_word(challenge.qop, "auth"))
        if usable and (not best or ALGORITHMS[algorithm] > rank) then best, rank = challenge, ALGORITHMS[algorithm] end
    end
    return best
end

local function quoted(text) return '"' .. gsub(text, '["\\]', "\\%0") .. '"' end

-- Neither a header value nor a quoted string may contain a line break.
local function is_clean(text) return not find(text, "[%c]") end

-- Computes the credentials of a request from `state`.
local function respond(state, method, target)
    local challenge = state.challenge
    local algorithm = challenge.algorithm or "MD5"
    local name = find(lower(algorithm), "^sha%-256") and "sha-256" or "md5"
    local user, password, realm = state.user, state.password, challenge.realm
    state.count = state.count + 1
    local cnonce, count = native.random_text(), format("%08x", state.count)
    local first = hash(name, user .. ":" .. realm .. ":" .. password)
    if find(lower(algorithm), "-sess", 1, true) then
        -- for -sess algorithms the key depends on the first client nonce
        state.cnonce = state.cnonce or cnonce
        cnonce = state.cnonce
        first = hash(name, first .. ":" .. challenge.nonce .. ":" .. cnonce)
    end
    local second = hash(name, method .. ":" .. target)
    local qop = challenge.qop and "auth"
    local response
    if qop then
        response = hash(name, first .. ":" .. challenge.nonce .. ":" .. count .. ":" .. cnonce .. ":" .. qop .. ":" .. second)
    else
        response = hash(name, first .. ":" .. challenge.nonce .. ":" .. second)
    end
    local shown = user
    if challenge.userhash and lower(challenge.userhash) == "true" then shown = hash(name, user .. ":" .. realm) end
    local value = "Digest username=" .. quoted(shown) .. ", realm=" .. quoted(realm) .. ", nonce=" .. quoted(challenge.nonce)
        .. ", uri=" .. quoted(target) .. ", response=\"" .. response .. '"'
    if challenge.algorithm then value = value .. ", algorithm=" .. algorithm end
    if challenge.opaque then value = value .. ", opaque=" .. quoted(challenge.opaque) end
    if qop then value = value .. ", qop=auth, nc=" .. count .. ', cnonce="' .. cnonce .. '"' end
    if shown ~= user then value = value .. ", userhash=true" end
    if not is_clean(value) then return nil, "invalid auth (user and pass needed)" end
    return value
end

---The Authorization value that answers a server's challenges.
---@param challenges string[] values of WWW-Authenticate
---@param method string
---@param target string the request target as sent
---@param user string
---@param password string
---@param state table state of the origin; stores the challenge
---@return string|nil value nil when no challenge is supported, or the login was refused before
---@return string|nil message
function digest.authorization(challenges, method, target, user, password, state)
    local challenge = choose(challenges)
    if not challenge then return nil, "no digest challenge" end
    -- a refused login is not sent again, unless only its nonce was stale
    local stale = challenge.stale and lower(challenge.stale) == "true"
    if state.challenge and not stale then return nil, "login refused" end
    state.challenge, state.count, state.cnonce = challenge, 0, nil
    state.user, state.password = tostring(user), tostring(password)
    return respond(state, method, target)
end

---The value for a further request to an origin with a known challenge, or nil.
---@param state table
---@param method string
---@param target string
---@return string|nil value
function digest.again(state, method, target)
    if not state.challenge then return nil end
    return (respond(state, method, target))
end

return digest
