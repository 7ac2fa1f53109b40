-- needs: certs, python3
-- Peers that send without end what carries no data: session tickets, KeyUpdates, renegotiations. The time limit of
-- `receive` holds, memory does not grow, other tasks run, and data that follows arrives. The peer is OpenSSL itself.
local check = require("check")
local footprint = require("footprint")
local peer = require("peer")
local tls = require("tls")
local ssl = require("socket.tls")
local socket = require("socket")
local tasks = require("socket.tasks")

local FLOOD = os.getenv("COMPAT_SERVERS") .. "/tls_flood.py"
-- the growth that is allowed, in KiB
local MOST = 2 * 1024

local function collect()
    collectgarbage()
    collectgarbage()
end

-- Receives for a time. Returns the message and how long it took.
local function wait(object, seconds)
    local start = socket.gettime()
    object:settimeout(seconds)
    local data, message = object:receive(1)
    return data or message, socket.gettime() - start
end

local KINDS = { tickets = "TLSv1.3", updates = "TLSv1.3", requests = "TLSv1.3", renegotiations = "TLSv1.2" }
for kind, version in pairs(KINDS) do
    local server = peer.python(FLOOD, tls.certificates, "serve", kind)
    local object = tls.connect(ssl, server.port, { session = true })
    check.equal(kind .. ": the version", object:info("protocol"), version)
    -- the allocator has what it needs after a while
    check.equal(kind .. ": at first", (wait(object, 0.3)), "wantread")
    collect()
    local before = footprint.resident()
    local message, seconds = wait(object, 0.5)
    check.equal(kind .. ": the limit", message, "wantread")
    check.ok(kind .. ": is kept", seconds > 0.4 and seconds < 2, seconds)
    check.ok(kind .. ": without waiting", select(2, wait(object, 0)) < 0.5)
    collect()
    check.ok(kind .. ": no growth", footprint.resident() - before < MOST, footprint.resident() - before)
    local ticks = 0
    tasks.run(function()
        local over = false
        tasks.start(function()
            message = wait(object, 0.5)
            over = true
        end)
        while not over do
            socket.sleep(0.01)
            ticks = ticks + 1
        end
    end)
    check.equal(kind .. ": in a task", message, "wantread")
    check.ok(kind .. ": beside another task", ticks >= 3, ticks)
    object:close()

    local polite = peer.python(FLOOD, tls.certificates, "serve", kind, "3000")
    object = tls.connect(ssl, polite.port, { session = true })
    object:settimeout(60)
    check.equal(kind .. ": then data", { object:receive() }, { "done", nil, nil })
    object:close()
end

-- The same from a client.
local listener = assert(socket.bind("127.0.0.1", 0))
local port = ("%d"):format((select(2, listener:getsockname())))

-- Serves one client. Returns the first line that comes or the message, how many messages the client could send, and the
-- growth of memory.
local function serve(kind, count, options)
    local client = peer.read_python(FLOOD, tls.certificates, "connect", kind, port, tostring(count))
    local object = assert(ssl.wrap(assert(listener:accept()), tls.server({ options = options })))
    object:settimeout(60)
    assert(object:dohandshake())
    collect()
    local before = footprint.resident()
    local line, message = object:receive()
    collect()
    local growth = footprint.resident() - before
    object:close()
    local sent = tonumber(client:read("*l"))
    client:close()
    return line or message, sent, growth
end

-- both are messages of TLS 1.3, which servers of native-tls do not speak
for kind in pairs(tls.is_complete() and { updates = true, requests = true } or {}) do
    serve(kind, 100)
    local line, sent, growth = serve(kind, 5000)
    check.equal("client's " .. kind, { line, sent }, { "line", 5000 })
    check.ok("client's " .. kind .. ": no growth", growth < MOST, growth)
end
local ALLOWED = { "all", "allow_client_renegotiation" }
local line, sent, growth
-- the option has no effect with native-tls: it refuses renegotiations always
if tls.is_complete() then
    serve("renegotiations", 20, ALLOWED)
    line, sent, growth = serve("renegotiations", 300, ALLOWED)
    check.equal("client's renegotiations, allowed", { line, sent }, { "line", 300 })
    check.ok("client's renegotiations, allowed: no growth", growth < MOST, growth)
end
for _, options in ipairs({ "all", "no_renegotiation" }) do
    line, sent = serve("renegotiations", 5, options)
    check.equal("client's renegotiations are refused: " .. options, sent, 0)
    check.ok("client's renegotiations are refused: the connection ends: " .. options, line ~= "line", line)
end
listener:close()

check.done()
