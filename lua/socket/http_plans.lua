-- Remembers the plans of plain requests that are made often: to prepare one costs more than to send it. Internal to
-- socket.http.
local socket = require("socket")
local url = require("socket.url")
local headers = require("socket.headers")
local served = require("socket.http_schemes")
local schemes = served.schemes

local getmetatable, next, rawget, setmetatable, type = getmetatable, next, rawget, setmetatable, type

local plans = {}

-- Keeps alive no function that a program has put in the place of another one.
local WEAK = { __mode = "v" }

-- Fields of a request table that do not change the bytes to send.
local PLAIN = {
    url = true, pool = true, sink = true, step = true, target = true, deadline = true, maxbody = true, retries = true,
    redirect = true, maxredirects = true, response_headers = true, headerlist = true,
}

-- Those of them that do not change how the response is received, either.
local QUICK = {
    url = true, pool = true, sink = true, redirect = true, maxredirects = true,
}

local MOST = 100
local known, count = {}, 0

-- Whether the plan of a request depends on its URL and the settings alone.
local function is_plain(settings, reqt, found, fields)
    if not found.pool or found.decode or found.jar or found.auth or found.download or found.noproxy then return false end
    if settings.PROXY or type(reqt.url) ~= "string" or getmetatable(reqt) then return false end
    for name in next, reqt do
        if not fields[name] then return false end
    end
    return true
end

-- The values that a plan depends on, besides the URL. Programs may change all of them.
local function settings_of(settings)
    local scheme, canonic = schemes.http, headers.canonic
    return setmetatable({
        agent = settings.USERAGENT, scheme = scheme, create = scheme.create, port = scheme.port, parse = url.parse,
        build = url.build, tcp = socket.tcp, canonic = canonic, for_agent = canonic["user-agent"], for_host = canonic.host,
        for_connection = canonic.connection, for_te = canonic.te,
    }, WEAK)
end

local function is_current(seen, settings)
    local scheme, canonic = schemes.http, headers.canonic
    return seen.agent == settings.USERAGENT and seen.scheme == scheme and seen.create == scheme.create
        and seen.port == scheme.port and seen.parse == url.parse and seen.build == url.build and seen.tcp == socket.tcp
        and seen.canonic == canonic and seen.for_agent == canonic["user-agent"] and seen.for_host == canonic.host
        and seen.for_connection == canonic.connection and seen.for_te == canonic.te
end

---The remembered plan of a request, or nil.
---@param settings socket.http
---@param reqt table
---@param found socket.http.powers
---@return socket.http.plan|nil
function plans.find(settings, reqt, found)
    local entry = known[reqt.url]
    if not entry or not is_plain(settings, reqt, found, PLAIN) or not is_current(entry.seen, settings) then
        return nil
    end
    local request = setmetatable({}, entry.request)
    for name, value in next, reqt do request[name] = value end
    found.asked = false
    local kept = entry.plan
    return {
        given = reqt, request = request, given_port = kept.given_port, route = kept.route, method = kept.method,
        uri = kept.uri, headers = kept.headers, head = kept.head, line = kept.line, known = true,
    }
end

---A remembered plan, for a request that needs nothing but a connection from a pool: no body, no proxy, no callback but
---its sink. Nil for others.
---@param settings socket.http
---@param reqt table|string
---@return table|nil entry has the plan
---@return any pool
function plans.quick(settings, reqt)
    local pool = settings.POOL
    local entry
    if type(reqt) == "table" then
        entry = known[rawget(reqt, "url")]
        if not entry or getmetatable(reqt) then return nil end
        for name, value in next, reqt do
            if not QUICK[name] then return nil end
            if name == "pool" then
                pool = value
            elseif name == "sink" and value and type(value) ~= "function" then
                return nil
            end
        end
    else
        entry = known[reqt]
    end
    if not (entry and pool) or settings.DECODE or settings.JAR or settings.DEADLINE or settings.MAXBODY
        or settings.RETRIES or settings.PROXY or not is_current(entry.seen, settings) then
        return nil
    end
    return entry, pool
end

---Remembers the plan of a request.
---@param settings socket.http
---@param reqt table
---@param found socket.http.powers
---@param plan socket.http.plan
function plans.remember(settings, reqt, found, plan)
    local request = plan.request
    -- the program's own scheme may make another socket each time
    if schemes.http.create ~= served.plain_create then return end
    -- credentials are not remembered
    if request.scheme ~= "http" or request.user or request.password or plan.route.foreign
        or not is_plain(settings, reqt, found, PLAIN) then
        return
    end
    if not known[reqt.url] then
        if count >= MOST then known, count = {}, 0 end
        count = count + 1
    end
    local parts = {}
    for name, value in next, request do
        if reqt[name] == nil then parts[name] = value end
    end
    local kept = {
        given_port = plan.given_port, route = { foreign = false }, method = plan.method, uri = plan.uri, headers = plan.headers,
        head = plan.head, line = plan.line, request = parts, known = true,
    }
    known[reqt.url] = { plan = kept, request = { __index = parts }, seen = settings_of(settings) }
end

return plans
