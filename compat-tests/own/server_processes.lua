-- Several processes on one port, and a shortage of descriptors (server.s.12, 14, 29).
-- needs: python3
-- not on: lua5.2, lua5.3
local check = require("check")
local peer = require("peer")
local socket = require("socket")

-- Makes one request on a new connection; returns nil and a message on failure.
local function ask(port, path)
    local sock, message = socket.connect("127.0.0.1", port)
    if not sock then return nil, message end
    sock:settimeout(10)
    sock:send("GET " .. (path or "/") .. " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    local text, problem, partial = sock:receive("*a")
    sock:close()
    local body = (text or partial):match("^HTTP/1.1 200 OK\r\n.-\r\n\r\n(.*)$")
    if body then return body end
    return nil, problem
end

-- server.s.12
local CHILD = [[
local http = require("http")
local tasks = require("socket.tasks")
tasks.run(function()
    local server = assert(http.listen("127.0.0.1", %d, function(request)
        if request.path == "/stop" then request.server:stop(5) end
        return { body = %q }
    end, { reuseport = true, addresses = { { host = "127.0.0.1", port = 0 } } }))
    local _, port = server:getsockname(1)
    local _, own = server:getsockname(2)
    print(port)
    print(own)
    server:wait()
end)
]]
local first = peer.lua(CHILD:format(0, "one"))
local second = peer.lua(CHILD:format(first.port, "two"))
local own = tonumber(first.output:read("*l"))
check.equal("two processes on one port", second.port, first.port)
local seen = {}
for _ = 1, 200 do
    local body = ask(first.port)
    if body then seen[body] = true end
    if seen.one and seen.two then break end
end
check.equal("both serve", { seen.one, seen.two }, { true, true })
check.equal("one stops", ask(own, "/stop"), "one")
first:close()
local good = 0
for _ = 1, 20 do
    if ask(second.port) == "two" then good = good + 1 end
end
check.equal("the other goes on", good, 20)
ask(second.port, "/stop")
second:close()

-- server.s.14: four processes share a listening socket
local child = os.tmpname()
local file = assert(io.open(child, "w"))
file:write([[
local http = require("http")
local socket = require("socket")
local listener = socket.tcp()
listener:setfd(tonumber((...)))
assert(listener:listen(511))
http.listen(nil, nil, function(request)
    if request.path == "/stop" then request.server:stop(5) end
    return { body = "served" }
end, { socket = listener })
]])
file:close()
local script = os.tmpname()
file = assert(io.open(script, "w"))
file:write([[
import os, socket, subprocess, sys
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(511)
s.setblocking(False)
os.set_inheritable(s.fileno(), True)
children = [subprocess.Popen("exec " + os.environ["COMPAT_LUA"] + " " + sys.argv[1] + " " + str(s.fileno()), shell=True, close_fds=False)
            for _ in range(4)]
print("READY", s.getsockname()[1], flush=True)
s.close()
for child in children:
    child.wait()
]])
file:close()
local shared = peer.python(script, child)
local served = 0
for _ = 1, 1000 do
    if ask(shared.port) == "served" then served = served + 1 end
end
check.equal("1000 requests to four processes", served, 1000)
repeat until select(2, ask(shared.port, "/stop")) == "connection refused"
shared:close()
os.remove(script)
os.remove(child)

-- server.s.29
if package.config:sub(1, 1) == "/" then
    local limited = os.tmpname()
    file = assert(io.open(limited, "w"))
    file:write([[
io.stdout:setvbuf("no")
local http = require("http")
local socket = require("socket")
local tasks = require("socket.tasks")
local told = 0
tasks.run(function()
    local server = assert(http.listen("127.0.0.1", 0, function(request)
        if request.path == "/told" then return { body = tostring(told) } end
        if request.path == "/stop" then request.server:stop(5) end
        socket.sleep(0.02)
        return { body = "served" }
    end, { linger = 0.1, on_error = function(message)
        if message:find("oo many open files") then told = told + 1 end
    end }))
    print((select(2, server:getsockname())))
    server:wait()
end)
]])
    file:close()
    local starter = os.tmpname()
    file = assert(io.open(starter, "w"))
    file:write("import os, resource, sys\nresource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\n"
        .. "os.execvp('sh', ['sh', '-c', 'exec ' + os.environ['COMPAT_LUA'] + ' ' + sys.argv[1]])\n")
    file:close()
    local server = peer.python(starter, limited)
    local peers = {}
    for i = 1, 200 do
        peers[i] = assert(socket.connect("127.0.0.1", server.port))
        peers[i]:settimeout(30)
        peers[i]:send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    end
    served = 0
    for i = 1, 200 do
        if (peers[i]:receive("*a") or ""):find("served$") then served = served + 1 end
        peers[i]:close()
    end
    check.equal("200 peers with 64 descriptors", served, 200)
    check.ok("on_error gets the error", tonumber(ask(server.port, "/told")) >= 1)
    ask(server.port, "/stop")
    server:close()
    os.remove(limited)
    os.remove(starter)
end

check.done()
