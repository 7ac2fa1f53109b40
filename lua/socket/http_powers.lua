-- The fields of `http.request` that LuaSocket does not have: kept connections, content decoding, cookies, limits of a
-- whole request, SOCKS proxies, proxies from the environment, retries, Digest. Requests without these fields do not
-- use this module. Internal to socket.http.
local socket = require("socket")
local ltn12 = require("ltn12")
local authority = require("socket.http_authority")()
local makers = require("socket.https_makers")
local originals = require("socket.ltn12_originals")
local parts = require("socket.http_parts")
local plans = require("socket.http_plans")

local connections, preparation = parts.connection(), parts.request()

local error, ipairs, require, tonumber, tostring, type = error, ipairs, require, tonumber, tostring, type
local find, lower, match, sub = string.find, string.lower, string.match, string.sub

local powers = {}

-- Loaded with the first request.
---@type any
local exchange

-- The functions of ltn12, to notice when a program has replaced them.
local pump_all, pump_step = originals.known("all"), originals.known("step")

-- Responses whose bodies are not decoded.
local NOT_DECODED = { [204] = true, [206] = true, [304] = true }

-- Digest challenges that one request answers. A server may call every nonce stale.
local MOST_CHALLENGES = 10

---The newer fields of a request and its redirects.
---@class socket.http.powers
---@field pool? socket.http.pool
---@field decode? any
---@field jar? table
---@field deadline? number time on the clock of the exchange
---@field maxbody? number
---@field retries? any
---@field headerlist? table
---@field auth? table
---@field proxied? boolean whether this module selects the proxy
---@field asked any
---@field add_headers any

-- The pool that a field describes.
local function settled_pool(pool)
    exchange = exchange or require("socket.http_exchange")
    if pool == true then return exchange.default_pool() end
    if pool and not exchange.is_pool(pool) then error("bad field 'pool' (pool expected)", 0) end
    return pool
end

-- Checks a field that is a number from 0, or a text of one, and makes it a number.
local function settle_number(found, name)
    local number = tonumber(found[name])
    if not number or number ~= number or number < 0 then error("bad field '" .. name .. "' (number expected)", 0) end
    found[name] = number
end

-- Checks the fields, and replaces them by the objects they describe. Returns true, or nil and a message.
local function settle(found, reqt)
    found.pool = settled_pool(found.pool)
    if found.jar and not require("socket.http_cookies").is_jar(found.jar) then error("bad field 'jar' (jar expected)", 0) end
    if found.headerlist then
        if type(found.headerlist) ~= "table" then error("bad field 'headerlist' (table expected)", 0) end
        for i = #found.headerlist, 1, -1 do found.headerlist[i] = nil end
    end
    if found.maxbody then settle_number(found, "maxbody") end
    if found.retries and found.retries ~= true then settle_number(found, "retries") end
    local decode = found.decode
    if decode and decode ~= true and decode ~= "strict" and type(decode) ~= "table" then
        error("bad field 'decode' (true, 'strict' or a table expected)", 0)
    end
    if found.noproxy and type(found.noproxy) ~= "table" then error("bad field 'noproxy' (table expected)", 0) end
    if found.deadline then
        local seconds, err = require("socket.http_duration").seconds(found.deadline)
        if not seconds then return nil, err end
        found.deadline = exchange.now() + seconds
    end
    if found.resume then
        if type(reqt.file) ~= "string" then error("bad field 'file' (string expected)", 0) end
        local download = { options = { file = reqt.file }, fields = {} }
        local ok, err = require("socket.http_download").take(download, { file = reqt.file, resume = found.resume })
        if not ok then return nil, err end
        found.download = download
    end
    local auth = found.auth
    if auth then
        if type(auth) ~= "table" then error("bad field 'auth' (table expected)", 0) end
        local user, pass = auth.user or auth[1], auth.pass or auth[2]
        if type(user) ~= "string" or type(pass) ~= "string" then return nil, "invalid auth (user and pass needed)" end
        found.auth = { user = user, pass = pass, digest = lower(tostring(auth.scheme or "basic")) == "digest", state = {} }
    end
    return true
end

