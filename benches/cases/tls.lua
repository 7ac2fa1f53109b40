-- TLS: the first request of a process, new connections, a download, memory of idle connections. `benches/tls` runs them.
local measure = require("measure")
local socket = require("socket")

local HOST = "localhost"
local AUTHORITY = measure.setting("CA")

local function port() return tonumber(measure.setting("HTTPS_PORT")) end

local function address(path) return ("https://%s:%d/%s"):format(HOST, port(), path) end

-- A request whose parameters both libraries know.
local function request(path, changes)
    local total = 0
    local fields = { url = address(path), protocol = "any", verify = "peer", cafile = AUTHORITY, sink = function(chunk)
        total = total + #(chunk or "")
        return 1
    end }
    for name, value in pairs(changes or {}) do fields[name] = value end
    local ok, status = require("ssl.https").request(fields)
    assert(ok and status == 200, status)
    return total
end

local cases = {}

-- The first request of a process, verified by the system's authorities. LuaSec does not load them: it gets the bundle.
function cases.first()
    local bundle = os.getenv("BENCH_BUNDLE")
    return function()
        local fields = { url = address("1k"), protocol = "any", verify = "peer", cafile = bundle, sink = function() return 1 end }
        local ok, status = require("ssl.https").request(fields)
        assert(ok and status == 200, status)
    end, 1
end

local function requests(count, changes)
    request("1k", changes)
    return function()
        for _ = 1, count do request("1k", changes) end
    end, count
end

function cases.full(count) return requests(count, { session = false }) end

function cases.resumed(count) return requests(count) end

local function connect(context)
    local object = assert(require("ssl").wrap(assert(socket.connect(HOST, port())), context))
    object:sni(HOST)
    assert(object:dohandshake())
    return object
end

-- Handshakes without HTTP. One byte of an answer is read, because session tickets come with it.
local function handshakes(count, session)
    local context = assert(require("ssl").newcontext({
        mode = "client", protocol = "any", verify = "peer", cafile = AUTHORITY, session = session,
    }))
    local function once()
        local object = connect(context)
        object:send("GET /1k HTTP/1.0\r\n\r\n")
        assert(object:receive(1))
        object:close()
    end
    once()
    return function()
        for _ = 1, count do once() end
    end, count
end

function cases.shakes_full(count) return handshakes(count, false) end

function cases.shakes_resumed(count) return handshakes(count, true) end

-- The same connections without TLS, which is the floor of both.
function cases.plain(count)
    local http = tonumber(measure.setting("HTTP_PORT"))
    return function()
        for _ = 1, count do
            local sock = assert(socket.connect(HOST, http))
            sock:send("GET /1k HTTP/1.0\r\n\r\n")
            assert(sock:receive(1))
            sock:close()
        end
    end, count
end

function cases.download(total)
    request("1k")
    return function() assert(request("100m") == total, "short body") end, total
end

local function anonymous_memory()
    local file = assert(io.open("/proc/self/status"))
    local text = file:read("*a")
    file:close()
    return tonumber(text:match("RssAnon:%s*(%d+) kB")) * 1024
end

-- Reports the memory of each connection that `more` makes after the first fifty. Ends the process with all of them
-- open.
local function report_memory(more, count)
    local function settled()
        collectgarbage()
        collectgarbage()
        return anonymous_memory()
    end
    for _ = 1, 50 do more() end
    local before = settled()
    for _ = 1, count do more() end
    measure.report(0, 0, (settled() - before) / count)
    os.exit(0, false)
end

-- The memory of each of many connections that have done a request and wait. It is printed in place of the time.
function cases.idle(count)
    local context = assert(require("ssl").newcontext({
        mode = "client", protocol = measure.setting("PROTOCOL"), verify = "peer", cafile = AUTHORITY,
    }))
    local open = {}
    local function more()
        local object = connect(context)
        open[#open + 1] = object
        object:settimeout(5)
        object:send("GET /1k HTTP/1.1\r\nHost: localhost\r\n\r\n")
        repeat
            local line = assert(object:receive("*l"))
            local length = line:match("^Content%-Length: (%d+)")
            if length then open.length = tonumber(length) end
        until line == ""
        assert(object:receive(open.length))
    end
    report_memory(more, count)
end

-- The same at the server's end, with clients in another process.
function cases.idle_server(count)
    local certificates = AUTHORITY:match("^(.*)/")
    local context = assert(require("ssl").newcontext({
        mode = "server", protocol = measure.setting("PROTOCOL"),
        certificate = certificates .. "/good.pem", key = certificates .. "/good.key",
    }))
    local listener = assert(socket.bind("127.0.0.1", 0, 128))
    local open = {}
    -- the clients end when this process ends, because their standard input is closed then
    open.clients = io.popen(("python3 -c '%s' %d %d"):format([[
import socket, ssl, sys
context = ssl._create_unverified_context()
held = []
for _ in range(int(sys.argv[2])):
    held.append(context.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[1])))))
    held[-1].sendall(b"hello\n")
    held[-1].recv(100)
sys.stdin.read()]], math.floor((select(2, listener:getsockname()))), count + 50), "w")
    local function more()
        local object = assert(require("ssl").wrap(assert(listener:accept()), context))
        open[#open + 1] = object
        assert(object:dohandshake())
        assert(object:receive("*l"))
        object:send("answer\n")
    end
    report_memory(more, count)
end

measure.run(cases)
