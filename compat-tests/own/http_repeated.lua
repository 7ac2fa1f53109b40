-- not on: lua5.2, lua5.3
-- A request with `pool` that is repeated is made with less work. Its results, and what its sink sees, stay the same.
local check = require("check")
local peer = require("peer")
local http = require("socket.http")
local ltn12 = require("ltn12")
local socket = require("socket")
local headers = require("socket.headers")

http.TIMEOUT = 20

-- A server that keeps connections. The path selects the answer; /count is followed by the connection's number.
local server = peer.lua([[
local socket = require("socket")
local OK = "HTTP/1.1 200 OK\r\n"
local answers = {
    body = { OK .. "Content-Length: 5\r\nX-A: 1\r\n\r\nhello" },
    late = { OK .. "Content-Length: 5\r\n\r\n", "hello" },
    large = { OK .. "Content-Length: 100000\r\n\r\n", ("x"):rep(100000) },
    chunks = { OK .. "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Trailer: t\r\n\r\n" },
    twice = { OK .. "Set-Cookie: a=1\r\nset-cookie: b=2\r\nContent-Length: 2\r\n\r\nok" },
    long = { OK .. ("n"):rep(80) .. ": v\r\nContent-Length: 2\r\n\r\nok" },
    blanks = { OK .. "X-A:  \t two \t\r\nX-B:\r\nContent-Length: 2\r\n\r\nok" },
    folded = { OK .. "X-A: one\r\n two\r\nContent-Length: 2\r\n\r\nok" },
    interim = { "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" .. OK .. "Content-Length: 2\r\n\r\nok" },
    none = { "HTTP/1.1 204 No Content\r\n\r\n" },
    empty = { OK .. "Content-Length: 0\r\n\r\n" },
    missing = { "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone" },
    moved = { "HTTP/1.1 302 Found\r\nLocation: /body\r\nContent-Length: 2\r\n\r\nno" },
    coded = { OK .. "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc" },
    last = { OK .. "Connection: close\r\nContent-Length: 2\r\n\r\nok" },
    hint = { OK .. "Keep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nok" },
    older = { "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok" },
    broken = { OK .. "no colon\r\n\r\n" },
    cut = { OK .. "Content-Length: 5\r\n\r\nhel", false },
    silent = { false },
}
local listener = assert(socket.bind("127.0.0.1", 0))
print((select(2, listener:getsockname())))
local clients, number, numbers = { listener }, 0, {}
while true do
    local ready = socket.select(clients, nil, 60)
    if not ready[1] then return end
    for _, c in ipairs(ready) do
        if c == listener then
            local client = listener:accept()
            number = number + 1
            numbers[client] = number
            clients[#clients + 1] = client
        else
            local line, agent = c:receive(), ""
            local field = line
            while field and field ~= "" do
                field = c:receive()
                agent = field and field:match("^User%-Agent: (.*)") or agent
            end
            local name = line and line:match("^%S+ /([^%s?]*)")
            if name == "stop" then return end
            local answer = answers[name]
            if name == "count" or name == "agent" or name == "open" then
                local body = name == "agent" and agent or tostring(name == "open" and #clients - 1 or numbers[c])
                answer = { OK .. "Content-Length: " .. #body .. "\r\n\r\n" .. body }
            end
            for _, piece in ipairs(answer or { false }) do
                if piece then c:send(piece) else line = nil end
            end
            if not line then
                c:close()
                for i = #clients, 1, -1 do if clients[i] == c then table.remove(clients, i) end end
            end
        end
    end
end
]])
local base = "http://127.0.0.1:" .. server.port

local NAMES = {
    "body", "late", "large", "chunks", "twice", "long", "blanks", "folded", "interim", "none", "empty", "missing", "moved",
    "coded", "last", "hint", "older", "broken", "cut", "silent",
}

-- Those after which the connection is not kept.
local CLOSED = { folded = true, last = true, hint = true, older = true, broken = true, cut = true, silent = true }

-- Makes a request. Returns all results, how many there are, and the sink's calls; of a large body all of it as one.
local function observe(fields)
    local calls = {}
    local is_large = fields.url:find("large") ~= nil
    local reqt = { sink = function(...)
        local last = calls[#calls]
        if is_large and last and last[2] and ... then
            last[2] = last[2] .. ...
        else
            calls[#calls + 1] = { select("#", ...), ... }
        end
        return 1
    end }
    for name, value in pairs(fields) do reqt[name] = value end
    local function gather(...) return { n = select("#", ...), ... } end
    return { results = gather(http.request(reqt)), calls = calls }
end

-- A remembered plan keeps alive nothing of the program's.
local function collect()
    -- compiled code of LuaJIT keeps functions alive
    if rawget(_G, "jit") then jit.flush() end
    collectgarbage()
    collectgarbage()
end
local url = require("socket.url")
for times = 1, 3 do
    local gone = setmetatable({}, { __mode = "v" })
    do
        local parse, tcp = url.parse, socket.tcp
        local function other_parse(...) return times and parse(...) end
        local function other_tcp() return times and tcp() end
        local own = http.pool()
        local function sink() return times end
        local headerlist, target = {}, {}
        gone.pool, gone.sink, gone.parse, gone.tcp = own, sink, other_parse, other_tcp
        gone.headerlist, gone.target = headerlist, target
        for way = 1, 3 do
            if way == 2 then url.parse, socket.tcp = other_parse, other_tcp end
            for _ = 1, times do
                assert(http.request({ url = base .. "/body?" .. way, pool = own, sink = sink }))
                assert(http.request({ url = base .. "/body?" .. way, pool = own, headerlist = headerlist, target = target }))
            end
            url.parse, socket.tcp = parse, tcp
        end
    end
    collect()
    check.equal("the program's things are gone: " .. times, next(gone), nil)
    -- and the pool's connections are closed
    local alone, open = http.pool(), nil
    for _ = 1, 1000 do
        local got = {}
        assert(http.request({ url = base .. "/open", pool = alone, sink = (ltn12.sink.table(got)) }))
        open = table.concat(got)
        if open == "1" then break end
    end
    check.equal("a pool that is gone has no connection: " .. times, open, "1")
    alone:close()
end

for _, name in ipairs(NAMES) do
    local pool = http.pool()
    local first = observe({ url = base .. "/" .. name, pool = pool })
    local again = {}
    -- with a field that the quick way does not take, the usual one is taken
    again[1] = observe({ url = base .. "/" .. name, pool = pool, maxbody = 1e9 })
    for i = 2, 4 do again[i] = observe({ url = base .. "/" .. name, pool = pool }) end
    check.equal(name .. ": repeated", again, { first, first, first, first })
    local counts = pool:stats()
    local kept = not CLOSED[name]
    check.equal(name .. ": connections", { counts.made > 1, counts.idle }, { not kept, kept and 1 or 0 })
    -- the string form
    http.POOL = pool
    local whole = { http.request(base .. "/" .. name) }
    check.equal(name .. ": as a string", { whole, { http.request(base .. "/" .. name) } }, { whole, whole })
    http.POOL = nil
end

-- The results and the errors of a sink.
local function sinking(sink, step)
    local pool = http.pool()
    local function once() return { pcall(http.request, { url = base .. "/body", pool = pool, sink = sink, step = step }) } end
    local first, second, third = once(), once(), once()
    check.equal("a sink, repeated", { second, third, pool:stats().idle }, { first, first, 1 })
    return third
end
check.equal("a sink that refuses", sinking(function() return nil, "full" end), { true, nil, "full" })
check.equal("a sink that stops", sinking(function() return nil end)[2], 1)
check.equal("a sink that fails at the end", sinking(function(piece)
    if piece then return 1 end
    return nil, "at the end"
end), { true, nil, "at the end" })
check.equal("a sink that raises", sinking(function() error("boom", 0) end), { false, "boom" })
check.equal("a sink that raises an exception", sinking(function() socket.try(nil, "tried") end), { true, nil, "tried" })
check.raises("a sink that is none", "bad field 'sink'", http.request, { url = base .. "/body", pool = true, sink = 7 })
check.raises("a pool of the wrong type", "pool expected", http.request, { url = base .. "/body", pool = "x" })
local ok, code = http.request({ url = base .. "/body", pool = true })
check.equal("no sink", { ok, code }, { 1, 200 })

-- A sink that makes the same request.
local pool = http.pool()
local inner
local function nested()
    local outer = {}
    http.request({ url = base .. "/body", pool = pool, sink = function(piece)
        if piece then inner = http.request({ url = base .. "/body", pool = pool, sink = (ltn12.sink.null()) }) end
        outer[#outer + 1] = piece
        return 1
    end })
    return outer[1]
end
check.equal("a request within a sink", { nested(), nested(), inner }, { "hello", "hello", 1 })

-- Changes that a program makes count at once.
local function agent() return (select(2, pcall(function()
    local got = {}
    assert(http.request({ url = base .. "/agent", pool = pool, sink = (ltn12.sink.table(got)) }))
    return table.concat(got)
end))) end
local usual = agent()
check.equal("the usual agent", agent(), usual)
http.USERAGENT = "other"
check.equal("USERAGENT", agent(), "other")
http.USERAGENT = usual
headers.canonic["user-agent"] = "X-Agent"
check.equal("the spelling of a header", agent(), "")
headers.canonic["user-agent"] = "User-Agent"
check.equal("and back", agent(), usual)
local all, seen = ltn12.pump.all, 0
ltn12.pump.all = function(...)
    seen = seen + 1
    return all(...)
end
check.equal("ltn12.pump.all", { agent(), agent(), seen }, { usual, usual, 2 })
ltn12.pump.all = all
http.PROXY = "http://127.0.0.1:1"
check.equal("PROXY", agent():match("[^:]*$"), " connection refused")
http.PROXY = nil
http.MAXHEADERSIZE = 10
check.equal("MAXHEADERSIZE", agent():match("[^:]*$"), " oversized")
http.MAXHEADERSIZE = 262144
http.MAXBODY = 3
check.equal("MAXBODY", agent():match("[^:]*$"), " oversized")
http.MAXBODY = nil
check.equal("all as before", agent(), usual)
local with_metatable = setmetatable({ url = base .. "/count", pool = pool, sink = ltn12.sink.null() }, { __index = { method = "POST" } })
check.equal("an inherited field", (select(2, http.request(with_metatable))), 200)
http.request(base .. "/stop")
check.done()
