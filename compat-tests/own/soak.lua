-- Many requests, connections and yields leave nothing behind: the number of descriptors and the memory stay flat. The
-- default is 2,000 requests, 2,000 connections and 10,000 yields. SOAK=50 in the environment multiplies the first two
-- by fifty. SOAK_FIGURES names a file for the figures.
-- needs: nginx, certs
-- time limit: 3600
require("interposed").within("", "heap")
local check = require("check")
local footprint = require("footprint")
local peer = require("peer")
local socket = require("socket")
local http = require("socket.http")
local https = require("ssl.https")
local ltn12 = require("ltn12")

local TIMES = tonumber(os.getenv("SOAK")) or 1
local REQUESTS, CONNECTIONS, YIELDS = 2000 * TIMES, 2000 * TIMES, 10000
local WINDOWS = 10
http.TIMEOUT = 20
https.TIMEOUT = 20

local figures = os.getenv("SOAK_FIGURES") and assert(io.open(os.getenv("SOAK_FIGURES"), "a"))
local function note(...)
    if figures then figures:write(string.format(...), "\n") end
end

local function measure()
    local descriptors = footprint.settle(1024)
    return {
        descriptors = descriptors, resident = footprint.resident(), lua = collectgarbage("count"),
        heap = tonumber(os.getenv("HEAP_IN_USE")) / 1024,
    }
end

-- Variations that are not a leak: first in KiB for the whole run, then in bytes per operation. Heap and Lua memory are
-- known to the byte. Resident memory moves in steps, because the allocator asks for memory and gives it back in large
-- blocks. It is meaningful only after many operations.
local ALLOWED = { heap = 48, lua = 48, resident = 1024 }
local ALLOWED_EACH, ENOUGH_FOR_RESIDENT = 16, 10000

-- Runs `work(i)` `count` times, in windows with a measurement after each. The first half may load, cache and grow; a
-- leak still grows in the second half.
local function measured(count, work)
    local windows, done = {}, 0
    for window = 1, WINDOWS do
        local last = math.floor(count * window / WINDOWS)
        for i = done + 1, last do work(i) end
        done = last
        windows[window] = measure()
    end
    return windows
