-- A proxy in front of each peer forwards a few bytes at a time, through sockets with the smallest possible buffers.
-- Reads and writes are short, and most would block.
-- needs: nginx, certs
-- time limit: 120
local check = require("check")
local peer = require("peer")
local tls = require("tls")
local socket = require("socket")
local http = require("socket.http")
local https = require("ssl.https")
local ltn12 = require("ltn12")
http.TIMEOUT = 20
https.TIMEOUT = 20

-- Forwards the data of a port, in pieces of 1 to `most` bytes.
local function proxy(port, most)
    return peer.lua(([[
local socket = require("socket")
local listener = assert(socket.tcp4())
assert(listener:bind("127.0.0.1", 0))
assert(listener:setoption("recv-buffer-size", 1))
assert(listener:listen())
print((select(2, listener:getsockname())))
local state = 1
local function some()
    state = state * 16807 %% 2147483647
    return state %% %d + 1
end
local other, left = {}, {}
while true do
    local open = { listener }
    for sock in pairs(other) do open[#open + 1] = sock end
    local ready = socket.select(open, nil, 20)
    if #ready == 0 then break end
    for _, sock in ipairs(ready) do
        if sock == listener then
            local client = listener:accept()
            local server = socket.tcp4()
            server:setoption("recv-buffer-size", 1)
            if not server:connect("127.0.0.1", %d) then os.exit(0) end
            for from, to in pairs({ [client] = server, [server] = client }) do
                other[from], left[from] = to, true
                from:settimeout(0)
                from:setoption("send-buffer-size", 1)
                from:setoption("tcp-nodelay", true)
            end
        elseif other[sock] then
            local data, problem, partial = sock:receive(some())
            local text, to, at = data or partial or "", other[sock], 1
            while at <= #text do
                local last, failure, sent = to:send(text, at)
                at = (last or sent or 0) + 1
                if failure == "closed" then break end
                if failure then socket.select(nil, { to }, 1) end
            end
            if problem == "closed" then
                left[sock] = nil
                to:shutdown("send")
                if not left[to] then
                    sock:close()
                    to:close()
                    other[to] = nil
                end
                other[sock] = nil
            end
        end
    end
end
]]):format(most, port))
end

local file = assert(io.open(os.getenv("COMPAT_WWW") .. "/large.bin", "rb"))
local large = file:read("*a")
file:close()
local function fetched(module, url, changes)
    local pieces = {}
    local reqt = { url = url, sink = ltn12.sink.table(pieces) }
    for name, value in pairs(changes or {}) do reqt[name] = value end
    local _, code = module.request(reqt)
    return table.concat(pieces), code
end

-- One byte at a time: both heads, and a small body.
local plain, secure = os.getenv("COMPAT_HTTP_PORT"), os.getenv("COMPAT_HTTPS_PORT")
local few = proxy(plain, 3)
local direct = fetched(http, "http://127.0.0.1:" .. plain .. "/small.txt")
check.equal("http, 1 to 3 bytes at a time", { fetched(http, ("http://127.0.0.1:%d/small.txt"):format(few.port)) }, { direct, 200 })
check.equal("a redirect", select(2, fetched(http, ("http://127.0.0.1:%d/redirect/302"):format(few.port))), 200)
local many = proxy(plain, 5000)
local body, code = fetched(http, ("http://127.0.0.1:%d/large.bin"):format(many.port))
check.ok("4 MiB in small pieces", code == 200 and body == large, code)

-- TLS: records split at any byte
local cut = proxy(secure, 40)
local changes = { verify = "peer", cafile = tls.certificates .. "ca.crt", protocol = "any" }
check.equal("https, 1 to 40 bytes at a time",
    { fetched(https, ("https://localhost:%d/small.txt"):format(cut.port), changes) }, { direct, 200 })
local coarse = proxy(secure, 5000)
body, code = fetched(https, ("https://localhost:%d/large.bin"):format(coarse.port), changes)
check.ok("4 MiB over TLS in small pieces", code == 200 and body == large, code)

-- Sends a lot through the smallest buffer. Every write is short or would block. Only a write that would block waits for
-- room.
local echo = peer.lua([[
local socket = require("socket")
local listener = assert(socket.bind("127.0.0.1", 0))
print((select(2, listener:getsockname())))
local client = listener:accept()
client:settimeout(20)
local text = client:receive(1000000)
client:send(text)
client:close()
]])
local between = proxy(echo.port, 5000)
local client = assert(socket.connect("127.0.0.1", between.port))
client:setoption("send-buffer-size", 1)
client:settimeout(0)
local parts = {}
for i = 1, 100000 do parts[i] = ("%09d\n"):format(i) end
local text, at, short, blocked, received = table.concat(parts), 1, 0, 0, {}
while at <= #text do
    local last, problem, sent = client:send(text, at)
    if not last and problem ~= "timeout" then break end
    if not last and sent < at then
        blocked = blocked + 1
        socket.select(nil, { client }, 20)
    else
        short = short + 1
    end
    at = (last or sent) + 1
end
check.equal("1 MB sent in many short writes", at, #text + 1)
check.ok("writes were short", short > 10, short .. " short, " .. blocked .. " that would block")
check.ok("and some would block", blocked > 10, short .. " short, " .. blocked .. " that would block")
repeat
    local line, problem, partial = client:receive(7777)
    received[#received + 1] = line or partial
    if problem == "timeout" then socket.select({ client }, nil, 20) end
until problem == "closed"
check.ok("it comes back whole", table.concat(received) == text)
check.done()
