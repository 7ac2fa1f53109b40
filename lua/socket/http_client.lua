-- One request of module `http`, from its options to its response, including redirects and retries. Internal to HTTP.
local bodies = require("socket.http_body")
local composing = require("socket.http_composing")
local credentials = require("socket.http_credentials")
local delivery = require("socket.http_delivery")
local download = require("socket.http_download")
local duration = require("socket.http_duration")
local exchange = require("socket.http_exchange")
local options = require("socket.http_options")
local queries = require("socket.http_query")
local response = require("socket.http_response")
local retry = require("socket.http_retry")
local target = require("socket.http_target")

local getmetatable, ipairs, next, pairs, require, setmetatable, type =
    getmetatable, ipairs, next, pairs, require, setmetatable, type
local find, gsub, upper = string.find, string.gsub, string.upper
local NONE = composing.NONE
local on_kept, perform, pool_key, whole = exchange.kept, exchange.perform, exchange.key, response.whole

local REDIRECTS = { [301] = true, [302] = true, [303] = true, [307] = true, [308] = true }
local TIMEOUTS = options.TIMEOUTS
local CLIENT_CERTIFICATE = { certificate = true, certificates = true, key = true, password = true, psk = true }

local client = {}

local function refuse(message) return nil, message, "request" end

-- Refuses a URL, with a hint if it probably lacks its scheme.
local function refuse_url(message, url)
    local hint = require("socket.http_parts").request().hint_at(url)
    if hint then return nil, message, "request", hint end
    return refuse(message)
end

-- The method as it is sent, or nil when it is invalid.
local function method_name(method)
    if method == nil then return "GET" end
    if type(method) ~= "string" or not find(method, "^[%w!#$%%&'*+.^_`|~-]+$") then return nil end
    return upper(method)
end

-- Adds the timeouts. Returns true, or nil and a message.
local function take_times(call, given)
    local limits = given.timeouts
    call.timeouts = TIMEOUTS
    if limits then
        call.timeouts = {}
        for name, default in pairs(TIMEOUTS) do
            local value = limits[name]
            ---@type any, any
            local seconds, err = default, nil
            if value == false then
                seconds = nil
            elseif value ~= nil then
                seconds, err = duration.seconds(value)
            end
            if err then return nil, err end
            -- no time at all, as for `timeout`: a negative limit of a socket would be none
            if seconds and seconds < 0 then seconds = 0 end
            call.timeouts[name] = seconds
        end
    end
    if given.timeout then
        local seconds, err = duration.seconds(given.timeout)
        if not seconds then return nil, err end
        if seconds <= 0 then return nil, "timeout" end
        call.deadline = exchange.now() + seconds
    end
    return true
end

-- The TLS parameters for the next hop. A client certificate and a pre-shared key are used for their origin only.
local function tls_parameters(call)
    local given = call.options.tls
    if not given or call.secrets then return given or nil end
    local kept = {}
    for name, value in pairs(given) do
        if not CLIENT_CERTIFICATE[name] then kept[name] = value end
    end
    return kept
end

-- Makes the request for the next hop. Returns it, or nil and a message.
local function build(call)
    local to, given, body = call.to, call.options, call.body
    local proxy = given.proxy
    if proxy == nil then proxy = not (to.is_near or given.unix or given.create) and "environment" end
    if proxy then
        local err
        proxy, err = exchange.find_proxy(proxy, to.scheme, to.host, to.port, given.noproxy)
        if proxy == nil then return nil, err end
    end
    local head = composing.plain_head(call, proxy)
    local request = {
        head = head, scheme = to.scheme, host = to.host, port = to.port, method = call.method, target = to.target,
        fields = head and NONE or composing.fields(call), pool = call.pool, proxy = proxy or nil, tls = tls_parameters(call),
        create = given.create,
        url = to.url, unix = given.unix, deadline = call.deadline, timeouts = call.timeouts, form = "title",
        expect = call.expect and not call.bare or nil, limits = require("socket.http"),
    }
    -- for http the TLS settings are ignored, and connections are pooled by origin
    if to.scheme == "http" and not (proxy or given.unix or given.create) then
        to.key = to.key or exchange.key(request)
        request.key = to.key
    end
    if body then
        if body.text and not call.progress then
            request.body = body.text
        elseif body.text then
            request.length = #body.text
        else
            request.length = call.length or body.size
        end
        if call.length and not call.bare and body.text and call.length ~= #body.text then
            return nil, "body does not match content-length"
        end
    elseif call.length and call.length > 0 and not call.bare then
        return nil, "body does not match content-length"
    end
    return request
end

---State of a request and its redirects.
---@class socket.http.call
---@field method string
---@field to socket.http.target
---@field options table
---@field body socket.http.body|false
---@field secrets boolean whether all hops so far had the same origin
---@field request table for socket.http_exchange
---@field progress any
---@field asked any
---@field history any
---@field file_size any

-- Whether the response can be made as soon as it has arrived, without a look at its headers.
local function is_plain(call)
    local given = call.options
    local most = given.maxbody
    return not (given.sink or given.stream or given.file or call.progress or call.jar or call.retries or call.digest)
        and (not most or most >= 65536)
