-- Clients in tasks: https, mail and FTP at once (tasks.s.2), a cancelled request (tasks.s.33), one deadline for several
-- requests (tasks.s.45), and each phase stalled outside any task (tasks.s.47; names are in tasks_names.lua).
-- needs: nginx, certs, aiosmtpd, vsftpd
-- not on: lua5.2, lua5.3
-- time limit: 120
local check = require("check")
local folders = require("folders")
local ftp = require("socket.ftp")
local http = require("socket.http")
local https = require("socket.https")
local ltn12 = require("ltn12")
local peer = require("peer")
local smtp = require("socket.smtp")
local socket = require("socket")
local tasks = require("socket.tasks")

local function count(n)
    local numbers = {}
    for i = 1, n do numbers[i] = i end
    return numbers
end

-- A server in a task: it answers the first `answered` requests, and no later ones.
local function serve(answered)
    local server = assert(socket.bind("127.0.0.1", 0))
    local _, port = server:getsockname()
    local connections = {}
    tasks.start(function()
        for number = 1, math.huge do
            local client = server:accept()
            if not client then return end
            repeat
                local line = client:receive("*l")
            until not line or line == ""
            connections[#connections + 1] = client
            if number <= answered then
                client:send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                client:close()
            end
        end
    end)
    return "http://127.0.0.1:" .. port .. "/", server, connections
end

-- The maximum number of simultaneous calls shows that they did not run one after another.
local running, most = 0, 0
local function counted(f)
    return function(...)
        running = running + 1
        if running > most then most = running end
        local result, problem = f(...)
        running = running - 1
        return result, problem
    end
end

local secure = "https://localhost:" .. os.getenv("COMPAT_HTTPS_PORT") .. "/index.html"
https.cfg.cafile = os.getenv("COMPAT_CERTS") .. "/ca.crt"
local pages, problems = tasks.map(count(50), 50, counted(function()
    local body, code = https.request(secure)
    return body and code == 200 and #body > 0, code
end))
check.equal("s.2: https, all", { #pages, problems }, { 50 })
check.ok("s.2: https, at once", most > 10, most)

folders.make("mail")
local mail = peer.python(os.getenv("COMPAT_SERVERS") .. "/smtpd.py", "mail")
most = 0
local sent
sent, problems = tasks.map(count(50), 50, counted(function(number)
    return smtp.send({ from = "<jo@example.org>", rcpt = "<box" .. number .. "@example.org>", server = "127.0.0.1", port = mail.port,
        source = ltn12.source.string("Subject: s\r\n\r\ntext " .. number) })
end))
check.equal("s.2: mail, all", { #sent, problems }, { 50 })
check.ok("s.2: mail, at once", most > 10, most)
local delivered = io.open("mail/box50", "rb")
check.ok("s.2: mail, delivered", delivered and delivered:read("*a"):find("text 50", 1, true))
if delivered then delivered:close() end

local unique = os.tmpname()
os.remove(unique)
local name = unique:match("[^/\\]+$") .. ".txt"
local file = assert(io.open(os.getenv("COMPAT_VSFTPD_ROOT") .. "/" .. name, "wb"))
file:write(("content\n"):rep(1000))
file:close()
most = 0
local files
files, problems = tasks.map(count(20), 20, counted(function()
    local text, problem = ftp.get("ftp://127.0.0.1:" .. os.getenv("COMPAT_VSFTPD_PORT") .. "/" .. name .. ";type=i")
    return text and #text == 8000, problem
end))
os.remove(os.getenv("COMPAT_VSFTPD_ROOT") .. "/" .. name)
check.equal("s.2: ftp, all", { #files, problems }, { 20 })
check.ok("s.2: ftp, at once", most > 5, most)

tasks.run(function()
    local url, server, connections = serve(0)
    local request = tasks.start(function() return http.request(url) end)
    while not connections[1] do tasks.yield() end
    check.equal("s.33: cancelled", { request:cancel("stop"), request:wait() }, { true, true, nil, "stop" })
    -- the server sees the connection close: the request leaves nothing open
    connections[1]:settimeout(20)
    check.equal("s.33: its descriptor is closed", { connections[1]:receive(1) }, { nil, "closed", "" })
    server:close()
end)

tasks.run(function()
    local url, server = serve(3)
    local codes = {}
    tasks.deadline(2, function()
        for i = 1, 10 do
            local _, code = http.request(url)
            codes[i] = code
        end
    end)
    check.equal("s.45: three answers in time, then none", codes, { 200, 200, 200, "timeout", "timeout", "timeout", "timeout", "timeout",
        "timeout", "timeout" })
    check.equal("s.45: no deadline afterwards", tasks.yield(), true)
    server:close()
end)

-- Outside any task. The listening object never accepts: the system completes the connection, and no data arrives.
local silent = assert(socket.bind("127.0.0.1", 0))
local _, port = silent:getsockname()
for what, url in pairs({ ["the head"] = "http://127.0.0.1:" .. port .. "/", ["the handshake"] = "https://127.0.0.1:" .. port .. "/" }) do
    local started = socket.gettime()
    check.equal("s.47: " .. what .. " stalls", { tasks.deadline(0.3, function() return http.request(url) end) }, { nil, "timeout" })
    check.ok("s.47: " .. what .. ": within the time", socket.gettime() - started < 10)
end
silent:close()
check.done()