end
-- Lists the kinds of memory that leak, as text.
local function leaks(count, windows)
    local last, found = windows[WINDOWS], {}
    for kind, allowed in pairs(ALLOWED) do
        -- A buffer that is kept for the next stream may be missing in one window.
        local before = 0
        for window = 2, WINDOWS / 2 do before = math.max(before, windows[window][kind]) end
        local growth = last[kind] - before
        if growth > allowed + ALLOWED_EACH * count / 2 / 1024 and (kind ~= "resident" or count / 2 >= ENOUGH_FOR_RESIDENT) then
            found[#found + 1] = ("%s: %.0f KiB, then %.0f"):format(kind, before, last[kind])
        end
    end
    return table.concat(found, "; ")
end
local function soak(label, count, work)
    local started = socket.gettime()
    local windows = measured(count, work)
    local first, middle, last = windows[1], windows[WINDOWS / 2], windows[WINDOWS]
    note("%s, %s: %d times in %.0f s, after a tenth, a half and all:", jit and "LuaJIT" or _VERSION, label, count,
        socket.gettime() - started)
    for _, kind in ipairs({ "descriptors", "heap", "resident", "lua" }) do
        note("    %s %.0f, %.0f, %.0f", kind, first[kind], middle[kind], last[kind])
    end
    -- one or two objects may still be reachable from the slot of a dead variable
    check.ok(label .. ": descriptors", last.descriptors <= middle.descriptors + 2,
        middle.descriptors .. ", then " .. last.descriptors)
    local found = leaks(count, windows)
    check.ok(label .. ": memory", found == "", found)
end

-- Tests the leak check itself: it detects 100 bytes kept per operation, and 100 bytes lost outside Lua's heap.
do
    local kept = {}
    local windows = measured(2000, function(i) kept[i] = i .. ("x"):rep(100) end)
    check.ok("a leak of 100 bytes is found", #kept == 2000 and leaks(2000, windows):find("lua", 1, true))
    windows = measured(2000, function() os.getenv("HEAP_LOSS") end)
    local found = leaks(2000, windows)
    check.ok("a loss of 100 bytes is found", found:find("heap", 1, true) and not found:find("lua", 1, true), found)
end

-- A server that truncates its answer, and a port without a listener.
local cutter = peer.lua([[
local socket = require("socket")
local listener = assert(socket.bind("127.0.0.1", 0))
print((select(2, listener:getsockname())))
while true do
    local client = listener:accept()
    local line = client:receive()
    if line == "end" then break end
    if line then
        repeat local field = client:receive() until not field or field == ""
        client:send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut off")
    end
    client:close()
end
]])
local closed = assert(socket.bind("127.0.0.1", 0))
local refused = "http://127.0.0.1:" .. select(2, closed:getsockname()) .. "/"
closed:close()
local plain = "http://127.0.0.1:" .. os.getenv("COMPAT_HTTP_PORT")
local secure = "https://localhost:" .. os.getenv("COMPAT_HTTPS_PORT")
local authority = os.getenv("COMPAT_CERTS") .. "/ca.crt"
local TRUSTED = { verify = "peer", cafile = authority, protocol = "any" }

local function tls_request(changes)
    local reqt = { url = secure .. "/index.html", sink = ltn12.sink.null() }
    for name, value in pairs(TRUSTED) do reqt[name] = value end
    for name, value in pairs(changes or {}) do reqt[name] = value end
    return https.request(reqt)
end
local wrong = 0
local function expect(condition) if not condition then wrong = wrong + 1 end end
local kinds = {
    function() expect(select(2, http.request(plain .. "/index.html")) == 200) end,
    function() expect(select(2, tls_request()) == 200) end,
    function() expect(select(2, http.request(plain .. "/missing")) == 404) end,
    function() expect(select(2, http.request(plain .. "/redirect/302")) == 200) end,
    function() expect(select(2, http.request("http://127.0.0.1:" .. cutter.port .. "/")) == "closed") end,
    function() expect(select(2, http.request(refused)) == "connection refused") end,
    function()
        local sink = function() return nil, "full" end
        expect(select(2, http.request({ url = plain .. "/index.html", sink = sink })) == "full")
    end,
    function()
        local sink = function() error("boom", 0) end
        expect(select(2, pcall(http.request, { url = plain .. "/index.html", sink = sink })) == "boom")
    end,
    function() expect(not tls_request({ cafile = os.getenv("COMPAT_CERTS") .. "/otherca.crt" })) end,
    function() expect(select(2, http.request(plain .. "/request", "a=b")) == 200) end,
}
soak("requests", REQUESTS, function(i) kinds[i % #kinds + 1]() end)
check.equal("requests that went otherwise", wrong, 0)

local listener = assert(socket.bind("127.0.0.1", 0))
local port = (select(2, listener:getsockname()))
soak("connections", CONNECTIONS, function(i)
    local client = assert(socket.connect("127.0.0.1", port))
    local accepted = assert(listener:accept())
    client:send("line\n")
    expect(accepted:receive() == "line")
    -- every second pair is left to the collector
    if i % 2 == 0 then
        client:close()
        accepted:close()
    end
    if i % 200 == 0 then collectgarbage() end
end)
check.equal("connections that went otherwise", wrong, 0)

-- Handshakes that resume a session. The session tickets come with the answer.
local resuming = require("ssl").newcontext(require("tls").client({ session = true }))
soak("resumed handshakes", CONNECTIONS, function(i)
    local client = assert(require("ssl").wrap(assert(socket.connect("127.0.0.1", tonumber(os.getenv("COMPAT_HTTPS_PORT")))), resuming))
    client:sni("localhost")
    client:settimeout(20)
    expect(client:dohandshake())
    expect(i == 1 or client:reused())
    client:send("GET /index.html HTTP/1.0\r\n\r\n")
    expect(client:receive("*l") == "HTTP/1.1 200 OK")
    if i % 2 == 0 then client:close() end
    if i % 200 == 0 then collectgarbage() end
end)
check.equal("handshakes that went otherwise", wrong, 0)

-- Requests over sockets that yield before each answer, in a hundred coroutines at a time.
local fake = require("fake_http")
local function yielding()
    local sock = fake.peer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").create()
    local receive = sock.receive
    function sock.receive(...)
        coroutine.yield()
        return receive(...)
    end
    return sock
end
soak("yields", YIELDS / 500, function()
    local running, yields = {}, 0
    for i = 1, 100 do
        running[i] = coroutine.create(function()
            return http.request({ url = "http://h/", create = yielding })
        end)
    end
    for _, thread in ipairs(running) do
        repeat
            local ok, result, code = coroutine.resume(thread)
            if coroutine.status(thread) == "dead" then expect(ok and result == 1 and code == 200) end
            yields = yields + 1
        until coroutine.status(thread) == "dead"
    end
    expect(yields >= 500)
end)
check.equal("requests that yield and went otherwise", wrong, 0)

local last = assert(socket.connect("127.0.0.1", cutter.port))
last:send("end\n")
last:close()
cutter:close()
check.done()
