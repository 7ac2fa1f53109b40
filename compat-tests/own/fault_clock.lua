-- add.21: the system clock jumps one hour forward or back at every read; time limits still hold.
-- needs: certs, python3
-- not on: runner
require("interposed").within("", "leaps")
local check = require("check")
local peer = require("peer")
local tls = require("tls")
local socket = require("socket")
local ssl = require("ssl")
local http = require("socket.http")

local first, second = socket.gettime(), socket.gettime()
check.ok("the clock leaps", math.abs(first - second) > 3000, first - second)

-- The time as another process measures it.
local server = peer.python(os.getenv("COMPAT_SERVERS") .. "/stopwatch.py")
local watch = assert(socket.connect("127.0.0.1", server.port))
local function seconds()
    watch:send("now\n")
    return tonumber((watch:receive()))
end
local function fails(expected, label, limit, f, ...)
    local started = seconds()
    local result, problem = f(...)
    local took = seconds() - started
    check.equal(label .. ": the error", { result, problem }, expected)
    check.ok(label .. ": at its limit", took >= limit - 0.01 and took < limit + 10, took)
end
local function timed(...) fails({ nil, "timeout" }, ...) end

local silent = assert(socket.connect("127.0.0.1", server.port))
silent:settimeout(0.3)
timed("receive", 0.3, silent.receive, silent)
silent:settimeout(nil)
silent:settimeout(0.3, "t")
timed("receive, total limit", 0.3, silent.receive, silent)
silent:settimeout(nil, "t")
silent:settimeout(0.3)
timed("send", 0.3, function()
    while true do
        local sent, problem = silent:send(("x"):rep(1048576))
        if not sent then return nil, problem end
    end
end)
local listener = assert(socket.bind("127.0.0.1", 0))
listener:settimeout(0.3)
timed("accept", 0.3, listener.accept, listener)
timed("select", 0.3, function()
    local ready, _, problem = socket.select({ listener }, nil, 0.3)
    return ready[1], problem
end)
local datagram = assert(socket.udp4())
datagram:setsockname("127.0.0.1", 0)
datagram:settimeout(0.3)
timed("UDP receive", 0.3, datagram.receive, datagram)
timed("UDP receivefrom", 0.3, datagram.receivefrom, datagram)
local secure = tls.wrap(ssl, server.port)
secure:settimeout(0.3)
fails({ false, "wantread" }, "TLS handshake", 0.3, secure.dohandshake, secure)
secure = tls.connect(ssl, tls.peer("tls", "hold").port)
secure:settimeout(0.3)
fails({ nil, "wantread" }, "TLS receive", 0.3, secure.receive, secure)
secure:settimeout(nil)
secure:settimeout(0.3, "t")
fails({ nil, "wantread" }, "TLS receive, total limit", 0.3, secure.receive, secure)
http.TIMEOUT = 0.3
timed("http.TIMEOUT", 0.3, http.request, "http://127.0.0.1:" .. server.port .. "/silence")
local started = seconds()
socket.sleep(0.3)
local slept = seconds() - started
check.ok("sleep", slept >= 0.29 and slept < 10, slept)
watch:send("end\n")
server:close()
check.done()
