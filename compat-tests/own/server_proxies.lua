-- nginx and HAProxy in front of the server, connections kept on both sides; ab and h2load (server.s.74).
-- needs: nginx
-- not on: lua5.1, lua5.2, lua5.3, luajit, runner
-- time limit: 120
local check = require("check")
local http = require("http")
local peer = require("peer")
local ports = require("ports")
local socket = require("socket")

local server = peer.lua([[
local http, tasks = require("http"), require("socket.tasks")
local seen = {}
tasks.run(function()
    local server = assert(http.listen("127.0.0.1", 0, function(request)
        if request.path == "/stop" then request.server:stop(5) end
        if request.path == "/body" then return { body = request.body } end
        if request.path == "/reset" then
            seen = {}
            return {}
        end
        if request.path == "/connections" then
            local n = 0
            for _ in pairs(seen) do n = n + 1 end
            return { body = tostring(n) }
        end
        seen[request.port] = true
        return { body = "hello from behind" }
    end))
    print((select(2, server:getsockname())))
    server:wait()
end)
]])

local function run(command)
    local pipe = assert(io.popen(command .. " 2>/dev/null"))
    local text = pipe:read("*a")
    pipe:close()
    return text
end

local function installed(program) return run("command -v " .. program) ~= "" end

local function write(path, text)
    local file = assert(io.open(path, "w"))
    file:write(text)
    file:close()
end

local here = run("pwd"):match("[^\n]+")

-- Starts a proxy in the background, and waits until it listens.
local function start(command, port)
    local pid = run(command .. " >/dev/null 2>&1 & echo $!"):match("%d+")
    for _ = 1, 200 do
        local probe = socket.connect("127.0.0.1", port)
        if probe then
            probe:close()
            return pid
        end
        socket.sleep(0.05)
    end
    check.ok("started: " .. command, false)
    return pid
end

local function through(name, port)
    local base = "http://127.0.0.1:" .. port
    local failed = 0
    for i = 1, 500 do
        local response, message = http.request(i % 2 == 0 and "POST" or "GET", base .. (i % 2 == 0 and "/body" or "/"),
            i % 2 == 0 and { body = ("x"):rep(i * 10) } or nil)
        local expected = i % 2 == 0 and ("x"):rep(i * 10) or "hello from behind"
        if not response or response.status ~= 200 or response.body ~= expected then
            failed = failed + 1
            check.ok(name .. ", request " .. i, false, message or response.status)
        end
        if failed > 3 then break end
    end
    check.equal(name .. ": 500 requests", failed, 0)
    if installed("ab") then
        local report = run("ab -q -k -n 2000 -c 20 " .. base .. "/")
        check.equal(name .. ": ab", { report:match("Complete requests: +(%d+)"), report:match("Failed requests: +(%d+)"),
            report:match("Non%-2xx") }, { "2000", "0", nil })
    end
end

if installed("ab") then
    local report = run("ab -q -k -n 3000 -c 50 http://127.0.0.1:" .. server.port .. "/")
    check.equal("ab, kept", { report:match("Complete requests: +(%d+)"), report:match("Failed requests: +(%d+)") }, { "3000", "0" })
    report = run("ab -q -n 500 -c 20 http://127.0.0.1:" .. server.port .. "/")
    check.equal("ab, HTTP/1.0, closed", { report:match("Complete requests: +(%d+)"), report:match("Failed requests: +(%d+)") },
        { "500", "0" })
end

if installed("h2load") then
    -- HTTP/1.1, ten pipelined requests at a time
    local report = run("h2load --h1 -n 3000 -c 20 -m 10 http://127.0.0.1:" .. server.port .. "/")
    check.equal("h2load", { report:match("(%d+) succeeded, (%d+) failed, (%d+) errored") }, { "3000", "0", "0" })
    check.ok("h2load: every status is 200", report:find("status codes: 3000 2xx, 0 3xx, 0 4xx, 0 5xx", 1, true), report)
end

http.get("http://127.0.0.1:" .. server.port .. "/reset")
local port = ports.free()
write("nginx.conf", ([[
daemon off; pid %s/nginx.pid; error_log %s/nginx.log;
events { worker_connections 256; }
http {
    access_log off;
    client_body_temp_path %s/t1; proxy_temp_path %s/t2; fastcgi_temp_path %s/t3; uwsgi_temp_path %s/t4; scgi_temp_path %s/t5;
    upstream lua { server 127.0.0.1:%d; keepalive 32; }
    server {
        listen 127.0.0.1:%d;
        location / { proxy_pass http://lua; proxy_http_version 1.1; proxy_set_header Connection ""; }
    }
}
]]):format(here, here, here, here, here, here, here, server.port, port))
local nginx = start("nginx -c " .. here .. "/nginx.conf", port)
through("behind nginx", port)
run("kill " .. nginx)

if installed("haproxy") then
    port = ports.free()
    write("haproxy.cfg", ([[
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
listen front
    bind 127.0.0.1:%d
    http-reuse always
    server lua 127.0.0.1:%d
]]):format(port, server.port))
    local haproxy = start("haproxy -f " .. here .. "/haproxy.cfg", port)
    through("behind HAProxy", port)
    run("kill " .. haproxy)
end

local connections = tonumber(http.get("http://127.0.0.1:" .. server.port .. "/connections").body)
check.ok("the proxies kept their connections", connections < 200, connections)
http.get("http://127.0.0.1:" .. server.port .. "/stop")
server:close()
check.done()