end

-- Makes all checks that need no connection. Returns a call, or nil, message, phase.
local function prepare(method, to, given)
    local call = {
        method = method, to = to, options = given, secrets = true, first = to, progress = given.progress,
        history = nil, bare = false,
    }
    local ok, err = take_times(call, given)
    if ok then ok, err = composing.take_headers(call, given.headers) end
    if ok then ok, err = composing.take_cookies(call, given.cookies) end
    if ok then ok, err = credentials.take(call, given.auth) end
    if ok then ok, err = retry.take(call, given) end
    if ok then ok, err = download.take(call, given) end
    if not ok then return refuse(err) end
    local pool = given.pool
    if pool == nil or pool == true then pool = exchange.default_pool() end
    call.pool, call.jar = pool or nil, given.jar or nil
    call.asked = given.decode ~= false and not call.replaced["accept-encoding"] and not call.replaced.range
        and not call.resumes
    local body
    body, err = bodies.of(method, given)
    if body == nil then return refuse(err) end
    ---@diagnostic disable-next-line: assign-type-mismatch
    call.body = body
    call.whole = is_plain(call) and whole or nil
    call.request, err = build(call)
    if not call.request then
        if body and body.close then body.close() end
        return refuse(err)
    end
    return call
end

-- Sends the request of the next hop once.
local function send(call)
    local request, body = call.request, call.body
    if body and not request.body then
        local source = body.text and bodies.pieces(body.text) or body.open()
        if call.progress then source = delivery.watched(source, call.progress, "send", request.length) end
        request.source = source
    end
    local answer, err, phase, why = perform(request, call.whole)
    if answer and call.jar then
        for _, value in ipairs(answer:values("set-cookie")) do call.jar:set(call.to.url, value) end
    end
    return answer, err, phase, why
end

-- Sends the request with the allowed retries, and answers a challenge.
local function attempt(call)
    local tries = retry.begin(call)
    while true do
        local answer, err, phase, why = send(call)
        local wait = tries and retry.wait(tries, call, answer, err, phase, why)
        if wait then
            if answer then answer:finish() end
            local slept, stopped = retry.sleep(call, wait)
            if not slept then return nil, stopped, phase or "response" end
        elseif answer and answer.status == 401 and call.digest and credentials.answer(call, answer) then
            answer:finish()
            call.request.fields = composing.fields(call)
        else
            return answer, err, phase, why
        end
    end
end

