-- No descriptor left: in connect, accept, name resolution and requests; and that all goes on afterwards.
require("interposed").within("ulimit -n 48;")
local check = require("check")
local peer = require("peer")
local socket = require("socket")
local http = require("socket.http")
http.TIMEOUT = 5
local FULL = "Too many open files"

local server = peer.lua([[
local socket = require("socket")
local listener = assert(socket.bind("127.0.0.1", 0))
print((select(2, listener:getsockname())))
while true do
    local client = listener:accept()
    local line = client:receive()
    if not line then break end
    client:send("HTTP/1.0 200 OK\r\n\r\nok")
    client:close()
end
]])
local base = "http://127.0.0.1:" .. server.port .. "/"
check.equal("before", (http.request(base)), "ok")
local listener = assert(socket.bind("127.0.0.1", 0))
listener:settimeout(5)
local port = (select(2, listener:getsockname()))
local waiting = assert(socket.connect("127.0.0.1", port))
local undecided = socket.tcp()
-- what is loaded when it is first needed is loaded now
socket.dns.toip("localhost")

for round = 1, 20 do
    local held = {}
    local sock, problem
    repeat
        sock, problem = socket.udp4()
        held[#held + 1] = sock
    until not sock
    local function label(what) return ("round %d: %s"):format(round, what) end
    if round == 1 then
        check.equal("socket.udp4", { sock, problem }, { nil, FULL })
        check.equal("socket.tcp4", { socket.tcp4() }, { nil, FULL })
        check.equal("socket.connect", { socket.connect("127.0.0.1", port) }, { nil, FULL })
        check.equal("connect", { undecided:connect("127.0.0.1", port) }, { nil, FULL })
        check.equal("socket.bind", { socket.bind("127.0.0.1", 0) }, { nil, FULL })
        check.equal("http.request", { http.request(base) }, { nil, FULL })
        local address, unresolved = socket.dns.toip("luasocket.invalid")
        check.ok("dns.toip", address == nil and type(unresolved) == "string", unresolved)
        local list, reason = socket.dns.getaddrinfo("luasocket.invalid")
        check.ok("dns.getaddrinfo", list == nil and type(reason) == "string", reason)
        local named = socket.tcp()
        named:settimeout(5)
        local result, cause = named:connect("luasocket.invalid", 80)
        check.ok("connect by name", result == nil and type(cause) == "string", cause)
    end
    local started = socket.gettime()
    check.equal(label("accept"), { listener:accept() }, { nil, FULL })
    check.ok(label("accept returns at once"), socket.gettime() - started < 1)
    for _, one in ipairs(held) do one:close() end
end
local accepted = assert(listener:accept())
waiting:send("still here\n")
check.equal("the connection waited", accepted:receive(), "still here")
check.equal("the object is as good as before", undecided:connect("127.0.0.1", port), 1)
check.equal("afterwards", (http.request(base)), "ok")
assert(socket.connect("127.0.0.1", server.port)):close()
server:close()
check.done()
