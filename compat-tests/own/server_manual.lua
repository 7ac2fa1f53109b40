-- A server without a handler whose peers are slow in their TLS handshakes (server.manual.1, 3 and 5, `tlstime`).
-- needs: certs
local check = require("check")
local serve = require("serve")
local socket = require("socket")
local tls = require("tls")
local tls_module = require("socket.tls")

local parameters = { certificate = tls.certificates .. "good.pem", key = tls.certificates .. "good.key" }

-- Connects a peer, and accepts it.
local function join(server)
    local tcp = assert(socket.connect("127.0.0.1", (select(2, server:getsockname()))))
    return tcp, assert(server:accept(10))
end

-- A TLS client for a connected peer, and a function that takes its next step and returns whether its handshake is over.
local function client(tcp)
    local object = assert(tls_module.wrap(tcp, tls.client()))
    object:sni("localhost")
    object:settimeout(0)
    return object, function() return object:dohandshake() == true end
end

-- Receives a request without waiting, while the peer takes its steps, and then sends the request. Returns the request,
-- the message of the end, and the number of timeouts.
local function receive_in_turns(connection, object, shake, path)
    local is_sent, timeouts = false, 0
    for _ = 1, 5000 do
        local request, message = connection:receive(0)
        if request or message ~= "timeout" then return request, message, timeouts end
        timeouts = timeouts + 1
        if not is_sent and shake() then
            is_sent = object:send("GET " .. path .. " HTTP/1.1\r\nHost: localhost\r\n\r\n")
        end
        socket.sleep(0.001)
    end
    return nil, "no end", timeouts
end

local server = serve.listen({ tls = parameters })

-- a silent peer does not delay the others
local silent, waiting = join(server)
local start = socket.gettime()
check.equal("a silent peer", { waiting:receive(0.05) }, { nil, "timeout" })
check.ok("takes the caller's time", socket.gettime() - start < 5)

local tcp, connection = join(server)
local object, shake = client(tcp)
local request, message, timeouts = receive_in_turns(connection, object, shake, "/in-turns")
check.equal("a handshake in turns", { request and request.path, message, request and request.scheme }, { "/in-turns", nil, "https" })
check.ok("took several calls", timeouts and timeouts > 1, timeouts)
check.equal("its answer", connection:respond({ body = "secret" }), true)
object:settimeout(10)
check.equal("arrives", object:receive("*l"), "HTTP/1.1 200 OK")
object:close()
connection:close()

-- half a handshake is a wait, too
tcp, connection = join(server)
tcp:send("\22\3\1\2\0\1\0\1\252\3\3")
check.equal("half a hello", { connection:receive(0.02) }, { nil, "timeout" })
check.equal("and again", { connection:receive(0) }, { nil, "timeout" })
tcp:close()
check.equal("the peer goes away", connection:receive(10), nil)
check.equal("its connection has ended", { connection:receive(0) }, { nil, "closed" })

-- the silent one can still begin
object, shake = client(silent)
request = receive_in_turns(waiting, object, shake, "/late")
check.equal("the silent peer speaks", request and request.path, "/late")
object:close()
waiting:close()
server:close()

-- invalid limits
server = serve.listen()
tcp, connection = join(server)
for name, target in pairs({ accept = server, getsockname = server, receive = connection, stop = server, wait = server }) do
    check.raises(name .. " with a text", "server_manual.lua:%d+: bad argument #1 to '" .. name .. "' %(number expected, got string%)",
        function() target[name](target, "x") end)
    check.raises(name .. " with NaN", "server_manual.lua:%d+: bad argument #1 to '" .. name .. "' %(not a number%)",
        function() target[name](target, 0 / 0) end)
end
tcp:close()
connection:close()
-- a negative limit is none
tcp = assert(socket.connect("127.0.0.1", (select(2, server:getsockname()))))
connection = server:accept(-1)
check.ok("accept(-1)", connection)
tcp:send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
check.ok("receive(-1)", connection:receive(-1))
connection:respond({})
connection:close()
tcp:close()
server:close()

-- `tlstime` counts over all calls
server = serve.listen({ tls = parameters, tlstime = 0.2 })
tcp, connection = join(server)
start = socket.gettime()
repeat message = select(2, connection:receive(0.05)) until message ~= "timeout" or socket.gettime() - start > 20
check.equal("the server's limit ends it", { message, server:stats().connections }, { "closed", 0 })
tcp:close()
server:close()
check.done()
