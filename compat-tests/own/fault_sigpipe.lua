-- add.23: SIGPIPE has its default action, and a send to a closed peer returns "closed". A signal would end this
-- process; the last line it printed shows where.
-- needs: certs, python3
local check = require("check")
local sigpipe = require("sigpipe")
local tls = require("tls")
local socket = require("socket")
local unix = require("socket.unix")
local ssl = require("ssl")

io.stdout:setvbuf("no")
sigpipe.let_kill()
check.ok("a SIGPIPE would kill", sigpipe.kills() ~= false)

-- The first send may still succeed: the peer's reset then reports the closed connection.
local function gone(name, object)
    print("sends: " .. name)
    local sent, problem
    object:settimeout(5)
    repeat sent, problem = object:send(("x"):rep(1000)) until not sent
    check.equal(name, { sent, problem }, { nil, "closed" })
    for _, length in ipairs({ 1, 1000, 2000, 1 }) do
        sent, problem = object:send(("x"):rep(length))
        check.equal(("%s, then %d bytes"):format(name, length), { sent, problem }, { nil, "closed" })
    end
    object:close()
end

local listener = assert(socket.bind("127.0.0.1", 0))
local port = select(2, listener:getsockname())
local function pair()
    return assert(socket.connect("127.0.0.1", port)), assert(listener:accept())
end
local near = assert(unix.stream())
assert(near:bind("near"))
assert(near:listen())
local function near_pair()
    local client = assert(unix.stream())
    assert(client:connect("near"))
    return client, assert(near:accept())
end
for name, connected in pairs({ TCP = pair, ["Unix stream"] = near_pair }) do
    local client, accepted = connected()
    accepted:close()
    gone(name .. ", closed", client)
    client, accepted = connected()
    client:close()
    gone(name .. ", closed, accepted", accepted)
    client, accepted = connected()
    client:send("unread")
    accepted:close()
    gone(name .. ", reset", client)
    client = connected()
    client:shutdown("send")
    gone(name .. ", shut down", client)
end

local server = tls.peer("tls", "cut", "/", "tls", "reset", "/", "tls", "cut", "/", "hello")
for _, how in ipairs({ "closed", "reset" }) do gone("TLS, " .. how, tls.connect(ssl, server.port)) end
print("closes over TLS")
local secure = tls.connect(ssl, server.port)
repeat until not secure:send("x")
check.equal("TLS, the notice of a close", select("#", secure:close()), 0)
print("shakes hands")
local tcp = assert(socket.connect("127.0.0.1", server.port))
tcp:shutdown("send")
secure = assert(ssl.wrap(tcp, tls.client()))
secure:settimeout(5)
local done, problem = secure:dohandshake()
check.ok("TLS, a handshake that cannot begin", not done and (problem == "closed" or problem == "Broken pipe"), problem)
secure:close()
check.ok("a SIGPIPE would kill still", sigpipe.kills() ~= false)
check.done()
