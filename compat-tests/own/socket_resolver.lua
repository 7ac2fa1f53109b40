-- A name server that never answers: add.20.
-- needs: network-namespace, root, python3
local check = require("check")
local peer = require("peer")
local socket = require("socket")

local silent = assert(socket.udp4())
assert(silent:setsockname("127.0.0.1", 53))
-- A lookup ends when this script answers it. It does not end by itself while the script runs.
require("names")("timeout:30 attempts:1")

local left_behind = 0
local function timed(label, limit, f)
    left_behind = left_behind + 1
    local started = socket.gettime()
    local result, problem = f()
    local took = socket.gettime() - started
    check.equal(label .. ": the error", { result, problem }, { nil, "timeout" })
    check.ok(label .. ": within the limit", took >= limit - 0.05 and took < limit + 10, took)
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
timed("add.20 digits and dots that are no address", 0.4, function()
    local t = socket.tcp()
    t:settimeout(0.4)
    return t:connect("1.2.3.4.5", 80)
end)
local started = socket.gettime()
local t = socket.tcp()
t:settimeout(20)
check.equal("literals never reach the resolver", { t:connect("127.0.0.1", 1) }, { nil, "connection refused" })
check.ok("literals: at once", socket.gettime() - started < 10)
local http = require("socket.http")
http.TIMEOUT = 0.4
timed("add.20 http.TIMEOUT", 0.4, function() return http.request("http://stalled.example/") end)
timed("add.34 http.TIMEOUT of an https URL", 0.4, function() return http.request("https://stalled.example/") end)
local https = require("socket.https")
https.TIMEOUT = 0.4
timed("add.34 https.TIMEOUT", 0.4, function() return https.request("https://stalled.example/") end)
timed("add.34 a proxy's name", 0.4, function()
    return https.request({ url = "https://127.0.0.1:1/", proxy = "http://stalled.example:3128" })
end)
timed("add.20 udp:setpeername", 0.4, function()
    local u = socket.udp()
    u:settimeout(0.4)
    return u:setpeername("stalled.example", 80)
end)
timed("add.20 udp:setsockname", 0.4, function()
    local u = socket.udp4()
    u:settimeout(0.4)
    return u:setsockname("stalled.example", 0)
end)
timed("add.20 tcp:bind", 0.4, function()
    local master = socket.tcp()
    master:settimeout(0.4)
    return master:bind("stalled.example", 0)
end)
local smtp = require("socket.smtp")
smtp.TIMEOUT = 0.4
timed("add.20 smtp.TIMEOUT", 0.4, function()
    return smtp.send({ from = "<a@b>", rcpt = "<c@d>", server = "stalled.example", source = function() end })
end)
local ftp = require("socket.ftp")
ftp.TIMEOUT = 0.4
timed("add.20 ftp.TIMEOUT", 0.4, function() return ftp.get("ftp://stalled.example/file") end)
silent:settimeout(5)
check.ok("the name server was asked", silent:receive() ~= nil)

-- At most 128 lookups run at once. Further ones send no query, and wait for a permit within their time limits.
local queries = {}
-- Whether the name server gets a query for a name in time. The queries are kept.
local function asked(label, limit)
    silent:settimeout(limit)
    repeat
        local query, host, from = silent:receivefrom()
        if query then queries[#queries + 1] = { text = query, host = host, port = from } end
        if query and query:find(label, 1, true) then return true end
    until not query
    return false
end
local function connect(name, limit)
    local client = socket.tcp4()
    client:settimeout(limit)
    local connected, problem = client:connect(name, 1)
    client:close()
    return connected, problem
end
local places, others = 128 - left_behind, {}
for i = 1, 140 do
    local label = "stuck" .. i
    local connected, problem = connect(label .. ".example.", 0.01)
    if connected or problem ~= "timeout" or i <= places and not asked(label, 5) then others[#others + 1] = label end
end
check.equal("each of many gets its timeout, and each that has a place is looked up", others, {})
timed("one beyond the most", 0.4, function() return connect("beyond.example.", 0.4) end)
asked("nobody", 0)
local most = 0
for _, query in ipairs(queries) do
    most = math.max(most, tonumber(query.text:match("stuck(%d+)")) or query.text:find("beyond", 1, true) and 999 or 0)
end
check.equal("further lookups ask no server", most, places)
local REFUSED = { nil, "connection refused" }
started = socket.gettime()
check.equal("a literal needs no place", { connect("127.0.0.1", 5) }, REFUSED)
check.equal("nor does a name in the hosts file", { connect("hosts-file.test", 5) }, REFUSED)
check.equal("nor does localhost", { connect("localhost", 5) }, REFUSED)
check.equal("nor does who has no limit", { connect("localhost", nil) }, REFUSED)
check.equal("nor does socket.dns", (socket.dns.toip("localhost")), "127.0.0.1")
local unwaiting = socket.tcp4()
unwaiting:settimeout(0)
check.equal("nor does an object that does not wait", { unwaiting:bind("localhost", 0) }, { 1 })
check.ok("all of these at once", socket.gettime() - started < 15)

-- Lookups end with the answer that the name does not exist; the waiting lookups then get their permits.
for _, query in ipairs(queries) do
    silent:sendto(query.text:sub(1, 2) .. "\129\131" .. query.text:sub(5), query.host, query.port)
end
local again
for i = 1, 200 do
    again = "again" .. i
    connect(again .. ".example.", 0.05)
    if asked(again, 0.05) then break end
    again = nil
end
check.ok("names are looked up again", again)

-- A process ends while a lookup is waiting.
started = socket.gettime()
peer.lua([[
local client = require("socket").tcp4()
client:settimeout(0.5)
print(select(2, client:connect("last.example.", 1)) == "timeout" and 1)
]]):close()
check.ok("the lookup waits", asked("last", 5))
check.ok("the process has ended", socket.gettime() - started < 20)
check.done()
