-- No free descriptors, in connect, accept, requests and TLS. Everything works again afterwards. For names see
-- fault_lookups.lua.
-- needs: certs, python3
-- The system trusts the test authority.
require("interposed").within(("ulimit -n 48; export SSL_CERT_FILE='%s/ca.crt';"):format(os.getenv("COMPAT_CERTS")))
local check = require("check")
local peer = require("peer")
local tls = require("tls")
local socket = require("socket")
local http = require("socket.http")
local ssl = require("ssl")
http.TIMEOUT = 5
local FULL = "Too many open files"
local NO_AUTHORITIES = "error loading CA locations (" .. FULL .. ")"

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
local page = tls.peer("tls", "hold")
local kept = {}
local function handshake(tcp)
    -- the first context that needs the system's certificates reads them
    local secure, problem = ssl.wrap(tcp, { mode = "client", protocol = "any", verify = "peer" })
    if not secure then return false, problem end
    kept[#kept + 1] = secure -- open, so that it frees no descriptor
    secure:sni("localhost")
    secure:settimeout(5)
    return secure:dohandshake()
end
local secured = assert(socket.connect("127.0.0.1", page.port))

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
        check.equal("ssl.newcontext", { ssl.newcontext(tls.client()) }, { nil, NO_AUTHORITIES })
        check.equal("a handshake", { handshake(secured) }, { false, NO_AUTHORITIES })
    end
    local started = socket.gettime()
    check.equal(label("accept"), { listener:accept() }, { nil, FULL })
    check.ok(label("accept returns at once"), socket.gettime() - started < 10)
    for _, one in ipairs(held) do one:close() end
end
local accepted = assert(listener:accept())
waiting:send("still here\n")
check.equal("the connection waited", accepted:receive(), "still here")
check.equal("the object is as good as before", undecided:connect("127.0.0.1", port), 1)
check.equal("afterwards", (http.request(base)), "ok")
check.ok("ssl.newcontext afterwards", ssl.newcontext(tls.client()))
check.equal("a handshake afterwards", { handshake(assert(socket.connect("127.0.0.1", page.port))) }, { true })
assert(socket.connect("127.0.0.1", server.port)):close()
server:close()
check.done()
