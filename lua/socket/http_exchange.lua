-- One HTTP request on one connection: opens it or takes it from a pool, sends the request and receives the response.
-- Used by `http` and by the newer fields of `socket.http`. Internal to HTTP.
local socket = require("socket")
local dialing = require("socket.http_dialing")
local framing = require("socket.http_parts").framing()
local incoming = require("socket.http_incoming_answer")
local native = require("socket.native")("socket_http")
local pool_key = require("socket.http_pool_key")
local pools = require("socket.http_pool")
local receiving = require("socket.http_receiving")

local arm, left = receiving.arm, dialing.left
local pcall = require("socket.session").protected.call
local error, rawget, require, setmetatable, tostring, type = error, rawget, require, setmetatable, tostring, type
local find, format, sub = string.find, string.format, string.sub
local huge = math.huge
---@diagnostic disable-next-line: access-invisible
local unpack = table.unpack or unpack -- luacheck: ignore 143

-- A body of up to this size is sent in one write with the head.
local WHOLE = 16384
-- A larger body is sent in pieces of this size, with a check for an early response before each further piece.
local PIECE = 262144
-- Seconds to wait for "100 Continue" before sending the body.
local CONSENT = 1

-- Methods that may be sent again when a kept connection is dead (RFC 9110, 9.2.2).
local REPEATABLE = { GET = true, HEAD = true, OPTIONS = true, TRACE = true, PUT = true, DELETE = true }

-- Whether a failure is the cancellation of the running task, whose message the program chooses.
local function is_cancelled(err)
    local task = require("socket.tasks").current()
    return task ~= nil and task._cancelled == err
end

local WAITING = { wantread = "timeout", wantwrite = "timeout" }
local NO_TIMEOUTS = {}

---The request to send. See the fields of `perform`.
---@class socket.http.exchange.request
---@field scheme string
---@field host string
---@field port number
---@field method string
---@field target string
---@field timeouts table
---@field deadline any
---@field limits table with MAXHEADERLINE and MAXHEADERSIZE
---@field create any
---@field unix any
---@field proxy any
---@field tls any
---@field head any
---@field url any
---@field pool any
---@field key any
---@field body any

local exchange = {
    now = native.now,
    pool = pools.pool,
    is_pool = pools.is_pool,
    default_pool = pools.default,
}

---The proxy for an origin; see `socket.http_proxies`.
function exchange.find_proxy(...) return require("socket.http_proxies").find(...) end

---Returns whether a text is a valid method.
---@param text any
---@return boolean
function exchange.is_token(text)
    return type(text) == "string" and find(text, "^[%w!#$%%&'*+%-.^_`|~]+$") ~= nil
end

