-- Our clients with our server, in tasks of one process (server.s.30, 31, 75), over TCP, TLS and a Unix socket.
-- needs: certs
local check = require("check")
local http = require("http")
local old = require("socket.http")
local raw = require("raw_http")
local tasks = require("socket.tasks")

local certs = os.getenv("COMPAT_CERTS")
local pair = { certificate = certs .. "/good.pem", key = certs .. "/good.key" }
local path = os.tmpname()
os.remove(path)

local function handler(request)
    if request.path == "/echo" then return { body = request.body } end
    if request.path == "/chunks" then
        local n = 0
        return { body = function()
            n = n + 1
            return n <= 10 and ("x"):rep(n * 100) or nil
        end }
    end
    return { body = request.scheme .. " " .. request.path }
end

tasks.run(function()
    local told = {}
    local unix = package.config:sub(1, 1) == "/"
    local server = assert(http.listen("127.0.0.1", 0, handler, {
        addresses = { { host = "127.0.0.1", port = 0, tls = pair }, unix and { host = "unix:" .. path } or nil },
        on_error = function(message) told[#told + 1] = message end,
    }))
    local _, port = server:getsockname(1)
    local _, secure = server:getsockname(2)
    local base = "http://127.0.0.1:" .. port

    -- server.s.75: 200 tasks, each with a few requests on kept connections
    local list = {}
    for i = 1, 200 do list[i] = i end
    local results, errors = tasks.map(list, 200, function(i)
        for k = 1, 3 do
            local response, message = http.post(base .. "/echo", { body = ("%d %d "):format(i, k):rep(i) })
            if not response then return nil, message end
            if response.status ~= 200 or response.body ~= ("%d %d "):format(i, k):rep(i) then return nil, "other body" end
        end
        return true
    end)
    check.equal("200 tasks with kept connections", { #results, errors }, { 200, nil })
    check.equal("chunks", #http.get(base .. "/chunks").body, 5500)
    check.equal("the old face", { (old.request(base .. "/a")), (select(2, old.request(base .. "/a"))) }, { "http /a", 200 })

    local verify = { cafile = certs .. "/ca.crt" }
    results, errors = tasks.map({ 1, 2, 3, 4, 5 }, 5, function()
        local body, status = require("ssl.https").request({ url = "https://localhost:" .. secure .. "/s", cafile = verify.cafile,
            sink = function() return 1 end })
        return body and status or nil, status
    end)
    check.equal("https", { results, errors }, { { 200, 200, 200, 200, 200 }, nil })

    if unix then
        local peer = require("socket.unix").stream()
        assert(peer:connect(path))
        peer:settimeout(10)
        for _ = 1, 5 do check.equal("a Unix socket", raw.ask(peer, "/u").body, "http /u") end
        peer:close()
    end

    -- server.s.30: no answer waits 40 ms for the peer's delayed acknowledgement, because each is sent at once
    local peers, delaying = {}, 0
    for i = 1, 10 do
        peers[i] = raw.connect(server)
        raw.ask(peers[i], "/")
    end
    local connections = 0
    for connection in pairs(server.connections) do
        connections = connections + 1
        local tcp = connection.scheme ~= "https" and connection.ip and connection.port
        if tcp and not connection.sock:getoption("tcp-nodelay") then delaying = delaying + 1 end
    end
    check.ok("no answer is delayed", connections >= 10 and delaying == 0, ("%d of %d"):format(delaying, connections))
    for i = 1, 10 do peers[i]:close() end

    check.equal("no error", told, {})
    server:close()
    if unix then check.equal("the file is gone", io.open(path), nil) end
end)
check.done()
