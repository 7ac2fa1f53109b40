-- Requests of socket.http.
local captured = ...
local http, open, parts, socket, ltn12 = captured.http, captured.open, captured.parts, captured.socket, captured.ltn12
local connection, framing, preparation = parts.connection(), parts.framing(), parts.request()
local error, next, rawget, require, tostring, type = captured.error, captured.next, captured.rawget,
    captured.require, captured.tostring, captured.type
local find, lower, sub, concat = captured.find, captured.lower, captured.sub, captured.concat

local MOST_INTERIM = 100

-- True for an interim response. 101 is final (add.43).
local function is_interim(code) return code and code >= 100 and code < 200 and code ~= 101 end

-- Opens the connection of a request: to its proxy if it has one, else to its host.
local function connect(plan)
    local route = plan.route
    local proxy = route.proxy
    if proxy then return http.open(proxy.host, proxy.port, proxy.create) end
    return http.open(plan.request.host, plan.request.port, route.create)
end

-- True for an unencrypted stream of this library.
local function is_plain(c)
    local class = tostring(c)
    return find(class, "^tcp{") or find(class, "^unix{")
end

-- Refuses to send an https request in plaintext. Objects from outside this library are trusted.
local function check_security(h, plan)
    if plan.request.scheme == "https" and type(h.c) == "userdata" and is_plain(h.c) then
        h.try(nil, "https over a plain socket refused")
    end
end

-- True when the socket was made by the library alone. Then the number of `send` calls for a message is not visible to
-- the program (add.24).
local function is_ours(c, plan)
    if plan.route.foreign then return false end
    return type(c) == "userdata" or type(c) == "table" and type(rawget(c, "sock")) == "userdata"
end

-- Sends a request. Returns nothing, or a message when the body was not sent completely.
local function send(h, plan)
    local source, c = plan.request.source, h.c
    local ours = false
    if not plan.list and (http.open ~= open or not connection.sends_plainly(h)) then
        h:sendrequestline(plan.method, plan.uri)
        h:sendheaders(plan.headers)
    elseif is_ours(c, plan) then
        ours = true
        framing.bound(c)
        h.try(c:send(plan.head))
    else
        h.try(c:send(sub(plan.head, 1, plan.line)))
        h.try(c:send(sub(plan.head, plan.line + 1)))
    end
    if not source then return end
    local failure = connection.send_body(h, plan.headers, source, plan.request.step)
    if failure then return failure end
    -- pieces of a body share packets; TCP_NODELAY sends the last ones now, without waiting for an acknowledgement
    if ours and c.setoption then c:setoption("tcp-nodelay", true) end
end

-- Skips interim responses; returns code and status line of the final one.
local function skip_interim(h, code, status)
    local try = h.try or socket.try
    local replies = 0
    while is_interim(code) do
        replies = replies + 1
        if replies > MOST_INTERIM then try(nil, "oversized") end
        h:receiveheaders()
        code, status = h:receivestatusline()
        if not code then try(nil, status) end
        if not status then try(nil, "timeout") end
    end
    return code, status
end

-- Receives the first status line. When the request was not sent completely, this is the line of an early response;
-- without one, the failure is raised (add.45).
local function receive_first_status(h, failure)
    if not failure then return h:receivestatusline() end
    local code, status = connection.early_status(h, failure)
    if not code then h.try(nil, failure) end
    return code, status
end

-- Passes the head of the final response to the user's callback (add.55). Returns true and the sink of its body, or
-- nil and a message.
local function show_head(h, plan, code, fields, status)
    local request = plan.request
    local look = request.response_headers
    if not look then return true, request.sink end
    local go_on, sink = look(code, fields, status, h.c)
    if go_on then return true, type(sink) ~= "boolean" and sink or request.sink end
    return nil, sink
end

-- Sends a request and receives the response. Returns its code, headers and status line, if present. For a redirect,
-- also returns the next request table and the components of its URL. When the user rejects the response, returns nil,
-- a message, its headers and status line.
local function exchange(h, plan, location)
    local request = plan.request
    check_security(h, plan)
    local code, status = receive_first_status(h, send(h, plan))
    if not code then
        local ok, sink = show_head(h, plan, 200, {}, nil)
        if not ok then
            h:close()
            return nil, sink
        end
        h:receive09body(status, sink, request.step)
        return 200
    end
    if code == 408 and not status then
        h:close()
        return 408
    end
    code, status = skip_interim(h, code, status)
    local fields = h:receiveheaders()
    local following, parsed = parts.follow(plan, code, fields.location)
    if following then
        h:close()
        return code, fields, status, following, parsed
    end
    fields.location = fields.location or location
    local ok, sink = show_head(h, plan, code, fields, status)
    if not ok then
        h:close()
        return nil, sink, fields, status
    end
    if plan.method ~= "HEAD" and code ~= 204 and code ~= 304 and (code < 100 or code > 199) then
        local create
        if not plan.route.foreign and not request.response_headers and http.open == open then
            create = (plan.route.proxy or plan.route).create
        end
        connection.receive_body(h, fields, sink, request.step, create)
    end
    h:close()
    return code, fields, status
