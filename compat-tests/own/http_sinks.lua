-- Bodies of a known length: the sink gets the same pieces, however many bytes arrive at once. ltn12.sink.null gets
-- none. See https_sinks.lua for bodies over TLS.
local check = require("check")
local sinks = require("sinks")
local http = require("socket.http")
local ltn12 = require("ltn12")
local socket = require("socket")
local tasks = require("socket.tasks")

local BODY = sinks.body(20000)
local head, cut = sinks.head, sinks.cut

-- The server waits after each part.
local pair = sinks.pair({ url = "http://127.0.0.1:%d/", request = http.request, body = BODY, respond = function(peer, parts)
    sinks.answer(peer, parts, 0.002)
    peer:close()
end })

local small_parts = cut(BODY, 30011)
table.insert(small_parts, 1, head(#BODY))

for name, parts in pairs({
    ["at once"] = { head(#BODY) .. BODY },
    ["head alone"] = { head(#BODY), BODY },
    ["in small parts"] = small_parts,
    ["in odd parts"] = { head(#BODY) .. BODY:sub(1, 2047), BODY:sub(2048, 2049), BODY:sub(2050, 100000), BODY:sub(100001) },
}) do
    pair:check_pieces(name, parts)
    check.equal(name .. ": without a sink", { (pair:ask(parts)) }, { 1 })
    local into = {}
    pair:ask(parts, ltn12.sink.table(into))
    check.equal(name .. ": ltn12.sink.table", sinks.sizes(into), sinks.expected(BODY, 2048))
end

pair:check_block_sizes()
pair:check_unwilling()
check.equal("without a message", { (pair:ask(pair.whole, function() return nil end)) }, { 1 })
do
    local last
    check.equal("an error at the end", { pair:ask(pair.whole, function(chunk)
        last = chunk
        if chunk then return 1 end
        return nil, "late"
    end) }, { nil, "late" })
    check.equal("comes with nil", last, nil)
end

-- A body that ends too early, and one that stalls.
for how, sink in pairs({ ["a function"] = sinks.take, ["sink.null"] = ltn12.sink.null() }) do
    check.equal(how .. ": a short body", { pair:ask({ head(#BODY) .. BODY:sub(1, 5000) }, sink) }, { nil, "closed" })
    local server = assert(socket.bind("127.0.0.1", 0))
    local _, port = server:getsockname()
    local before = http.TIMEOUT
    http.TIMEOUT = 0.05
    check.equal(how .. ": a body that stalls", { tasks.run(function()
        tasks.start(function()
            local peer = server:accept()
            peer:send(head(#BODY) .. BODY:sub(1, 5000))
            peer:receive("*a")
            peer:close()
        end)
        return http.request({ url = "http://127.0.0.1:" .. port .. "/", sink = sink })
    end) }, { nil, "timeout" })
    http.TIMEOUT = before
    server:close()
end
pair:check_short()

-- The connection belongs to the caller, too: nothing is read ahead of the piece.
do
    local counts = {}
    pair:serve(pair.whole, function(url)
        local client
        return http.request({ url = url, response_headers = function(_, _, _, c) client = c return true end,
            sink = function(chunk)
                if chunk and #counts < 3 then counts[#counts + 1] = (client:getstats()) end
                return 1
            end })
    end)
    check.equal("getstats in a sink", { counts[2] - counts[1], counts[3] - counts[2] }, { 2048, 2048 })
end

-- The program may also get the socket in other ways. Its sink closes it then, as with `create`.
do
    local last
    local real = {
        tcp = socket.tcp, try = socket.try, newtry = socket.newtry, source = socket.source, open = http.open,
        scheme = http.schemes.http, by_length = socket.sourcet["by-length"],
    }
    local function make()
        last = real.tcp()
        return last
    end
    local function keep(object)
        if type(object) == "userdata" then last = object end
    end
    local methods = getmetatable(socket.tcp()).__index
    -- puts a function that keeps the socket in the place of a method; returns what ends this
    local function keep_in(object, name)
        local before = object[name]
        object[name] = function(self, ...)
            keep(type(self) == "table" and self.c or self)
            return before(self, ...)
        end
        return function() object[name] = before end
    end
    local connection
    pair:serve(pair.whole, function(url)
        local h = http.open("127.0.0.1", tonumber(url:match(":(%d+)/")))
        connection = getmetatable(h).__index
        h:close()
    end)
    local ways = {
        ["create"] = { create = make },
        ["socket.tcp"] = { set = function() socket.tcp = make end, reset = function() socket.tcp = real.tcp end },
        ["a scheme's create"] = {
            set = function()
                local create = real.scheme.create
                real.scheme.create = function() return make end
                return function() real.scheme.create = create end
            end,
        },
        ["a scheme"] = {
            set = function() http.schemes.http = { port = 80, create = function() return make end } end,
            reset = function() http.schemes.http = real.scheme end,
        },
        ["a proxy's scheme"] = {
            set = function() http.schemes.other = { port = 80, create = function() return make end } end,
            reset = function() http.schemes.other = nil end,
            proxied = true,
        },
        ["http.open"] = {
            set = function()
                http.open = function(...)
                    local h = real.open(...)
                    last = h.c
                    return h
                end
            end,
            reset = function() http.open = real.open end,
        },
        ["socket.try"] = {
            set = function()
                socket.try = function(...)
                    keep((...))
                    return real.try(...)
                end
            end,
            reset = function() socket.try = real.try end,
        },
        ["socket.newtry"] = {
            set = function()
                socket.newtry = function(finalizer)
                    last = { close = finalizer }
                    return real.newtry(finalizer)
                end
            end,
            reset = function() socket.newtry = real.newtry end,
            no_counts = true,
        },
        ["socket.source"] = {
            set = function()
                socket.source = function(mode, sock, ...)
                    keep(sock)
                    return real.source(mode, sock, ...)
                end
            end,
            reset = function() socket.source = real.source end,
        },
        ["socket.sourcet"] = {
            set = function()
                socket.sourcet["by-length"] = function(sock, ...)
                    keep(sock)
                    return real.by_length(sock, ...)
                end
            end,
            reset = function() socket.sourcet["by-length"] = real.by_length end,
        },
        ["a method of sockets"] = { set = function() return keep_in(methods, "settimeout") end },
        ["a method of connections"] = { set = function() return keep_in(connection, "receiveheaders") end },
    }
    local short = BODY:sub(1, 60000)
    local function ask(way, sink)
        return { pair:serve({ head(#short) .. short }, function(url)
            local fields = { url = url, create = way.create, sink = sink }
            if way.proxied then fields.url, fields.proxy = "http://x/", (url:gsub("^http", "other")) end
            local restore = way.set and way.set() or way.reset
            local result, message = http.request(fields)
            if restore then restore() end
            return result, message
        end) }
    end
    for name, way in pairs(ways) do
        last = nil
        local n = 0
        check.equal(name .. ": a sink that closes the socket", ask(way, function(chunk)
            if chunk then
                n = n + 1
                if n == 5 then last:close() end
            end
            return 1
        end), { nil, "closed" })
        local counts = {}
        if not way.no_counts then
            check.equal(name .. ": a sink that asks the socket", ask(way, function(chunk)
                if chunk then counts[#counts + 1] = (last:getstats()) end
                return 1
            end), { 1, 200 })
            local steps = sinks.expected(short, 2048)
            table.remove(steps, 1)
            check.equal(name .. ": nothing is read ahead", sinks.steps(counts), steps)
        end
    end
end

-- A body up to the end of the connection.
check.equal("without a length, into nothing", { (pair:ask({ "HTTP/1.0 200 OK\r\n\r\n" .. BODY }, ltn12.sink.null())) }, { 1 })

-- Its limit starts again with any data (add.46). The server sends less than a block, for longer than the limit.
do
    local before = http.TIMEOUT
    http.TIMEOUT = 2
    local results = {}
    tasks.run(function()
        local running = {}
        for name, sink in pairs({ ["a function"] = sinks.take, ["sink.null"] = ltn12.sink.null(), ["no sink"] = false }) do
            local server = assert(socket.bind("127.0.0.1", 0))
            local _, port = server:getsockname()
            running[#running + 1] = tasks.start(function()
                local peer = server:accept()
                server:close()
                while (peer:receive() or "") ~= "" do end
                peer:send("HTTP/1.0 200 OK\r\n\r\n")
                for _ = 1, 50 do
                    if not peer:send("tick") then break end
                    socket.sleep(0.05)
                end
                peer:close()
            end)
            running[#running + 1] = tasks.start(function()
                results[name] = { http.request({ url = "http://127.0.0.1:" .. port .. "/", sink = sink or nil }) }
            end)
        end
        for _, task in ipairs(running) do task:wait() end
    end)
    http.TIMEOUT = before
    for name, result in pairs(results) do
        check.equal(name .. ": slow data without a length", { result[1], result[2] }, { 1, 200 })
    end
end

-- Functions that the program has replaced are called.
do
    local steps, all = 0, ltn12.pump.all
    pair:serve(pair.whole, function(url)
        return http.request({ url = url, step = function(source, sink)
            steps = steps + 1
            return ltn12.pump.step(source, sink)
        end })
    end)
    check.equal("a step of the program's own", steps, #cut(BODY, 2048) + 1)
    local pumps = 0
    ltn12.pump.all = function(...) pumps = pumps + 1 return all(...) end -- luacheck: ignore 122
    pair:ask(pair.whole, ltn12.sink.null())
    ltn12.pump.all = all -- luacheck: ignore 122
    check.equal("a pump of the program's own", pumps, 1)
end

check.done()
