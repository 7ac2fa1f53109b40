-- The head of a request of module `http`: from the options and the hop's URL. Internal to HTTP.
local credentials = require("socket.http_credentials")
local decoding = require("socket.http_decoding")
local framing = require("socket.http_parts").framing()
local options = require("socket.http_options")

local ipairs, pairs, setmetatable, tonumber, tostring, type = ipairs, pairs, setmetatable, tonumber, tostring, type
local concat, find, gmatch, lower, match, sort = table.concat, string.find, string.gmatch, string.lower, string.match,
    table.sort

-- Methods whose heads are kept: a program may forward any number of others.
local HEADS = { GET = true, HEAD = true, OPTIONS = true, DELETE = true }
-- Headers that are sent to the first origin only (B.redirect.2).
local SECRETS = { authorization = true, cookie = true, host = true, ["proxy-authorization"] = true }
-- Headers that describe the body.
local OF_BODY = {
    ["content-type"] = true, ["content-encoding"] = true, ["content-language"] = true, ["content-location"] = true,
    expect = true,
}
-- The fields of a request that has none of the user's.
local NONE = setmetatable({}, { __newindex = function() end })

local composing = {
    -- The module's table. Its USERAGENT is the one used.
    settings = {},
    NONE = NONE,
}

---Adds the user's headers to `call`: the spelling to send, and which default headers they replace. Returns true, or
---nil and a message.
function composing.take_headers(call, given)
    if not given then
        call.fields, call.replaced = NONE, NONE
        return true
    end
    local list = options.header_list(given)
    local fields, replaced = {}, {}
    for i = 1, #list, 2 do
        local name, value = list[i], list[i + 1]
        if type(name) ~= "string" then return nil, "invalid header '" .. tostring(name) .. "'" end
        local key = lower(name)
        replaced[key] = true
        if key == "transfer-encoding" and value then return nil, "invalid header '" .. name .. "'" end
        local values = type(value) == "table" and value or { value }
        for _, one in ipairs(values) do
            if type(one) ~= "string" and type(one) ~= "number" then
                if one then return nil, "invalid header '" .. name .. "'" end
            elseif key == "content-length" then
                call.length = tonumber(match(tostring(one), "^%d+$"))
                if not call.length then return nil, "invalid header '" .. name .. "'" end
            else
                one = tostring(one)
                if key == "expect" and lower(one) == "100-continue" then call.expect = true end
                fields[#fields + 1] = name
                fields[#fields + 1] = one
            end
        end
    end
    call.fields, call.replaced = fields, replaced
    return true
end

---Adds the user's cookies as one text. Returns true, or nil and a message.
function composing.take_cookies(call, given)
    if not given then return true end
    local names, parts = {}, {}
    for name, value in pairs(given) do
        if type(name) ~= "string" or find(name, "[%c%s=;,]") or name == "" then
            return nil, "invalid cookie '" .. tostring(name) .. "'"
        end
        if value ~= false then
            if type(value) ~= "string" and type(value) ~= "number" or find(tostring(value), "[%c;]") then
                return nil, "invalid cookie '" .. name .. "'"
            end
            names[#names + 1] = name
        end
    end
    sort(names)
    for i, name in ipairs(names) do parts[i] = name .. "=" .. tostring(given[name]) end
    call.cookies, call.cookie_names = concat(parts, "; "), given
    return true
end

-- The Cookie header for the next URL, or nil.
local function cookie_header(call)
    local own = call.secrets and call.cookies or ""
    local kept = call.jar and call.jar:header(call.to.url)
    if not kept then return own ~= "" and own or nil end
    if not (call.secrets and call.cookies) then return kept end
    local parts = { own ~= "" and own or nil }
    for piece in gmatch(kept, "[^;]+") do
        local pair = match(piece, "^ ?(.*)$")
        ---@cast pair string
        if call.cookie_names[match(pair, "^([^=]*)=") or ""] == nil then parts[#parts + 1] = pair end
    end
    return parts[1] and concat(parts, "; ")
end

---The header lines of the next request: names and values in turn.
function composing.fields(call)
    local replaced, to, given, secrets = call.replaced, call.to, call.options, call.secrets
    local own = call.fields
    local agent = composing.settings.USERAGENT
    local authorization, cookie = credentials.header(call), cookie_header(call)
    local kind = call.body and call.body.type
    local fields, n = {}, 0
    local function add(key, name, value)
        if value and not (replaced[key] and (secrets or not SECRETS[key])) then
            fields[n + 1], fields[n + 2] = name, value
            n = n + 2
        end
    end
    add("host", "Host", to.authority)
    add("user-agent", "User-Agent", agent)
    add("accept", "Accept", "*/*")
    if call.asked then add("accept-encoding", "Accept-Encoding", decoding.accept(given.decode)) end
    if not call.pool then add("connection", "Connection", "close") end
    add("content-type", "Content-Type", kind)
    add("authorization", "Authorization", authorization)
    add("cookie", "Cookie", cookie)
    for i = 1, #own, 2 do
        local key = lower(own[i])
        if (secrets or not SECRETS[key]) and not (call.bare and OF_BODY[key]) then
            fields[n + 1], fields[n + 2] = own[i], own[i + 1]
            n = n + 2
        end
    end
    return fields
end

---The head of a request without anything of the user's, or nil. It is kept with its URL.
function composing.plain_head(call, proxy)
    local agent, to = composing.settings.USERAGENT, call.to
    if not HEADS[call.method] or call.fields ~= NONE or call.body or proxy or not (agent and call.asked and call.pool)
        or call.user or to.user or call.first.user or call.jar or call.cookies then
        return nil
    end
    local accept, method = decoding.accept(call.options.decode), call.method
    local kept = to.heads and to.heads[method]
    if kept and kept.agent == agent and kept.accept == accept then return kept.head end
    local head = framing.compose_list(method, to.target,
        { "Host", to.authority, "User-Agent", agent, "Accept", "*/*", "Accept-Encoding", accept })
    to.heads = to.heads or {}
    to.heads[method] = { head = head, agent = agent, accept = accept }
    return head
end

return composing
