-- needs: certs
-- Bodies over TLS: the sink gets the same pieces, however the server cuts its records. ltn12.sink.null gets none. See
-- http_sinks.lua for bodies without TLS.
local check = require("check")
local sinks = require("sinks")
local tls = require("tls")
local http = require("socket.http")
local https = require("ssl.https")
local ltn12 = require("ltn12")
local ssl = require("ssl")
local socket = require("socket")

local CERTS = tls.certificates
https.cfg.cafile = CERTS .. "ca.crt"

local BODY = sinks.body(40000)
local head, cut = sinks.head, sinks.cut

local context = assert(ssl.newcontext(tls.server()))

-- The objects of the server.
local at_server = setmetatable({}, { __mode = "k" })

-- The server ends a connection in the given way, if there is one.
local pair = sinks.pair({ url = "https://localhost:%d/", request = https.request, body = BODY, respond = function(tcp, parts, ending)
    local object = assert(ssl.wrap(tcp, context))
    at_server[object] = true
    if object:dohandshake() then sinks.answer(object, parts) end
    if ending then ending(object) end
    object:close()
end })

local ways = { ["at once"] = { head(#BODY) .. BODY }, ["head alone"] = { head(#BODY), BODY } }
for _, size in ipairs({ 1000, 2048, 5001, 8193, 16384, 30011 }) do
    local parts = cut(BODY, size)
    table.insert(parts, 1, head(#BODY))
    ways["in parts of " .. size] = parts
end
for name, parts in pairs(ways) do
    pair:check_pieces(name, parts)
    local body, code = pair:serve(parts, https.request)
    check.ok(name .. ": as a string", body == BODY and code == 200, code)
    check.ok(name .. ": by socket.http", pair:serve(parts, function(url)
        local into = {}
        http.request({ url = url, cafile = CERTS .. "ca.crt", sink = ltn12.sink.table(into) })
        return table.concat(into)
    end) == BODY)
end

pair:check_block_sizes()
pair:check_unwilling()

-- A body that ends too early, with and without close_notify, and one that stalls.
local listener = assert(socket.bind("127.0.0.1", 0))
local function cut_off(object)
    local address, port = listener:getsockname()
    local plain = assert(socket.connect(address, port))
    local own = plain:getfd()
    plain:setfd(object:getfd())
    plain:shutdown("both")
    plain:setfd(own)
    plain:close()
end
local function stall(object) object:receive("*a") end
for kind, sink in pairs({ ["a function"] = sinks.take, ["sink.null"] = ltn12.sink.null(), ["a string"] = false }) do
    for _, length in ipairs({ 5000, 40000 }) do
        local short = { head(#BODY) .. BODY:sub(1, length) }
        local function ask(ending)
            return { pair:serve(short, function(url)
                return https.request(sink and { url = url, sink = sink } or url)
            end, ending) }
        end
        local label = kind .. ", " .. length .. " bytes"
        check.equal(label .. ": then close_notify", ask(), { nil, "closed" })
        check.equal(label .. ": then cut", ask(cut_off), { nil, "unexpected eof while reading" })
        local before = https.TIMEOUT
        https.TIMEOUT = 0.3
        check.equal(label .. ": then nothing", ask(stall), { nil, "timeout" })
        https.TIMEOUT = before
    end
end
pair:check_short()

-- Without a length, the body ends with close_notify.
for kind, make in pairs({ ["sink.null"] = ltn12.sink.null, ["sink.table"] = ltn12.sink.table }) do
    local endless = { "HTTP/1.0 200 OK\r\n\r\n" .. BODY }
    local function ask(ending)
        return { (pair:serve(endless, function(url) return https.request({ url = url, sink = make() }) end, ending)) }
    end
    check.equal(kind .. ": without a length", ask(), { 1 })
    check.equal(kind .. ": without a length, cut", ask(cut_off), {})
end

listener:close()

-- The program may get the object. Then nothing is read ahead of the piece that its sink gets.
do
    local last
    local methods
    local function keep(object)
        if not at_server[object] then last = object end
        return object
    end
    do
        local plain = assert(socket.tcp())
        local object = assert(ssl.wrap(plain, tls.client()))
        methods = getmetatable(object).__index
        object:close()
    end
    local function keep_in(name)
        local before = methods[name]
        methods[name] = function(self, ...) return before(keep(self), ...) end
        return function() methods[name] = before end
    end
    local maker = https.tcp({ cafile = CERTS .. "ca.crt" })
    local getters = {
        ["create"] = { fields = { create = function() return keep((maker())) end } },
        ["response_headers"] = { fields = { response_headers = function(_, _, _, c) return keep(c) and true end } },
    }
    for _, name in ipairs({ "dohandshake", "receive", "send", "settimeout", "sni" }) do
        getters["the method " .. name] = { set = function() return keep_in(name) end }
    end
    local short = BODY:sub(1, 60000)
    for name, way in pairs(getters) do
        local counts = {}
        local restore = way.set and way.set()
        local result = pair:serve({ head(#short) .. short }, function(url)
            local fields = { url = url, cafile = CERTS .. "ca.crt", sink = function(chunk)
                if chunk then counts[#counts + 1] = (last:getstats()) end
                return 1
            end }
            for field, value in pairs(way.fields or {}) do fields[field] = value end
            return (http.request(fields))
        end)
        if restore then restore() end
        local steps = sinks.expected(short, 2048)
        table.remove(steps, 1)
        check.equal(name .. ": nothing is read ahead", { result, sinks.steps(counts) }, { 1, steps })
    end
end

check.done()
