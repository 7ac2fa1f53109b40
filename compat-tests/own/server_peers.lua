-- Other programs as clients of a server in a separate process (server.s.7, 20 to 22, 63, 64, 71, 74).
-- needs: curl, certs, python3
-- not on: lua5.2, lua5.3
local check = require("check")
local peer = require("peer")

local certs = os.getenv("COMPAT_CERTS")
local path = os.tmpname()
local large = assert(io.open(path, "wb"))
for i = 1, 100 do large:write(("%07d "):format(i):rep(13108)) end
large:close()

local server = peer.lua(([[
local http, tasks = require("http"), require("socket.tasks")
local certs, path = %q, %q
local good = { certificate = certs .. "/good.pem", key = certs .. "/good.key" }
local other = { certificate = certs .. "/wildcard.pem", key = certs .. "/wildcard.key" }
local log = {}
local files = http.files((path:gsub("[^/]*$", "")))
local name = path:match("[^/]*$")
local function handler(request, writer)
    if request.path == "/file" then return { body = io.open(path, "rb") } end
    if request.path == "/files" then
        return files({ method = request.method, path = "/" .. name, headers = request.headers })
    end
    if request.path == "/upload" then
        local sum, count = 0, 0
        for piece in request:source() do
            count = count + #piece
            sum = (sum + piece:byte(1)) %% 65536
        end
        return { body = tostring(count) }
    end
    if request.path == "/tls" then
        return { body = request.scheme .. " " .. request.tls.protocol .. " " .. tostring(request.tls.alpn) .. " "
            .. tostring(request.tls.sni) }
    end
    if request.path == "/renew" then return { body = tostring(request.server:tls(other)) } end
    if request.path == "/events" then
        for i = 1, 3 do
            writer:event({ id = i, data = "tick" })
            require("socket").sleep(0.01)
        end
        return
    end
    if request.path == "/log" then return { body = table.concat(log, "\n") } end
    if request.path == "/stop" then request.server:stop(5) end
    return { headers = { ["Content-Type"] = "text/plain" }, body = request.method .. " " .. request.body }
end
tasks.run(function()
    local server = assert(http.listen("127.0.0.1", 0, handler, {
        maxbody = false, maxrequests = false,
        stream = function(_, where) return where == "/upload" end,
        addresses = { { host = "127.0.0.1", port = 0, tls = {
            certificate = good.certificate, key = good.key, sni = { ["a.tls.test"] = other } } } },
        log = function(entry) log[#log + 1] = tostring(entry.status) .. " " .. tostring(entry.reason) end,
        on_error = function(message) log[#log + 1] = "on_error " .. tostring(message) end,
    }))
    local _, plain = server:getsockname(1)
    local _, secure = server:getsockname(2)
    print(plain)
    print(secure)
    server:wait()
end)
print("stopped")
]]):format(certs, path))

local base = "http://127.0.0.1:" .. server.port
local secure = tonumber(server.output:read("*l"))

local function run(command)
    local pipe = assert(io.popen(command .. " 2>/dev/null"))
    local text = pipe:read("*a")
    pipe:close()
    return text
end

local function curl(arguments) return run("curl -s -m 30 --noproxy '*' " .. arguments) end

check.equal("GET", curl(base .. "/"), "GET ")
check.equal("POST", curl("-d hello " .. base .. "/"), "POST hello")
check.equal("POST in chunks", curl("-H 'Transfer-Encoding: chunked' -d hello " .. base .. "/"), "POST hello")
check.equal("HTTP/1.0", curl("-0 -w '%{http_version}' " .. base .. "/"), "GET 1.1")
check.equal("HEAD", curl("-I -w '%{http_code}' -o /dev/null " .. base .. "/file"), "200")
check.equal("three requests on one connection", curl("-w '%{num_connects}' " .. (base .. "/ "):rep(3)), "GET 1GET 0GET 0")
check.equal("OPTIONS *", curl("-X OPTIONS --request-target '*' " .. base), "OPTIONS ")

local sum = run("cksum < " .. path)
check.equal("a file", run("curl -s --noproxy '*' " .. base .. "/file | cksum"), sum)
check.equal("a file of http.files", run("curl -s --noproxy '*' " .. base .. "/files | cksum"), sum)
check.equal("a range", curl("-r 0-7 " .. base .. "/files"), "0000001 ")
check.equal("two halves", run(("curl -s --noproxy '*' -o %s.part -r 0-4999999 %s/files; curl -s --noproxy '*' -C - -o %s.part %s/files;"
    .. "cksum < %s.part; rm %s.part"):format(path, base, path, base, path, path)), sum)
local size = run("wc -c < " .. path):match("%d+")
check.equal("an upload with Expect", curl("-T " .. path .. " " .. base .. "/upload"), size)
check.equal("an upload in chunks", run("curl -s --noproxy '*' -T - " .. base .. "/upload < " .. path), size)
check.equal("a body too large by its announcement", curl("-w '%{http_code}' -d x " .. base .. "/"), "POST x200")
check.equal("events", select(2, curl("-N " .. base .. "/events"):gsub("id: %d\ndata: tick\n\n", "")), 3)

local function tls(arguments, host)
    host = host or "localhost"
    return curl(("--cacert %s/ca.crt --resolve %s:%d:127.0.0.1 %s https://%s:%d"):format(certs, host, secure, arguments, host,
        secure))
end
check.equal("https", tls("--http1.1"), "GET ")
local told = curl(("--cacert %s/ca.crt https://localhost:%d/tls"):format(certs, secure))
check.ok("request.tls", told:find("^https TLSv1%.[23] http/1%.1 localhost$"), told)
check.equal("a file over TLS", run(("curl -s --noproxy '*' --cacert %s/ca.crt https://localhost:%d/file | cksum")
    :format(certs, secure)), sum)
check.equal("the certificate of a name", tls("", "a.tls.test"), "GET ")
check.equal("new certificates are taken", curl(base .. "/renew"), "true")
check.equal("localhost is not among their names", tls(""), "")
check.equal("but this is", tls("", "b.tls.test"), "GET ")
check.equal("plain HTTP on the TLS port", curl("http://127.0.0.1:" .. secure .. "/"), "")

if run("openssl version") ~= "" then
    -- server.tls.1
    local refusal = run(("echo | openssl s_client -connect 127.0.0.1:%d -alpn h2"):format(secure))
    -- native-tls takes only a list of protocols, and goes on without one
    local says = require("tls").is_complete() and "Cipher is (NONE)" or "No ALPN negotiated"
    check.ok("a client of other protocols is refused in the handshake", refusal:find(says, 1, true), refusal)
end

local PYTHON = os.getenv("COMPAT_PYTHON") or "python3"
local python = ([[
import http.client, sys
c = http.client.HTTPConnection("127.0.0.1", %d, timeout=30)
out = []
for i in range(5):
    c.request("POST", "/", body="x" * i, headers={"X-A": "b"})
    out.append(c.getresponse().read().decode())
c.request("PUT", "/", body=iter([b"a", b"b"]), encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
out.append(c.getresponse().read().decode())
print("|".join(out))
]]):format(server.port)
local script = os.tmpname()
local function run_python(program)
    local file = assert(io.open(script, "w"))
    file:write(program)
    file:close()
    return run(PYTHON .. " " .. script)
end
check.equal("Python's http.client", run_python(python), "POST |POST x|POST xx|POST xxx|POST xxxx|PUT ab\n")
if run_python("import requests; print('installed')") ~= "" then
    check.equal("Python's requests", run_python(([[
import requests
base, size = "BASE", SIZE
s = requests.Session()
s.trust_env = False
out = [s.get(base).text]
out.append(s.post(base, data={"a": "b c"}).text)
out.append(s.post(base, data=iter([b"chunk", b"s"])).text)
out.append(s.put(base, json={"a": 1}).text)
out.append(str(s.head(base + "file").headers["Content-Length"] == str(size)))
out.append(str(sum(len(piece) for piece in s.get(base + "file", stream=True).iter_content(65536)) == size))
out.append(s.get(base + "files", headers={"Range": "bytes=8-15"}).text)
print("|".join(out))
]]):gsub("BASE", base .. "/"):gsub("SIZE", size) .. ""), 'GET |POST a=b+c|POST chunks|PUT {"a": 1}|True|True|0000001 \n')
end
os.remove(script)

local entries = curl(base .. "/log")
check.ok("a failed handshake is in the log", entries:find("tls: ", 1, true), entries)
check.ok("and no error", not entries:find("on_error", 1, true), entries)

check.ok("stop", curl(base .. "/stop"):find("^GET"))
check.equal("the program goes on after it", server.output:read("*l"), "stopped")
server:close()
os.remove(path)
check.done()
