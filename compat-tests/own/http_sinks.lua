-- Bodies of a known length: the sink gets the same pieces, however many bytes arrive at once. ltn12.sink.null gets
-- none. The server is a task beside the client.
local check = require("check")
local http = require("socket.http")
local ltn12 = require("ltn12")
local socket = require("socket")
local tasks = require("socket.tasks")

local BODY = {}
for i = 1, 20000 do BODY[i] = ("%06d,"):format(i) end
BODY = table.concat(BODY)

-- Runs `f(url)` beside a server that sends a head and then `parts`, with a wait after each part.
local function serve(parts, f)
    return tasks.run(function()
        local server = assert(socket.bind("127.0.0.1", 0))
        local _, port = server:getsockname()
        local task = tasks.start(function()
            local peer = server:accept()
            while peer do
                while (peer:receive() or "") ~= "" do end
                for i = 1, #parts do
                    if not peer:send(parts[i]) then break end
                    socket.sleep(0.002)
                end
                peer:close()
                peer = server:accept()
            end
        end)
        local results = { f("http://127.0.0.1:" .. port .. "/") }
        server:close()
        task:wait()
        return (table.unpack or unpack)(results, 1, 6) -- luacheck: compat
    end)
end

local function head(length)
    return "HTTP/1.1 200 OK\r\ncontent-length: " .. length .. "\r\n\r\n"
end

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

-- The pieces that LuaSocket's source makes.
local function expected(text, size) return sizes(cut(text, size)) end

local small_parts = cut(BODY, 30011)
table.insert(small_parts, 1, head(#BODY))

for name, parts in pairs({
    ["at once"] = { head(#BODY) .. BODY },
    ["head alone"] = { head(#BODY), BODY },
    ["in small parts"] = small_parts,
    ["in odd parts"] = { head(#BODY) .. BODY:sub(1, 2047), BODY:sub(2048, 2049), BODY:sub(2050, 100000), BODY:sub(100001) },
}) do
    local pieces, arguments = {}, {}
    local ok, code = serve(parts, function(url)
        return http.request({ url = url, sink = function(...)
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
        return http.request({ url = url, sink = ltn12.sink.null() })
    end) }, { 1, 200, { ["content-length"] = tostring(#BODY) }, "HTTP/1.1 200 OK" })
    check.equal(name .. ": without a sink", { (serve(parts, function(url) return http.request({ url = url }) end)) }, { 1 })
    local into = {}
    serve(parts, function(url) return http.request({ url = url, sink = ltn12.sink.table(into) }) end)
    check.equal(name .. ": ltn12.sink.table", sizes(into), expected(BODY, 2048))
end

local whole = { head(#BODY) .. BODY }

-- BLOCKSIZE is read for each piece that has not arrived yet.
do
    local before = socket.BLOCKSIZE
    for _, size in ipairs({ 1000, 8192, 16384, 16385, 1e9 }) do
        socket.BLOCKSIZE = size
        local pieces = {}
        serve(whole, function(url) return http.request({ url = url, sink = ltn12.sink.table(pieces) }) end)
        check.equal("pieces of " .. size, sizes(pieces), expected(BODY, size))
    end
    socket.BLOCKSIZE = before
end

-- A sink that refuses, raises, yields and waits.
do
    local calls = 0
    local function refuse() calls = calls + 1 return nil, "full" end
    check.equal("a sink that refuses", { serve(whole, function(url) return http.request({ url = url, sink = refuse }) end) },
        { nil, "full" })
    check.equal("is called once", calls, 1)
    check.equal("without a message", { (serve(whole, function(url)
        return http.request({ url = url, sink = function() return nil end })
    end)) }, { 1 })
    local problem = {}
    local ok, got = serve(whole, function(url)
        return pcall(http.request, { url = url, sink = function() error(problem) end })
    end)
    check.ok("a sink that raises", not ok and rawequal(got, problem))
    local length = 0
    local result = serve(whole, function(url)
        return http.request({ url = url, sink = function(chunk)
            socket.sleep(0)
            length = length + #(chunk or "")
            return 1
        end })
    end)
    check.equal("a sink that waits", { result, length }, { 1, #BODY })
    local last
    check.equal("an error at the end", { serve(whole, function(url)
        return http.request({ url = url, sink = function(chunk)
            last = chunk
            if chunk then return 1 end
            return nil, "late"
        end })
    end) }, { nil, "late" })
    check.equal("comes with nil", last, nil)
end

-- A body that ends too early, and one that stalls.
for how, sink in pairs({ ["a function"] = function() return function(chunk, err) return chunk or err or 1 end end,
    ["sink.null"] = ltn12.sink.null }) do
    check.equal(how .. ": a short body", { serve({ head(#BODY) .. BODY:sub(1, 5000) }, function(url)
        return http.request({ url = url, sink = sink() })
    end) }, { nil, "closed" })
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
        return http.request({ url = "http://127.0.0.1:" .. port .. "/", sink = sink() })
    end) }, { nil, "timeout" })
    http.TIMEOUT = before
    server:close()
end
do
    local got = {}
    serve({ head(#BODY) .. BODY:sub(1, 5000) }, function(url)
        return http.request({ url = url, sink = function(chunk, err)
            got[#got + 1] = chunk and #chunk or err
            return 1
        end })
    end)
    check.equal("whole pieces, then the reason", got, { 2048, 2048, "closed" })
end

-- The connection belongs to the caller, too: nothing is read ahead of the piece.
do
    local counts = {}
    serve(whole, function(url)
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
    serve(whole, function(url)
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
        return { serve({ head(#short) .. short }, function(url)
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
            local steps = {}
            for i = 2, #counts do steps[i - 1] = counts[i] - counts[i - 1] end
            check.equal(name .. ": nothing is read ahead", steps, { (table.unpack or unpack)(expected(short, 2048), 2) })
        end
    end
end

-- A body up to the end of the connection.
check.equal("without a length, into nothing", { serve({ "HTTP/1.0 200 OK\r\n\r\n" .. BODY }, function(url)
    return (http.request({ url = url, sink = ltn12.sink.null() }))
end) }, { 1 })

-- Its limit starts again with any data (add.46). The server sends less than a block, for longer than the limit.
do
    local before = http.TIMEOUT
    http.TIMEOUT = 2
    local results = {}
    tasks.run(function()
        local running = {}
        for name, sink in pairs({
            ["a function"] = function(chunk, err) return chunk or err or 1 end, ["sink.null"] = ltn12.sink.null(),
            ["no sink"] = false,
        }) do
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
    serve(whole, function(url)
        return http.request({ url = url, step = function(source, sink)
            steps = steps + 1
            return ltn12.pump.step(source, sink)
        end })
    end)
    check.equal("a step of the program's own", steps, #cut(BODY, 2048) + 1)
    local pumps = 0
    ltn12.pump.all = function(...) pumps = pumps + 1 return all(...) end -- luacheck: ignore 122
    serve(whole, function(url) return http.request({ url = url, sink = ltn12.sink.null() }) end)
    ltn12.pump.all = all -- luacheck: ignore 122
    check.equal("a pump of the program's own", pumps, 1)
end

check.done()
