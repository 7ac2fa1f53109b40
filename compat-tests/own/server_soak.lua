-- Many requests leave nothing behind in a server: its descriptors and its memory stay flat. The default is 20,000
-- requests. SOAK=50 in the environment makes it 1,000,000. SOAK_FIGURES names a file for the figures.
-- needs: certs
-- time limit: 3600
local check = require("check")
local peer = require("peer")
local raw = require("raw_http")
local socket = require("socket")
local ssl = require("ssl")
local tasks = require("socket.tasks")

local TIMES = tonumber(os.getenv("SOAK")) or 1
local REQUESTS = 20000 * TIMES
local WINDOWS, WORKERS = 10, 20
local certs = os.getenv("COMPAT_CERTS")

-- KiB by which memory may differ between the middle and the end of the run.
local ALLOWED = { lua = 64, resident = 1024 }

local page = assert(io.open("page.txt", "wb"))
page:write(("a line of a file\n"):rep(10000))
page:close()

local server = peer.lua(([[
local http, tasks, socket = require("http"), require("socket.tasks"), require("socket")
local footprint = require("footprint")
local certs = %q
local files = http.files(".", { prefix = "/files" })

local function figures(server)
    -- the connections of the last window end first
    local stop = socket.gettime() + 60
    while server:stats().connections > 1 and socket.gettime() < stop do socket.sleep(0.01) end
    local descriptors = footprint.settle(256)
    return ("%%d %%s %%.0f %%d"):format(descriptors, footprint.resident(), collectgarbage("count"), server:stats().requests)
end

local handlers = {}
handlers["/"] = function() return { headers = { ["Content-Type"] = "text/plain" }, body = "hello world!\n" } end
handlers["/body"] = function(request) return { body = tostring(#request.body) } end
handlers["/params"] = function(request)
    return { body = request.params.a .. request.cookies.b .. request.headers["user-agent"] }
end
handlers["/raise"] = function() error("an error of the handler") end
handlers["/events"] = function(_, writer)
    for i = 1, 3 do writer:event({ id = i, data = "event" }) end
end
handlers["/large"] = function() return { body = ("x"):rep(1000000) } end
handlers["/figures"] = function(request) return { body = figures(request.server) } end
handlers["/stop"] = function(request)
    request.server:stop(10)
    return {}
end

tasks.run(function()
    local server = assert(http.listen("127.0.0.1", 0, function(request, writer)
        if request.path:find("^/files/") then return files(request) end
        local handler = handlers[request.path]
        if handler then return handler(request, writer) end
        return { status = 404 }
    end, {
        on_error = function() end, maxrequests = false, log = function(entry) return require("http").combined(entry) end,
        addresses = { { host = "127.0.0.1", port = 0, tls = { certificate = certs .. "/good.pem", key = certs .. "/good.key" } } },
    }))
    print((select(2, server:getsockname(1))))
    print((select(2, server:getsockname(2))))
    server:wait()
end)
]]):format(certs))
local secure = tonumber(server.output:read("*l"))

local function connect(port)
    local sock = assert(socket.connect("127.0.0.1", port))
    sock:settimeout(60)
    return sock
end

local function ask(sock, request)
    assert(sock:send(request))
    return assert(raw.read(sock))
end

local function expect(what, got, expected)
    if got ~= expected then error(("%s: got %s, expected %s"):format(what, tostring(got), tostring(expected)), 0) end
end

local PIPELINE = 50
local many = raw.get():rep(PIPELINE)

-- Work on a kept connection; each returns its number of requests.
local kept = {
    function(sock)
        assert(sock:send(many))
        for _ = 1, PIPELINE do expect("pipelined", raw.read(sock).body, "hello world!\n") end
        return PIPELINE
    end,
    function(sock)
        expect("body", ask(sock, "POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n" .. ("x"):rep(5000)).body, "5000")
        return 1
    end,
    function(sock)
        local chunks = ("400\r\n" .. ("y"):rep(1024) .. "\r\n"):rep(20) .. "0\r\nTrailer: x\r\n\r\n"
        expect("chunks", ask(sock, "POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" .. chunks).body, "20480")
        return 1
    end,
    function(sock)
        expect("params", ask(sock, raw.get("/params?a=1", "Cookie: b=2\r\nUser-Agent: three\r\n")).body, "12three")
        return 1
    end,
    function(sock)
        expect("a file", #ask(sock, raw.get("/files/page.txt")).body, 170000)
        expect("a range", ask(sock, raw.get("/files/page.txt", "Range: bytes=2-5\r\n")).body, "line")
        expect("no file", ask(sock, raw.get("/files/none")).status, 404)
        return 3
    end,
    function(sock)
        expect("an error", ask(sock, raw.get("/raise")).status, 500)
        return 1
    end,
}

-- Work on a connection that ends; each returns its number of requests.
local ending = {
    function()
        local sock = connect(server.port)
        sock:send(raw.get("/events", "Connection: close\r\n"))
        local text = assert(sock:receive("*a"))
        sock:close()
        expect("events", select(2, text:gsub("data: event\n", "")), 3)
        return 1
    end,
    function()
        -- a peer that resets in the middle of an answer
        local sock = connect(server.port)
        sock:setoption("linger", { on = true, timeout = 0 })
        sock:send(raw.get("/large"))
        sock:receive(1000)
        sock:close()
        return 1
    end,
    function()
        local sock = connect(server.port)
        sock:send("GET / HTTP/1.1\r\nHost : a\r\n\r\n")
        expect("a refusal", raw.read(sock).status, 400)
        sock:close()
        return 1
    end,
    function()
        local sock = assert(ssl.wrap(connect(secure), { mode = "client", protocol = "any", verify = "none" }))
        sock:settimeout(60)
        assert(sock:dohandshake())
        for _ = 1, 10 do expect("https", ask(sock, raw.get()).body, "hello world!\n") end
        sock:close()
        return 10
    end,
}

local function work(count)
    local sock, done, round = connect(server.port), 0, 0
    while done < count do
        round = round + 1
        for _, step in ipairs(kept) do done = done + step(sock) end
        if round % 10 == 0 then
            done = done + ending[round / 10 % #ending + 1]()
            sock:close()
            sock = connect(server.port)
        end
    end
    sock:close()
    return done
end

local figures = os.getenv("SOAK_FIGURES") and assert(io.open(os.getenv("SOAK_FIGURES"), "a"))
local seen, total, start = {}, 0, socket.gettime()
local ok, problem = pcall(tasks.run, function()
    for window = 1, WINDOWS do
        local counts = {}
        for i = 1, WORKERS do counts[i] = REQUESTS / WINDOWS / WORKERS end
        for _, done in ipairs(assert(tasks.map(counts, WORKERS, work))) do total = total + done end
        local sock = connect(server.port)
        local open, resident, lua, served = ask(sock, raw.get("/figures")).body:match("(%d+) (%d+) (%d+) (%d+)")
        sock:close()
        seen[window] = { descriptors = tonumber(open), resident = tonumber(resident), lua = tonumber(lua) }
        if figures then
            figures:write(("%d requests, %.0f s: %s descriptors, %s KiB resident, %s KiB of Lua\n"):format(served,
                socket.gettime() - start, open, resident, lua))
            figures:flush()
        end
    end
end)
ask(connect(server.port), raw.get("/stop"))
server:close()
if not check.ok("the run", ok, problem) then check.done() end

check.ok(("%d requests"):format(REQUESTS), total >= REQUESTS, total)
local middle, last = seen[WINDOWS / 2], seen[WINDOWS]
check.equal("descriptors", last.descriptors, middle.descriptors)
for name, allowed in pairs(ALLOWED) do
    check.ok(name .. " memory stays flat", last[name] - middle[name] <= allowed,
        ("from %d to %d KiB"):format(middle[name], last[name]))
end
check.done()
