-- A name server that never answers: add.20.
-- needs: network-namespace, root, python3
local check = require("check")
local socket = require("socket")

local silent = assert(socket.udp4())
assert(silent:setsockname("127.0.0.1", 53))
require("names")("timeout:3 attempts:2")

local function timed(label, limit, f)
    local started = socket.gettime()
    local result, problem = f()
    local took = socket.gettime() - started
    check.equal(label .. ": the error", { result, problem }, { nil, "timeout" })
    check.ok(label .. ": within the limit", took >= limit - 0.05 and took < limit + 1.5, took)
end

timed("add.20 block limit", 0.4, function()
    local t = socket.tcp()
    t:settimeout(0.4)
    return t:connect("stalled.example", 80)
end)
timed("add.20 total limit", 0.4, function()
    local t = socket.tcp4()
    t:settimeout(0.4, "t")
    return t:connect("stalled.example", 80)
end)
local started = socket.gettime()
local t = socket.tcp()
t:settimeout(0.4)
check.equal("literals never reach the resolver", { t:connect("127.0.0.1", 1) }, { nil, "connection refused" })
check.ok("literals: at once", socket.gettime() - started < 0.3)
local http = require("socket.http")
http.TIMEOUT = 0.4
timed("add.20 http.TIMEOUT", 0.4, function() return http.request("http://stalled.example/") end)
timed("add.34 http.TIMEOUT of an https URL", 0.4, function() return http.request("https://stalled.example/") end)
local https = require("socket.tls_https")
https.TIMEOUT = 0.4
timed("add.34 https.TIMEOUT", 0.4, function() return https.request("https://stalled.example/") end)
timed("add.34 a proxy's name", 0.4, function()
    return https.request({ url = "https://127.0.0.1:1/", proxy = "http://stalled.example:3128" })
end)
silent:settimeout(0)
check.ok("the name server was asked", silent:receive() ~= nil)

-- Many at once leave nothing behind that blocks the next, and the process ends while they wait.
for i = 1, 20 do
    local many = socket.tcp()
    many:settimeout(0.01)
    many:connect("stalled" .. i .. ".example", 80)
end
local again = socket.tcp()
again:settimeout(2)
check.equal("names in the hosts file still resolve", { again:connect("localhost", 1) }, { nil, "connection refused" })
check.done()