-- The head of a request. The fields keep their order and spelling; those that frame the body come last.
local function compose(request)
    local target = request.target
    local proxy = request.proxy
    local fields, given = {}, request.fields
    local n = #given
    for i = 1, n do fields[i] = given[i] end
    local function add(name, value) fields[n + 1], fields[n + 2], n = name, value, n + 2 end
    if proxy and proxy.scheme == "http" and request.scheme == "http" then
        local port = request.port == 80 and "" or ":" .. request.port
        local host = request.host
        if find(host, ":", 1, true) then host = "[" .. host .. "]" end
        if target ~= "*" then target = "http://" .. host .. port .. target end
        local login = dialing.proxy_login(proxy)
        if login then add("Proxy-Authorization", login) end
    end
    if request.source then
        if request.length then add("Content-Length", request.length) else add("Transfer-Encoding", "chunked") end
    elseif request.body then
        add("Content-Length", #request.body)
    end
    return framing.compose_list(request.method, target, fields)
end

-- Sends bytes. Returns true, or nil and a message.
local function send(connection, data)
    if not arm(connection, connection.request.timeouts.send) then return nil, "timeout" end
    local ok, err = connection.sock:send(data)
    if ok then return true end
    return nil, WAITING[err] or err
end

-- Returns whether these bytes begin a final response, and the bytes without the complete interim responses.
local function begins_final(text)
    while true do
        -- too short to show the status
        if #text < #"HTTP/1.1 200" then return false, text end
        if not find(text, "^HTTP/%d%.%d 1%d[02-9]") then return true, text end
        local _, last = find(text, "\n\r?\n")
        if not last then return false, text end
        text = sub(text, last + 1)
    end
end

-- The most bytes of interim responses to keep unread while the body is sent.
local MOST_AHEAD = 65536

-- True when the server has begun a final response before it has the whole body. Received data is kept in the buffer.
local function is_answered(connection)
    if not connection.ours then return false end
    local sock = connection.sock
    sock:settimeout(0)
    connection.armed = 0
    local data = sock:receive(receiving.SOME)
    if not data then return false end
    local final
    final, connection.buffer = begins_final(sub(connection.buffer, connection.at) .. data)
    connection.at = 1
    return final or #connection.buffer > MOST_AHEAD
end

local function send_string(connection, body)
    for from = 1, #body, PIECE do
        if from > 1 and is_answered(connection) then return true, nil, true end
        local ok, err = send(connection, sub(body, from, from + PIECE - 1))
        if not ok then return nil, err end
    end
    return true
end

-- Sends a body from a source. Returns true; true, nil, true when the response came first; or nil, a message, and true
-- when the connection did not cause the failure.
local function send_source(connection, source, length)
    local sent = 0
    local unframed = length or connection.request.unframed
    while true do
        local piece, err = source()
        if not piece then
            if err ~= nil then return nil, err, true end
            break
        end
        piece = tostring(piece)
        if piece == "" then
            -- a source may wait with empty pieces, but not beyond the limits
            local _, stopped = socket.sleep(0)
            if stopped then return nil, stopped, true end
            if left(nil, connection.request.deadline) == 0 then return nil, "timeout", true end
        else
            if is_answered(connection) then return true, nil, true end
            sent = sent + #piece
            if length and sent > length then return nil, "body does not match content-length", true end
            local ok
            ok, err = send(connection, unframed and piece or format("%X\r\n", #piece) .. piece .. "\r\n")
            if not ok then return nil, err end
        end
    end
    if length then
        if sent ~= length then return nil, "body does not match content-length", true end
        return true
    end
    if unframed then return true end
    return send(connection, "0\r\n\r\n")
end

local function send_body(connection, request)
    if request.source then return send_source(connection, request.source, request.length) end
    return send_string(connection, request.body)
end

-- Waits for "100 Continue". Returns a response when the server refused the body, false to go on; or nil and a
-- message.
local function await_consent(connection)
    local answer, err = incoming.receive_head(connection, CONSENT, true)
    if answer then return answer end
    if err == "consent" or err == "timeout" and connection.buffer == "" and not connection.lines then
        if left(nil, connection.request.deadline) == 0 then return nil, "timeout" end
        return false
    end
    return nil, err
end

-- Sends a request. Returns true, and a response that came before the body, or true when one has begun; or nil, a
-- message, and true when the connection did not cause the failure.
local function send_request(connection, request, head)
    local body = request.body
    local whole = body and #body <= WHOLE and not request.expect
    if whole and body ~= "" then head = head .. body end
    local ok, err = send(connection, head)
    if not ok then return nil, err end
    if whole or not body and not request.source then return true end
    if request.expect then
        local refusal
        refusal, err = await_consent(connection)
        if refusal then return true, refusal end
        if refusal == nil then return nil, err end
    end
    local early, other
    ok, err, other = send_body(connection, request)
    if ok then early = other else return nil, err, other end
    return true, early
end

-- A response may have arrived although sending the request failed (add.45). Returns as `converse` does.
local function after_failure(connection, request, err)
    connection.unsent = true
    local answer = incoming.receive_head(connection, err == "timeout" and 0.001 or request.timeouts.first)
    if answer then return answer end
    return nil, err, "send", true
end

-- Sends a request and receives the response on a connection. Returns it; or nil, a message, the phase, and true when
-- no byte of a response was received.
local function converse(connection, request, head)
    local ok, early, own = send_request(connection, request, head)
    if not ok then
        local err = early
        if not own and (request.source or request.body and request.body ~= "") then
            return after_failure(connection, request, err)
        end
        return nil, err, "send", not own
    end
    connection.unsent = early and true or false
    if early and early ~= true then return early end
    local answer, err = incoming.receive_head(connection, request.timeouts.first)
    if answer then return answer end
    return nil, err, "response", connection.buffer == "" and not connection.begun
end

-- An error raised by a source closes the connection and is raised again unchanged.
local function guard(connection, ok, ...)
    if ok then return ... end
    connection.sock:close()
    error((...), 0)
end

local function fail(connection, message, phase, why)
    connection.sock:close()
    return nil, WAITING[message] or message, phase, why
end

-- Opens a connection for a request, and counts it in the pool. Objects of the program are not ours.
local function open(request, pool)
    local sock, err, phase, why = dialing.open(request)
    if not sock then return nil, WAITING[err] or err, phase, why end
    local ours = err ~= true
    if ours and pool then pools.made(pool) end
    return { sock = sock, buffer = "", at = 1, ours = ours, converse = dialing.converse(request, sock) }
end

local function prepare(connection, request, pool, key)
    connection.request, connection.pool, connection.key = request, pool, key
    connection.armed, connection.unsent, connection.begun, connection.lines = -1, false, false, nil
    connection.interim = 0
    return connection
end

local DEFAULTED = { __index = function(self, name) return rawget(self, "given")[name] end }

-- The request with default fields; the caller's table is not modified.
local function complete(request)
    if request.timeouts and request.fields then return request end
    return setmetatable({
        given = request, timeouts = request.timeouts or NO_TIMEOUTS, fields = request.fields or {},
    }, DEFAULTED)
end

---Prepares a request that is made often: its head and its pool key. Store both in the request.
---@param request socket.http.exchange.request without body and proxy
---@return string|nil head
---@return string|nil key the pool key, or a message when the request cannot be sent
function exchange.prepare(request)
    local head, err = request.head, nil
    if not head then head, err = compose(request) end
    if not head then return nil, err end
    return head, pool_key(request)
end

---The pool key of a request.
---@type fun(request: socket.http.exchange.request): string
exchange.key = pool_key

-- Receives a response that the native `converse` has left on the connection, or a response that came although sending
-- failed. The results are those of `converse`.
local function go_on(connection, request, err, phase)
    if not err then
        connection.begun = true
        local answer
        answer, err = incoming.receive_head(connection, request.timeouts.first)
        return answer, err, "response", false
    end
    if phase == "send" and request.body and request.body ~= "" then return after_failure(connection, request, err) end
    return nil, err, phase, true
end

-- Returns a connection to its pool, or closes it.
local function put_back(pool, key, connection, keep, age)
    if keep and pool and not (age and age <= 1) then
        pools.put(pool, key, connection, age and age - 1)
    else
        connection.sock:close()
    end
end

-- Takes the results of the native `converse` (src/http/converse.rs). Returns a response, as `converse` does; or, when
-- `whole` accepts the response, the result of `whole` and true.
local function settle(connection, reused, whole, status, ending, keep, text, raw, reason, version, headers, line, coded, age)
    local request, pool = connection.request, connection.pool
    -- results of a failure: nil, message, phase
    if status == nil and keep == "stale" then return nil, nil, "stale" end
    if reused then pools.used(pool) end
    if not status then return go_on(connection, request, ending, keep) end
    if not whole or not text or coded or status >= 300 and status < 400 then
        return incoming.answer(connection, status, ending, keep, text, raw, reason, version, headers, line, age)
    end
    connection.request = nil
    put_back(pool, connection.key, connection, keep, age)
    return whole(request, status, reason, version, raw, text), true
end

-- Makes the request with the native `converse`. Returns as `settle` does; or nil, nil, "stale".
local function converse_natively(connection, request, head, whole, expires)
    local timeouts, deadline = request.timeouts, request.deadline
    if deadline and left(nil, deadline) == 0 then return nil, "timeout", "send", false end
    local limits = request.limits
    return settle(connection, expires ~= nil, whole, connection.converse(connection.sock, head, request.method,
        limits.MAXHEADERLINE or huge, limits.MAXHEADERSIZE or huge, request.form or "head", timeouts.send or -1,
        timeouts.first or -1, deadline, expires))
end

-- Whether the native `converse` can send the request: the body, if any, goes with the head.
local function is_short(request)
    local body = request.body
    return not request.source and not request.expect and (not body or #body <= WHOLE)
end

---Makes a request on one connection and receives the head of its response.
---@param request socket.http.exchange.request
---@param whole? function called with request, status, reason, version, header lines and body, when the response is
---complete and neither coded nor a redirect
---@param taken? table a connection from the pool, which is used first
---@param results? table the results of the native `converse` on it, if that was called
---@return socket.http.answer|any|nil answer or what `whole` returned
---@return string|boolean|nil message true for a result of `whole`
---@return string|nil phase "request", "resolve", "connect", "proxy", "tls", "send" or "response"
---@return string|nil why reason of a refused certificate
local function perform(request, whole, taken, results)
    request = complete(request)
    local head, err = request.head, nil
    if not head then head, err = compose(request) end
    if not head then return nil, err, "request" end
    local pool = not request.create and request.pool or nil
    local key = pool and (request.key or pool_key(request))
    local short = is_short(request)
    local text = head
    if short and request.body then text = head .. request.body end
    local fresh = false
    while true do
        local connection = taken or pool and not fresh and pools.take(pool, key, short)
        local reused = connection and true or false
        taken = nil
        local answer, phase, why, unanswered
        if not connection then
            connection, err, phase, why = open(request, pool)
            if not connection then return nil, err, phase, why end
            if not connection.ours then pool = nil end
        end
        prepare(connection, request, pool, key)
        if results then
            answer, err, phase, unanswered = settle(connection, true, whole, unpack(results, 1, 11))
            results = nil
        elseif request.source then
            answer, err, phase, unanswered = guard(connection, pcall(converse, connection, request, head))
        elseif short and connection.converse then
            answer, err, phase, unanswered =
                converse_natively(connection, request, text, whole, reused and connection.expires or nil)
        else
            answer, err, phase, unanswered = converse(connection, request, head)
        end
        if answer then
            if err then return answer, true end
            answer.reused = reused
            return answer
        end
        if phase == "stale" then
            pools.stale(pool, connection)
        else
            local again = reused and unanswered and err ~= "timeout" and not is_cancelled(err)
                and REPEATABLE[request.method] and not request.source
            if not again then return fail(connection, err, phase) end
            connection.sock:close()
            fresh = true
        end
    end
end

exchange.perform = perform

---Makes a request on a kept connection with the native `converse`, if the pool has one. Returns the result of `whole`,
---as in `perform`; without it, the status, the headers, the status line and the body, if present. When that is not
---possible, or there is more to do, returns nil and the results of `perform`.
---@param request socket.http.exchange.request with a pool and a head, without a body
---@param key string the pool key
---@param whole? function
function exchange.kept(request, key, whole)
    local pool = request.pool
    local connection = pools.take(pool, key, true)
    if not connection or not connection.converse then return nil, perform(request, whole, connection) end
    local timeouts, limits, deadline = request.timeouts, request.limits, request.deadline
    if deadline and left(nil, deadline) == 0 then return nil, perform(request, whole, connection) end
    local status, ending, keep, text, raw, reason, version, headers, line, coded, age = connection.converse(connection.sock,
        request.head, request.method, limits.MAXHEADERLINE or huge, limits.MAXHEADERSIZE or huge,
        whole and "title" or "values", timeouts.send or -1, timeouts.first or -1, deadline, connection.expires)
    if not status or not text or coded or status >= 300 and status < 400 then
        return nil, perform(request, whole, connection,
            { status, ending, keep, text, raw, reason, version, headers, line, coded, age })
    end
    pools.used(pool)
    put_back(pool, key, connection, keep, age)
    -- LuaJIT does not compile a tail call that ends in `setmetatable` here
    if whole then return (whole(request, status, reason, version, raw, text)) end
    if ending == "none" then text = nil end
    return status, headers, line, text
end

return exchange