-- The URL of a plan, without user and password.
local function url_of(plan)
    local request = plan.request
    local path = request.path or "/"
    -- without its slash the path would become part of the host
    if sub(path, 1, 1) ~= "/" then path = "/" .. path end
    return request.scheme .. "://" .. authority.join(request.host, plan.given_port) .. path
end

-- Adds the headers of the newer fields to a hop, except those that the user has given.
local function add_headers(found, plan, fields, given)
    if found.pool and given.connection == nil then fields.connection = "TE" end
    local ranges = found.download and found.download.fields or {}
    for i = 1, #ranges, 2 do fields[lower(ranges[i])] = ranges[i + 1] end
    if found.decode and not given["accept-encoding"] and not given.range and not ranges[1] then
        fields["accept-encoding"] = require("socket.http_decoding").accept(found.decode)
        found.asked = true
    else
        found.asked = false
    end
    if found.jar and given.cookie == nil then fields.cookie = found.jar:header(url_of(plan)) end
    local auth = found.auth
    if auth and given.authorization == nil then
        if auth.answer then
            fields.authorization, auth.answer = auth.answer, nil
        elseif not auth.digest then
            fields.authorization = authority.login(auth.user, auth.pass)
        else
            fields.authorization = require("socket.http_digest").again(auth.state, plan.method, plan.uri)
        end
    end
end

-- A source whose pieces are moved by the user's step.
local function stepped(source, step)
    local piece
    local function catch(chunk)
        piece = chunk
        return 1
    end
    return function()
        piece = nil
        local ok, err = step(source, catch)
        if not ok and err then return nil, err end
        return piece
    end
end

local last_timeouts = {}

-- The limits of the phases, which are all the same.
local function timeouts_of(timeout)
    if last_timeouts.idle ~= timeout or timeout == nil then
        last_timeouts =
            { resolve = timeout, connect = timeout, tls = timeout, send = timeout, first = timeout, idle = timeout }
    end
    return last_timeouts
end

-- Selects the sockets for the request: this library's or the user's. False when none can be made.
local function set_route(out, plan, timeout)
    local create = plan.route.create
    local maker = makers[create]
    if create == socket.tcp and not plan.route.foreign then
        out.create = nil
    elseif maker and not plan.route.foreign then
        if maker.direct and out.proxy then return false end
        out.create, out.tls = nil, maker.parameters
        if maker.timeout then timeout = maker.timeout() end
    else
        out.create, out.pool = create, nil
    end
    out.timeouts = timeouts_of(timeout)
    return true
end

-- Builds the request for the exchange.
local function exchange_request(settings, plan, found)
    local request = plan.request
    local out = {
        scheme = request.scheme, host = request.host, port = tonumber(request.port) or request.port, method = plan.method,
        target = plan.uri, head = plan.head, fields = {}, pool = found.pool, proxy = plan.route.proxy,
        deadline = found.deadline, limits = settings, http09 = true,
    }
    -- a remembered plan has no body, and no headers of the user's
    if plan.known then
        out.timeouts = timeouts_of(settings.TIMEOUT)
        return out
    end
    if not set_route(out, plan, settings.TIMEOUT) then return nil, "proxy not supported" end
    local source = request.source
    if source then
        if request.step then source = stepped(source, request.step) end
        out.source = source
        local length = plan.headers["content-length"]
        if length ~= nil then
            out.length = tonumber(match(tostring(length), "^%s*(%d+)%s*$"))
            out.unframed = not out.length
            if out.unframed then out.pool = nil end
        end
    end
    if plan.headers.connection and find(lower(tostring(plan.headers.connection)), "%f[%w]close%f[%W]") then
        out.pool = nil
    end
    -- announces a body that is not sent, or not sent that way: the next request would be read as its rest
    local coded, announced = plan.headers["transfer-encoding"], plan.headers["content-length"]
    if source and coded and announced or not source and (coded or announced and tonumber(announced) ~= 0) then
        out.pool = nil
    end
    local expect = plan.headers.expect
    out.expect = source and expect and lower(tostring(expect)) == "100-continue" or nil
    return out
end

local function store_cookies(found, plan, answer)
    if not found.jar then return end
    local url = url_of(plan)
    for _, value in ipairs(answer:values("set-cookie")) do found.jar:set(url, value) end
end

