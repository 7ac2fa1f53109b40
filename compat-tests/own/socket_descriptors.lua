-- Descriptors: no ceiling (add.22), none inherited (add.33), select over thousands.
local check = require("check")
local socket = require("socket")

local server = assert(socket.bind("127.0.0.1", 0, 4096))
local _, port = server:getsockname()
local sockets, problem = {}, nil
for i = 1, 3000 do
    sockets[i], problem = socket.udp4()
    if not sockets[i] then break end
end
check.ok("3000 sockets", #sockets == 3000, problem)
local client = assert(socket.connect("127.0.0.1", port))
local peer = assert(server:accept())
check.ok("add.22: beyond the old limit", client:getfd() > 1024, client:getfd())
client:settimeout(5)
peer:send("line\n")
check.equal("add.22: receive waits on any number", client:receive(), "line")
local slow = assert(socket.connect("127.0.0.1", port))
slow:settimeout(0.05)
check.equal("add.22: a timeout on any number", { slow:receive() }, { nil, "timeout", "" })
check.equal("add.22: nothing ready among 3000", select(3, socket.select(sockets, nil, 0)), "timeout")
peer:send("x")
sockets[#sockets + 1] = client
local ready = socket.select(sockets, nil, 5)
check.equal("add.22: one ready among 3000", { #ready, ready[1] == client, ready[client] }, { 1, true, 1 })
local ready_to_send = select(2, socket.select(nil, sockets, 5))
check.equal("all ready to send", #ready_to_send, #sockets)
for i = 2, #ready_to_send do
    if ready_to_send[i - 1]:getfd() >= ready_to_send[i]:getfd() then
        check.ok("select.8: ascending order", false, i)
        break
    end
end

-- add.33: a child sees standard descriptors only.
local child = io.popen("ls /proc/self/fd 2>/dev/null | wc -l")
local count = tonumber(child:read("*a"))
child:close()
check.ok("add.33: close-on-exec", count == nil or count < 10, count)
check.done()
