-- A peer is killed while it sends, receives, or is idle.
local check = require("check")
local peer = require("peer")
local socket = require("socket")
local http = require("socket.http")
http.TIMEOUT = 20

-- Prints its port, and writes its process ID to the given file. It never ends by itself.
local function victim(work)
    local path = os.tmpname()
    local server = peer.lua(([[
local socket = require("socket")
local listener = assert(socket.bind("127.0.0.1", 0))
local stat = io.open("/proc/self/stat")
local file = io.open(%q, "w")
file:write(stat:read("*n"))
file:close()
print((select(2, listener:getsockname())))
local client = listener:accept()
%s
client:receive("*a")
]]):format(path, work))
    local file = assert(io.open(path))
    server.number = file:read("*n")
    file:close()
    os.remove(path)
    function server:kill() os.execute("kill -9 " .. self.number) end
    return server
end
local function connected(server)
    local client = assert(socket.connect("127.0.0.1", server.port))
    client:settimeout(20)
    return client
end

local server = victim([[while true do client:send(("x"):rep(65536)) end]])
local client = connected(server)
check.equal("receiving: it began", #client:receive(1000000), 1000000)
server:kill()
local data, problem, partial = client:receive(10 ^ 9)
check.equal("receiving by count", { data, problem }, { nil, "closed" })
check.ok("receiving by count: what came is returned", #partial < 10 ^ 9 and not partial:find("[^x]"))
check.equal("receiving after that", { client:receive() }, { nil, "closed", "" })
client:close()

server = victim([[client:receive(1000)]])
client = connected(server)
client:send(("x"):rep(1000))
server:kill()
local sent, last
repeat
    sent, problem, last = client:send(("x"):rep(1000000))
until not sent
check.equal("sending", { problem, last >= 0 and last < 1000000 }, { "closed", true })
client:close()

server = victim("")
client = connected(server)
server:kill()
check.equal("waiting", { client:receive() }, { nil, "closed", "" })
local ready = socket.select({ client }, nil, 5)
check.equal("select tells", ready[1] == client, true)
client:close()

for _, head in ipairs({ "Content-Length: 1000000000\\r\\n\\r\\n", "Transfer-Encoding: chunked\\r\\n\\r\\n40000000\\r\\n" }) do
    server = victim(([[
repeat until client:receive() == ""
client:send("HTTP/1.1 200 OK\r\n%s")
while true do client:send(("x"):rep(65536)) end]]):format(head))
    local count, told, killed = 0, nil, false
    local function sink(chunk, err)
        count = count + (chunk and #chunk or 0)
        told = told or err
        if count > 1000000 and not killed then
            killed = true
            server:kill()
        end
        return 1
    end
    if head:find("chunked") then
        -- a chunk is one piece, so the sink gets no data: another process kills the peer
        os.execute(("(sleep 0.3; kill -9 %d) &"):format(server.number))
    end
    local result = { http.request({ url = "http://127.0.0.1:" .. server.port .. "/", sink = sink }) }
    check.equal("http: " .. head:sub(1, 17), result, { nil, "closed" })
    check.equal("http: the error that the sink got: " .. head:sub(1, 17), told, "closed")
end
check.done()
