-- What http_sinks.lua and https_sinks.lua share: bodies of a known length, a server that is a task beside the client,
-- and checks of what the client's sink gets.
local check = require("check")
local ltn12 = require("ltn12")
local socket = require("socket")
local tasks = require("socket.tasks")

local sinks = {}

-- A body of this many numbers.
function sinks.body(count)
    local numbers = {}
    for i = 1, count do numbers[i] = ("%06d,"):format(i) end
    return table.concat(numbers)
end

-- The head of a response whose body has this length.
function sinks.head(length)
    return "HTTP/1.1 200 OK\r\ncontent-length: " .. length .. "\r\n\r\n"
end

-- A text in parts of this size.
function sinks.cut(text, size)
    local parts = {}
    for at = 1, #text, size do parts[#parts + 1] = text:sub(at, at + size - 1) end
    return parts
end

function sinks.sizes(pieces)
    local list = {}
    for i, piece in ipairs(pieces) do list[i] = #piece end
    return list
end

-- The sizes of the pieces that LuaSocket's source makes.
function sinks.expected(text, size) return sinks.sizes(sinks.cut(text, size)) end

-- The differences between each count and the one before.
function sinks.steps(counts)
    local steps = {}
    for i = 2, #counts do steps[i - 1] = counts[i] - counts[i - 1] end
    return steps
end

-- A sink that takes everything.
function sinks.take(chunk, err) return chunk or err or 1 end

-- Reads a request and sends these parts, with a pause after each if there is one.
function sinks.answer(object, parts, pause)
    while (object:receive() or "") ~= "" do end
    for i = 1, #parts do
        if not object:send(parts[i]) then break end
        if pause then socket.sleep(pause) end
    end
end

local pair = {}

-- A client and its server. The fields:
--   url      the server's URL, with %d for the port
--   respond  function(tcp, parts, ending): sends the parts to a new connection and closes it
--   request  the client's function
--   body     the body in the checks
function sinks.pair(fields)
    fields.whole = { sinks.head(#fields.body) .. fields.body }
    return setmetatable(fields, { __index = pair })
end

-- Runs `f(url)` beside a server that sends these parts. `ending` goes to `respond`.
function pair:serve(parts, f, ending)
    return tasks.run(function()
        local server = assert(socket.bind("127.0.0.1", 0))
        local _, port = server:getsockname()
        local task = tasks.start(function()
            local tcp = server:accept()
            while tcp do
                self.respond(tcp, parts, ending)
                tcp = server:accept()
            end
        end)
        local results = { f(self.url:format(port)) }
        server:close()
        task:wait()
        return (table.unpack or unpack)(results, 1, 6) -- luacheck: compat
    end)
end

-- Makes a request with this sink beside a server that sends these parts.
function pair:ask(parts, sink)
    return self:serve(parts, function(url) return self.request({ url = url, sink = sink }) end)
end

-- The body comes in these parts: the sink gets the usual pieces, and ltn12.sink.null gets none.
function pair:check_pieces(name, parts)
    local pieces, arguments = {}, {}
    local ok, code = self:ask(parts, function(...)
        arguments[#arguments + 1] = select("#", ...)
        if (...) then pieces[#pieces + 1] = (...) end
        return 1
    end)
    check.equal(name .. ": succeeds", { ok, code }, { 1, 200 })
    check.ok(name .. ": the body", table.concat(pieces) == self.body)
    check.equal(name .. ": the pieces", sinks.sizes(pieces), sinks.expected(self.body, 2048))
    check.equal(name .. ": one call more at the end", #arguments, #pieces + 1)
    check.equal(name .. ": each with two arguments", { arguments[1], arguments[#arguments] }, { 2, 2 })
    check.equal(name .. ": into nothing", { self:ask(parts, ltn12.sink.null()) },
        { 1, 200, { ["content-length"] = tostring(#self.body) }, "HTTP/1.1 200 OK" })
end

-- BLOCKSIZE is read for each piece that has not arrived yet.
function pair:check_block_sizes()
    local before = socket.BLOCKSIZE
    for _, size in ipairs({ 1000, 8192, 16384, 16385, 1e9 }) do
        socket.BLOCKSIZE = size
        local pieces = {}
        self:ask(self.whole, ltn12.sink.table(pieces))
        check.equal("pieces of " .. size, sinks.sizes(pieces), sinks.expected(self.body, size))
    end
    socket.BLOCKSIZE = before
end

-- A sink that refuses, raises and waits.
function pair:check_unwilling()
    local calls = 0
    check.equal("a sink that refuses", { self:ask(self.whole, function()
        calls = calls + 1
        return nil, "full"
    end) }, { nil, "full" })
    check.equal("is called once", calls, 1)
    local problem = {}
    local ok, got = self:serve(self.whole, function(url)
        return pcall(self.request, { url = url, sink = function() error(problem) end })
    end)
    check.ok("a sink that raises", not ok and rawequal(got, problem))
    local length = 0
    local result = self:ask(self.whole, function(chunk)
        socket.sleep(0)
        length = length + #(chunk or "")
        return 1
    end)
    check.equal("a sink that waits", { result, length }, { 1, #self.body })
end

-- A body that ends too early.
function pair:check_short()
    local got = {}
    self:ask({ sinks.head(#self.body) .. self.body:sub(1, 5000) }, function(chunk, err)
        got[#got + 1] = chunk and #chunk or err
        return 1
    end)
    check.equal("whole pieces, then the reason", got, { 2048, 2048, "closed" })
end

return sinks
