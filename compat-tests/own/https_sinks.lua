-- needs: certs
-- Bodies over TLS: the sink gets the same pieces, however the server cuts its records. ltn12.sink.null gets none. The
-- server is a task beside the client. See http_sinks.lua for bodies without TLS.
local check = require("check")
local tls = require("tls")
local http = require("socket.http")
local https = require("ssl.https")
local ltn12 = require("ltn12")
local ssl = require("ssl")
local socket = require("socket")
local tasks = require("socket.tasks")

local unpack = table.unpack or unpack -- luacheck: compat
local CERTS = tls.certificates
https.cfg.cafile = CERTS .. "ca.crt"

local BODY = {}
for i = 1, 40000 do BODY[i] = ("%06d,"):format(i) end
BODY = table.concat(BODY)

local context = assert(ssl.newcontext({
    mode = "server", protocol = "any", certificate = CERTS .. "good.pem", key = CERTS .. "good.key",
}))

-- The objects of the server.
local at_server = setmetatable({}, { __mode = "k" })

-- Runs `f(url)` beside a server that sends these parts, and then ends in this way.
local function serve(parts, f, ending)
    return tasks.run(function()
        local server = assert(socket.bind("127.0.0.1", 0))
        local _, port = server:getsockname()
        local task = tasks.start(function()
            local peer = server:accept()
            while peer do
                local object = assert(ssl.wrap(peer, context))
                at_server[object] = true
                if object:dohandshake() then
                    while (object:receive() or "") ~= "" do end
                    for i = 1, #parts do
                        if not object:send(parts[i]) then break end
                    end
                end
                if ending then ending(object) end
                object:close()
                peer = server:accept()
            end
        end)
        local results = { f(("https://localhost:%d/"):format(port)) }
        server:close()
        task:wait()
        return unpack(results, 1, 6)
    end)
end

local function head(length) return "HTTP/1.1 200 OK\r\ncontent-length: " .. length .. "\r\n\r\n" end

local function cut(text, size)
    local parts = {}
    for at = 1, #text, size do parts[#parts + 1] = text:sub(at, at + size - 1) end
    return parts
end

local function sizes(pieces)
    local list = {}
    for i, piece in ipairs(pieces) do list[i] = #piece end
    return list
end

local function expected(text, size) return sizes(cut(text, size)) end

local ways = { ["at once"] = { head(#BODY) .. BODY }, ["head alone"] = { head(#BODY), BODY } }
for _, size in ipairs({ 1000, 2048, 5001, 8193, 16384, 30011 }) do
    local parts = cut(BODY, size)
    table.insert(parts, 1, head(#BODY))
    ways["in parts of " .. size] = parts
end
for name, parts in pairs(ways) do
    local pieces, arguments = {}, {}
    local ok, code = serve(parts, function(url)
        return https.request({ url = url, sink = function(...)
            arguments[#arguments + 1] = select("#", ...)
            if (...) then pieces[#pieces + 1] = (...) end
            return 1
        end })
    end)
    check.equal(name .. ": succeeds", { ok, code }, { 1, 200 })
    check.ok(name .. ": the body", table.concat(pieces) == BODY)
    check.equal(name .. ": the pieces", sizes(pieces), expected(BODY, 2048))
    check.equal(name .. ": one call more at the end", #arguments, #pieces + 1)
    check.equal(name .. ": each with two arguments", { arguments[1], arguments[#arguments] }, { 2, 2 })
    check.equal(name .. ": into nothing", { serve(parts, function(url)
        return https.request({ url = url, sink = ltn12.sink.null() })
    end) }, { 1, 200, { ["content-length"] = tostring(#BODY) }, "HTTP/1.1 200 OK" })
    local body
    body, code = serve(parts, https.request)
    check.ok(name .. ": as a string", body == BODY and code == 200, code)
    check.ok(name .. ": by socket.http", serve(parts, function(url)
        local into = {}
        http.request({ url = url, cafile = CERTS .. "ca.crt", sink = ltn12.sink.table(into) })
        return table.concat(into)
    end) == BODY)
end

local whole = { head(#BODY) .. BODY }

do
    local before = socket.BLOCKSIZE
    for _, size in ipairs({ 1000, 8192, 16384, 16385, 1e9 }) do
        socket.BLOCKSIZE = size
        local pieces = {}
        serve(whole, function(url) return https.request({ url = url, sink = ltn12.sink.table(pieces) }) end)
        check.equal("pieces of " .. size, sizes(pieces), expected(BODY, size))
    end
    socket.BLOCKSIZE = before
end

-- A sink that refuses, raises and waits.
do
    local calls = 0
    local function refuse() calls = calls + 1 return nil, "full" end
    check.equal("a sink that refuses", { serve(whole, function(url) return https.request({ url = url, sink = refuse }) end) },
        { nil, "full" })
    check.equal("is called once", calls, 1)
    local problem = {}
    local ok, got = serve(whole, function(url)
        return pcall(https.request, { url = url, sink = function() error(problem) end })
    end)
    check.ok("a sink that raises", not ok and rawequal(got, problem))
    local length = 0
    local result = serve(whole, function(url)
        return https.request({ url = url, sink = function(chunk)
            socket.sleep(0)
            length = length + #(chunk or "")
            return 1
        end })
    end)
    check.equal("a sink that waits", { result, length }, { 1, #BODY })
end

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
for kind, make in pairs({
    ["a function"] = function() return function(chunk, err) return chunk or err or 1 end end,
    ["sink.null"] = ltn12.sink.null,
    ["a string"] = false,
}) do
    for _, length in ipairs({ 5000, 40000 }) do
        local short = { head(#BODY) .. BODY:sub(1, length) }
        local function ask(ending)
            return { serve(short, function(url)
                if not make then return https.request(url) end
                return https.request({ url = url, sink = make() })
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
do
    local got = {}
    serve({ head(#BODY) .. BODY:sub(1, 5000) }, function(url)
        return https.request({ url = url, sink = function(chunk, err)
            got[#got + 1] = chunk and #chunk or err
            return 1
        end })
    end)
    check.equal("whole pieces, then the reason", got, { 2048, 2048, "closed" })
end

-- Without a length, the body ends with close_notify.
for kind, make in pairs({ ["sink.null"] = ltn12.sink.null, ["sink.table"] = ltn12.sink.table }) do
    local endless = { "HTTP/1.0 200 OK\r\n\r\n" .. BODY }
    local function ask(ending)
        return { (serve(endless, function(url) return https.request({ url = url, sink = make() }) end, ending)) }
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
        local result = serve({ head(#short) .. short }, function(url)
            local fields = { url = url, cafile = CERTS .. "ca.crt", sink = function(chunk)
                if chunk then counts[#counts + 1] = (last:getstats()) end
                return 1
            end }
            for field, value in pairs(way.fields or {}) do fields[field] = value end
            return (http.request(fields))
        end)
        if restore then restore() end
        local steps = {}
        for i = 2, #counts do steps[i - 1] = counts[i] - counts[i - 1] end
        check.equal(name .. ": nothing is read ahead", { result, steps }, { 1, { unpack(expected(short, 2048), 2) } })
    end
end

check.done()
