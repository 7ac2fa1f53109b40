-- needs: certs, python3
-- Every native library on a system that has no whole test run: sockets, lookups, HTTP, codings, TLS, tasks.
local check = require("check")
local socket = require("socket")
local http = require("socket.http")
local https = require("ssl.https")
local ltn12 = require("ltn12")
local mime = require("mime")
local tasks = require("socket.tasks")
local tls = require("tls")

-- TCP, and select
local server = assert(socket.bind("127.0.0.1", 0))
local _, port = server:getsockname()
local client = assert(socket.connect("127.0.0.1", port))
server:settimeout(20)
local accepted = assert(server:accept())
accepted:settimeout(20)
check.equal("nothing to read", { socket.select({ accepted }, nil, 0) }, { {}, {}, "timeout" })
check.equal("send", client:send("one\r\ntwo"), 8)
check.equal("readable", socket.select({ accepted }, nil, 20)[1], accepted)
check.equal("a line", accepted:receive(), "one")
client:close()
check.equal("the rest", { accepted:receive("*a") }, { "two" })
check.equal("the end", select(2, accepted:receive()), "closed")
server:settimeout(0.05)
check.equal("a time limit", select(2, server:accept()), "timeout")
server:close()
check.equal("refused", select(2, socket.connect("127.0.0.1", port)), "connection refused")

-- IPv6, UDP, names, options
server = socket.bind("::1", 0)
if server then
    check.equal("IPv6", select(3, server:getsockname()), "inet6")
    server:close()
end
local one, two = socket.udp4(), socket.udp4()
two:setsockname("127.0.0.1", 0)
two:settimeout(20)
one:sendto("datagram", "127.0.0.1", (select(2, two:getsockname())))
check.equal("UDP", two:receive(), "datagram")
check.equal("an option", { one:setoption("broadcast", true), one:getoption("broadcast") }, { 1, true })
check.equal("a name", (socket.dns.toip("localhost")), "127.0.0.1")
check.ok("the name of the machine", #socket.dns.gethostname() > 0)
check.equal("Base64", mime.b64("luasocket"), "bHVhc29ja2V0")

-- HTTP
local peer = tls.peer("hello", [[plain:HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nplain]], "shut", "hold")
local body, code = http.request("http://127.0.0.1:" .. peer.port .. "/")
check.equal("http", { body, code }, { "plain", 200 })

-- TLS: the right authority, and three wrong certificates
local CA = tls.certificates .. "ca.crt"
local function get(certificate)
    local secure, chunks = tls.peer("cert=" .. certificate, "tls", "request", "page"), {}
    local ok, status = https.request({ url = "https://localhost:" .. secure.port .. "/", cafile = CA, sink = ltn12.sink.table(chunks) })
    if ok then return table.concat(chunks), status end
    return nil, status
end
check.equal("https", { get("good") }, { "hello tls", 200 })
for _, certificate in ipairs({ "untrusted", "expired", "wrong-host" }) do
    check.equal("https: " .. certificate, { get(certificate) }, { nil, "certificate verify failed" })
end
local object = tls.connect(require("ssl"), tls.peer("tls", "echo").port)
check.equal("the version", object:info("protocol"), "TLSv1.3")
object:close()

-- Tasks: two that wait for each other
server = assert(socket.bind("127.0.0.1", 0))
local heard = {}
tasks.start(function()
    local their = assert(server:accept())
    heard.server = their:receive()
    their:send("back\n")
end)
tasks.start(function()
    local own = assert(socket.connect("127.0.0.1", (select(2, server:getsockname()))))
    own:send("there\n")
    heard.client = own:receive()
end)
tasks.run()
check.equal("tasks", heard, { server = "there", client = "back" })
check.done()