end

-- Fields that LuaSocket does not have, and the settings used as their defaults.
local NEWER = {
    { "pool", "POOL" }, { "decode", "DECODE" }, { "jar", "JAR" }, { "deadline", "DEADLINE" }, { "maxbody", "MAXBODY" },
    { "retries", "RETRIES" }, { "headerlist" }, { "noproxy" }, { "auth" }, { "resume" },
}

local IS_NEWER = {}
for i = 1, #NEWER do IS_NEWER[NEWER[i][1]] = true end

local function is_newer_proxy(proxy)
    return proxy == "environment" or type(proxy) == "string" and find(lower(proxy), "^socks%d?%l?:") ~= nil
end

-- The newer fields of a request, or nil when it has none. False disables a setting for this request.
local function newer_fields(reqt)
    local found
    if not (http.DECODE or http.JAR or http.DEADLINE or http.MAXBODY or http.RETRIES or http.POOL) then
        -- the usual case, at the cost of the fields that the request has
        for name, value in next, reqt do
            if value and IS_NEWER[name] then
                found = found or {}
                found[name] = value
            end
        end
    else
        for i = 1, #NEWER do
            local name, setting = NEWER[i][1], NEWER[i][2]
            local value = rawget(reqt, name)
            if value == nil and setting then value = http[setting] end
            if value then
                found = found or {}
                found[name] = value
            end
        end
    end
    if not found and is_newer_proxy(rawget(reqt, "proxy") or http.PROXY) then found = {} end
    return found
end

-- `plans` is set by the first request that has one of these fields.
---@type any
local requests = {}
---@type any
local powers

-- Makes a request and follows its redirects.
local function perform(reqt, notes)
    local location, parsed
    local found = newer_fields(reqt)
    if found then
        if not powers then powers, requests.plans = require("socket.http_powers"), require("socket.http_plans") end
        return powers.perform(http, reqt, notes, found, show_head)
    end
    while true do
        local plan, err = preparation.prepare(http, reqt, notes, parsed)
        if not plan then return nil, err end
        local code, fields, status, following, components = connection.run(connect(plan), exchange, plan, location)
        if not code then return nil, fields, status, following end
        if following then
            location, reqt, parsed = fields.location, following, components
        elseif location then
            return 1, code, fields or { location = location }, status
        elseif fields then
            return 1, code, fields, status
        else
            return 1, code
        end
    end
end

function requests.generic_form(url, body, make_sink)
    local target = {}
    local reqt = { url = url, sink = make_sink(target), target = target }
    if body then
        reqt.source = ltn12.source.string(body)
        reqt.method = "POST"
        reqt.headers = {
            ["content-length"] = string.len(body),
            ["content-type"] = "application/x-www-form-urlencoded",
        }
    end
    return reqt
end

local generic_form = requests.generic_form

-- A body of one piece is returned without a copy.
local function joined(pieces)
    local first = pieces[1]
    if pieces[2] == nil and type(first) == "string" then return first end
    return concat(pieces)
end

-- Performs a request. `entry` and `pool` come from `plans.quick`.
local function start(reqt, notes, entry, pool)
    if entry then return powers.quick(http, reqt, notes, show_head, entry, pool) end
    return perform(reqt, notes)
end

---@type fun(reqt: any, body: any, notes: table, entry: any, pool: any): any, any, any, any
requests.request = captured.protect(function(reqt, body, notes, entry, pool)
    if type(reqt) ~= "string" then return start(reqt, notes, entry, pool) end
    reqt = generic_form(reqt, body, connection.collector)
    local result, code, headers, status = start(reqt, notes, entry, pool)
    if not result then return nil, code end
    ---@diagnostic disable-next-line: undefined-field
    return joined(reqt.target), code, headers, status
end)

-- TLS objects report a timeout as "wantread" or "wantwrite" (add.34).
function requests.report(notes, result, message, ...)
    if result == nil then
        if message == "wantread" or message == "wantwrite" then message = "timeout" end
        if notes.detail then return nil, message, nil, notes.detail end
    end
    return result, message, ...
end

local CALLBACKS = { source = true, sink = true, step = true, create = true, response_headers = true }

-- Raises for fields that must be callable and are not. Otherwise they would fail in the middle of a request.
function requests.check_callbacks(reqt)
    for name, value in next, reqt do
        local kind = CALLBACKS[name] and type(value)
        if kind and kind ~= "function" and value and kind ~= "table" and kind ~= "userdata" then
            local hint = name == "source" and kind == "string" and ": use ltn12.source.string" or ""
            error("bad field '" .. name .. "' (function expected, got " .. kind .. hint .. ")", 3)
        end
    end
end

return requests