-- The source of the body, with decoding and size limit. Returns nil and a message when the body cannot be decoded.
local function body_source(found, plan, answer)
    local source = answer:source()
    local headers = answer.headers
    if found.asked and headers and plan.method ~= "HEAD" and not NOT_DECODED[answer.status] then
        local decoding = require("socket.http_decoding")
        local decoders, err = decoding.plan(headers["content-encoding"], found.decode)
        if err then return nil, err end
        if decoders then
            source = decoding.source(source, decoders)
            headers["content-encoding"], headers["content-length"] = nil, nil
        end
    end
    if found.maxbody then source = require("socket.http_decoding").limit(source, found.maxbody) end
    return source
end

-- Receives the body into the sink. Returns true, or nil and a message.
local function receive(found, plan, answer, sink)
    local step = plan.request.step
    local collected = connections.collected(sink)
    local plain = not found.maxbody and not (found.asked and answer.headers and answer.headers["content-encoding"])
    if collected and plain and not step then
        local body, err = answer:body()
        if not body then return nil, err end
        collected[#collected + 1] = body
        return true
    end
    if answer.bodiless then
        answer:finish()
        return true
    end
    local source, err = body_source(found, plan, answer)
    local ok
    if source then ok, err = ltn12.pump.all(source, sink or ltn12.sink.null(), step or ltn12.pump.step) end
    if not ok then
        answer:close()
        return nil, err
    end
    answer:finish()
    return true
end

-- Adds the trailers to the headers (add.48).
local function add_trailers(answer)
    local headers = answer.headers
    for _, pair in ipairs(answer.trailers or {}) do
        local name = lower(pair[1])
        headers[name] = headers[name] and headers[name] .. ", " .. pair[2] or pair[2]
    end
end

-- Sends the request of one hop, with retries as the fields allow. Returns a response, or nil, a message and why.
local function send(settings, plan, found)
    local out, refusal = exchange_request(settings, plan, found)
    if not out then return nil, refusal end
    local tries, retry
    if found.retries then
        retry = require("socket.http_retry")
        if retry.take(found, { retries = found.retries }) then tries = retry.begin(found) end
    end
    if not tries then
        local answer, err, _, why = exchange.perform(out)
        return answer, err, why
    end
    while true do
        local answer, err, phase, why = exchange.perform(out)
        local seen = answer and answer.headers and {
            status = answer.status, headers = { ["Retry-After"] = answer.headers["retry-after"] },
        } or nil
        local call = { method = plan.method, body = plan.request.source and {} or nil, deadline = found.deadline }
        ---@cast retry -?
        local wait = not (answer and not seen) and retry.wait(tries, call, seen, err, phase, why)
        if not wait then return answer, err, why end
        if answer then answer:finish() end
        ---@cast retry -?
        local slept, stopped = retry.sleep(call, wait)
        if not slept then return nil, stopped end
    end
end

-- True when the server sent a Digest challenge that can be answered; the next request then has the credentials.
local function is_challenged(found, plan, answer)
    local auth = found.auth
    if answer.status ~= 401 or not auth or not auth.digest or plan.request.source or not answer.headers then return false end
    auth.challenges = (auth.challenges or 0) + 1
    if auth.challenges > MOST_CHALLENGES then return false end
    local value = require("socket.http_digest").authorization(answer:values("www-authenticate"), plan.method, plan.uri,
        auth.user, auth.pass, auth.state)
    auth.answer = value
    return value ~= nil
end

-- Makes a request and follows its redirects. `answer` is the response to the first request, if it was made already.
local function chase(settings, reqt, notes, found, show_head, answer)
    local location, parsed, err
    while true do
        local plan = not parsed and plans.find(settings, reqt, found)
        if not plan then
            found.add_headers = add_headers
            plan, err = preparation.prepare(settings, reqt, notes, parsed, found)
            if not plan then return nil, err end
            ---@cast plan any
            if not parsed then plans.remember(settings, reqt, found, plan) end
        end
        if not answer then
            local message, why
            answer, message, why = send(settings, plan, found)
            if not answer then
                notes.detail = why
                return nil, message
            end
        end
        ---@cast plan any
        store_cookies(found, plan, answer)
        local headers = answer.headers
        ---@type any, any
        local following, components = parts.follow(plan, answer.status, headers and headers.location)
        if following then
            answer:finish()
            answer = nil
            if components.origin ~= "same" then found.auth = nil end
            location, reqt, parsed = headers.location, following, components
        elseif is_challenged(found, plan, answer) then
            answer:finish()
            -- the plan contains a merged copy of the components
            answer, parsed = nil, nil
        else
            return powers.deliver(plan, answer, found, location, show_head)
        end
    end
end

---Makes a request and follows its redirects.
---@param settings socket.http
---@param reqt table
---@param notes table
---@param found socket.http.powers
---@param show_head function passes a head to the user (add.55)
function powers.perform(settings, reqt, notes, found, show_head)
    local ok, err = settle(found, reqt)
    if not ok then return nil, err end
    return chase(settings, reqt, notes, found, show_head)
end

-- Passes a body of one piece to a sink with the pump of the program. LuaJIT does not compile a function that may leave
-- a closure behind.
local function pump_by_program(pump, text, sink)
    local function once()
        local piece = text
        text = ""
        return piece ~= "" and piece or nil
    end
    return pump.all(once, sink, pump.step)
end

-- Passes a body of one piece to a sink, as ltn12.pump.all does. Returns 1, or nil and a message.
local function pump_once(text, sink)
    ---@type any
    local pump = ltn12.pump
    if pump.all ~= pump_all or pump.step ~= pump_step then return pump_by_program(pump, text, sink) end
    local ok, err = true, nil
    if text ~= "" then ok, err = sink(text, nil) end
    local _
    if ok then _, err = sink(nil, nil) end
    if err then return nil, err end
    return 1
end

---Makes a request whose plan is remembered: see `plans.quick`. The results are those of `perform`.
---@param settings socket.http
---@param reqt table
---@param notes table
---@param show_head function
---@param entry table from `plans.quick`
---@param pool any
function powers.quick(settings, reqt, notes, show_head, entry, pool)
    pool = settled_pool(pool)
    ---@type any
    local out = pool.quick[entry]
    if not out or out.limits ~= settings or out.timeouts.idle ~= settings.TIMEOUT then
        out = exchange_request(settings, entry.plan, { pool = pool })
        ---@cast out -?
        out.key = exchange.key(out)
        pool.quick[entry] = out
    end
    local status, headers, line, text, why = exchange.kept(out, out.key)
    if not status then
        local answer, message = headers, line
        if answer then return chase(settings, reqt, notes, { pool = pool, asked = false }, show_head, answer) end
        notes.detail = why
        return nil, message
    end
    local sink = reqt.sink
    local collected = text and connections.collected(sink)
    if collected then
        collected[#collected + 1] = text
    elseif text then
        local ok, err = pump_once(text, sink or ltn12.sink.null())
        if not ok then return nil, err end
    end
    return 1, status, headers, line
end

-- Passes the head to the user and receives the body. Returns true, or nil, a message, headers and status line.
local function consume(_, plan, answer, found, show_head)
    local headers = answer.headers
    local ok, sink = show_head({ c = answer.socket }, plan, answer.status, headers or {}, answer.line)
    if not ok then
        answer:close()
        return nil, sink, headers, answer.line
    end
    local download = found.download
    -- an error page must not replace the part that the file has
    if download and (answer.status < 300 or answer.status == 416 and download.file_size > 0) then
        local err
        sink, err = require("socket.http_download").sink(download, answer)
        if sink == nil then
            answer:close()
            return nil, err
        elseif sink == false then
            answer:finish()
            return true
        end
    end
    return receive(found, plan, answer, sink)
end

-- Delivers the final response: the results of `perform`.
function powers.deliver(plan, answer, found, location, show_head)
    local headers, status = answer.headers, answer.status
    if headers then headers.location = headers.location or location end
    if found.headerlist then
        for i, pair in ipairs(answer:list()) do found.headerlist[i] = pair end
    end
    -- an error raised by a callback closes the connection
    local closing = { close = function() answer:close() end }
    local ok, err, shown, line = connections.run(closing, consume, plan, answer, found, show_head)
    if not ok then
        if line then return nil, err, shown, line end
        return nil, err
    end
    if headers then add_trailers(answer) end
    if not headers and not location then return 1, status end
    return 1, status, headers or { location = location }, answer.line
end

return powers