-- Prepares the next hop when a response redirects. Returns true; false when the response is final; nil and a message.
local function follow(call, answer)
    local location, given = answer.headers.Location, call.options
    local most = given.redirect
    if most == false or not location then return false end
    if type(most) ~= "number" then most = 10 end
    local url = require("socket.http_parts").redirect().target(call.to.url, location)
    local to = url and target.parse(url)
    if not to then return false end
    local history = call.history or {}
    if #history >= most then return nil, "too many redirects" end
    if call.to.scheme == "https" and to.scheme == "http" and not given.downgrade then
        return nil, "redirect from https to http refused"
    end
    local status, method, body = answer.status, call.method, call.body
    if status == 303 and method ~= "HEAD" or method == "POST" and status <= 302 then
        method, body = "GET", false
    elseif body and body.once then
        return nil, "redirect needs the body again"
    end
    history[#history + 1] = { status = status, url = call.to.url, headers = response.headers(answer.headers) }
    call.history = history
    answer:finish()
    local from = call.to
    if to.scheme ~= from.scheme or to.host ~= from.host or to.port ~= from.port then call.secrets = false end
    if call.body and not body then call.bare = true end
    call.method, call.to, call.body = method, to, body
    local err
    call.request, err = build(call)
    if not call.request then return nil, err end
    return true
end

-- Follows redirects from the first response to the last. Returns the last one, and true if it needs no delivery; or
-- nil, message, phase, why.
local function chase(call, answer)
    while true do
        if not answer then
            local err, phase, why
            answer, err, phase, why = attempt(call)
            if not answer or err then return answer, err, phase, why end
        end
        if not REDIRECTS[answer.status] then return answer end
        local followed, err = follow(call, answer)
        if followed == nil then
            answer:close()
            return nil, err, "redirect"
        end
        if not followed then return answer end
        answer = nil
    end
end

local function close_body(call, ...)
    if call.close then call.close() end
    return ...
end

local function complete(call, answer)
    local err, phase, why
    answer, err, phase, why = chase(call, answer)
    if not answer then return nil, err, phase, why end
    if err then
        answer.history = call.history
        return answer
    end
    return delivery.deliver(call, answer)
end

local function run(call)
    if call.body and call.body.close then call.close = call.body.close end
    return close_body(call, complete(call))
end

-- Cache of prepared requests without options, by method and URL.
local prepared, count = {}, 0
local MOST_PREPARED, LONGEST_PREPARED = 100, 1000

local function prepare_plain(method, url)
    local name = method_name(method)
    if not name then return refuse("invalid method") end
    local to, err = target.parse(url)
    if not to then return refuse_url(err, url) end
    local call
    call, err = prepare(name, to, NONE)
    if not call then return refuse(err) end
    call.agent = composing.settings.USERAGENT
    -- credentials are not cached, and the environment may name another proxy the next time
    if call.request.proxy or to.user then return call end
    local head, key = exchange.prepare(call.request)
    -- for https the key depends on settings that may change, such as VERIFY
    if head then call.request.head, call.request.key = head, to.scheme == "http" and key or nil end
    call.is_head_alone, call.inherited = head and not call.body, { __index = call.request }
    if #url > LONGEST_PREPARED then return call end
    if count >= MOST_PREPARED then prepared, count = {}, 0 end
    local of_method = prepared[method]
    if not of_method then
        of_method = {}
        prepared[method] = of_method
    end
    of_method[url] = call
    count = count + 1
    return call
end

local find_proxy = exchange.find_proxy

-- The cached call of a request, or nil when there is none or it is out of date.
local function find_prepared(method, url)
    local of_method = prepared[method]
    local call = of_method and of_method[url]
    if call and call.agent == composing.settings.USERAGENT
        and (call.to.is_near or find_proxy("environment", call.to.scheme, call.to.host, call.to.port) == false) then
        return call
    end
    return nil
end

-- Makes `request`, which is that of a cached call, or differs from it by the options `given`.
local function make_prepared(call, request, given, deadline)
    local answer, err, phase, why
    if call.is_head_alone then
        local made
        made, answer, err, phase, why = on_kept(request, request.key or pool_key(request), whole)
        if made then return made end
    else
        answer, err, phase, why = perform(request, whole)
    end
    if not answer then return nil, err, phase, why end
    if err then return answer end
    if not REDIRECTS[answer.status] then
        return delivery.deliver(given == NONE and call or setmetatable({ options = given }, { __index = call }), answer)
    end
    local again = prepare(call.method, call.to, given)
    if deadline then again.deadline = deadline end
    return complete(again, answer)
end

-- Runs a call for the first time, or passes on why there is none.
local function run_first(call, ...)
    if not call then return nil, ... end
    -- the cached call is not changed
    return run(setmetatable({}, { __index = call }))
end

-- Makes a request without options.
local function plain(method, url)
    local call = find_prepared(method, url)
    if call then return make_prepared(call, call.request, NONE) end
    return run_first(prepare_plain(method, url))
end

-- Options that change neither the bytes to send nor what is done with the response, and whether a value is valid.
local LIGHT = {
    timeout = function() return true end,
    tls = function(value) return not value or type(value) == "table" end,
    pool = function(value) return value == true or exchange.is_pool(value) end,
}

---Whether options are valid, and only of that kind.
---@param given any
---@return boolean
function client.is_light(given)
    if type(given) ~= "table" or getmetatable(given) then return false end
    for name, value in next, given do
        local fits = LIGHT[name]
        if not (fits and fits(value)) then return false end
    end
    return true
end

-- The cached call of a request, which is made if need be. Nil when the request has to be made in the usual way.
local function find_or_prepare(method, url)
    return find_prepared(method, url) or prepare_plain(method, url) and find_prepared(method, url) or nil
end

-- Makes a request of a cached call, as `plain` does.
local function light(call, given)
    local deadline
    if given.timeout then
        local seconds, err = duration.seconds(given.timeout)
        if not seconds then return refuse(err) end
        if seconds <= 0 then return refuse("timeout") end
        deadline = exchange.now() + seconds
    end
    local pool = given.pool
    if pool == true then pool = nil end
    local request = setmetatable({ pool = pool, tls = given.tls or nil, deadline = deadline }, call.inherited)
    return make_prepared(call, request, given, deadline)
end

---Makes a request.
---@param method string|nil
---@param url any
---@param given? table checked options
---@param own_query? boolean whether the URL's query takes precedence over the option
---@param is_light? boolean the result of `client.is_light`, if known
---@return http.response|nil response
---@return string|nil message
---@return string|nil phase
---@return string|nil why
function client.request(method, url, given, own_query, is_light)
    ---@diagnostic disable-next-line: return-type-mismatch
    if not given and method then return plain(method, url) end
    given = given or NONE
    if is_light == nil then is_light = client.is_light(given) end
    local known = is_light and method and find_or_prepare(method, url)
    ---@diagnostic disable-next-line: return-type-mismatch
    if known then return light(known, given) end
    local name = method_name(method)
    if not name then return refuse("invalid method") end
    local query = given.query
    if query ~= nil and query ~= false and not (own_query and type(url) == "string" and find(url, "?", 1, true)) then
        local err
        if type(query) == "table" then query, err = queries.encode(query) end
        if type(query) ~= "string" then return refuse(err or "invalid query") end
        query = gsub(gsub(query, "^%?", ""), "#", "%%23")
    else
        query = nil
    end
    local to, err = target.parse(url, query)
    if not to then return refuse_url(err, url) end
    local call, phase
    call, err, phase = prepare(name, to, given)
    if not call then return nil, err, phase end
    return run(call)
end

return client
