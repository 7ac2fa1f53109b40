-- Names with several addresses, some unreachable: add.40, client.s.33, RFC 8305.
-- needs: network-namespace, root, python3
local check = require("check")
local footprint = require("footprint")
local peer = require("peer")
local socket = require("socket")

require("names")("timeout:8 attempts:1")
-- Packets to 2001:db8:1::/64 and to 10.9.0.7 are dropped. The system's address selection puts 10.9.0.7 before 10.9.0.1.
local path = os.tmpname()
local selection = assert(io.open(path, "w"))
selection:write("precedence ::1/128 50\nprecedence ::/0 40\nprecedence ::ffff:0:0/96 10\nprecedence ::ffff:10.9.0.7/128 100\n")
selection:close()
os.execute("touch /etc/gai.conf; mount --bind " .. path .. " /etc/gai.conf && " ..
    "ip -6 addr add 2001:db8::2/64 dev lo nodad && ip -6 route add 2001:db8:1::/64 dev lo && " ..
    "ip link add hole type veth peer name other && ip link set other up && ip addr add 10.9.0.1/24 dev hole && ip link set hole up && " ..
    "ip neigh add 10.9.0.7 lladdr 02:00:00:00:00:07 dev hole nud permanent")
local names = peer.python(os.getenv("COMPAT_SERVERS") .. "/name_server.py")

-- Listens on a port at these addresses.
local function listen(...)
    local listeners, port = {}, 0
    for i, address in ipairs({ ... }) do
        listeners[i] = assert(socket.bind(address, port))
        listeners[i]:settimeout(10)
        port = select(2, listeners[i]:getsockname())
    end
    return port, listeners
end
local port4, listening4 = listen("127.0.0.1")
local port46, listening46 = listen("127.0.0.1", "::1")
local port9, listening9 = listen("10.9.0.1")
local closed_port = require("ports").refusing()

local function descriptors() return footprint.descriptors(201) end
-- Connects, and checks the outcome, the time, and that at most one descriptor is used.
local function connect(label, client, name, port, expected, least, most)
    collectgarbage()
    local before, started = descriptors() - (client:getfd() >= 0 and 1 or 0), socket.gettime()
    local connected, problem = client:connect(name, port)
    local took = socket.gettime() - started
    check.equal(label, connected and (client:getpeername()) or problem, expected)
    check.ok(label .. ": in time", took >= least and took < most, took)
    check.ok(label .. ": one descriptor", descriptors() - before <= 1, descriptors() - before)
    return client
end
local function limited(client, limit, mode)
    client:settimeout(limit, mode)
    return client
end

-- The same without delay: on a busy machine the fastest of several attempts counts.
local function at_once(label, name, port, expected, listener)
    local fastest = math.huge
    for _ = 1, 20 do
        local object, before = limited(socket.tcp(), 30), socket.gettime()
        local connected, problem = object:connect(name, port)
        fastest = math.min(fastest, socket.gettime() - before)
        check.equal(label, connected and (object:getpeername()) or problem, expected)
        object:close()
        if connected then listener:accept():close() end
        if fastest < 0.2 then break end
    end
    check.ok(label .. ": at once", fastest < 0.2, fastest)
end

-- blocking
connect("a silent IPv6 address first", limited(socket.tcp(), 30), "hole6.test", port4, "127.0.0.1", 0.24, 20):close()
listening4[1]:accept():close()
connect("with a total limit", limited(socket.tcp(), 30, "t"), "hole6.test", port4, "127.0.0.1", 0.24, 20):close()
listening4[1]:accept():close()
connect("without a limit", socket.tcp(), "hole6.test", port4, "127.0.0.1", 0.24, 20):close()
listening4[1]:accept():close()
local client = assert(socket.connect("hole6.test", port4))
check.equal("socket.connect", { client:getpeername() }, { "127.0.0.1", port4, "inet" })
check.equal("its family", { select(3, client:getsockname()) }, { "inet" })
client:close()
listening4[1]:accept():close()
connect("the limit ends all attempts", limited(socket.tcp(), 0.6), "holes6.test", port4, "timeout", 0.59, 20):close()
local both_limits = limited(limited(socket.tcp(), 0.6), 30, "t")
connect("with both limits, the smaller", both_limits, "holes6.test", port4, "timeout", 0.59, 20):close()
connect("a refusal does not end the others", limited(socket.tcp(), 0.6), "hole6.test", closed_port, "timeout", 0.59, 20):close()
at_once("IPv6 first", "both.test", port46, "::1", listening46[2])
at_once("a refusal, and the next at once", "both.test", port4, "127.0.0.1", listening4[1])
at_once("all fail", "both.test", closed_port, "connection refused")
-- One address has no route, the other refuses: the message is that of the address that the system prefers.
connect("all fail: the first message", limited(socket.tcp(), 30), "dual6.test", closed_port, "connection refused", 0, 20):close()
check.equal("socket.connect: all fail", { socket.connect("both.test", closed_port) }, { nil, "connection refused" })
check.equal("connect6 has no IPv4", { socket.connect6("both.test", port4) }, { nil, "connection refused" })
local refused = socket.tcp()
refused:connect("both.test", closed_port)
check.ok("after a refusal there is a descriptor", refused:getfd() >= 0)
check.equal("and the family is undecided", (select(3, refused:getsockname())), "unspec")
connect("and the object can be used", limited(refused, 30), "both.test", port46, "::1", 0, 20):close()
listening46[2]:accept():close()

-- a descriptor from the start: its number stays, and every attempt has its options
local four = limited(socket.tcp4(), 30)
check.equal("setoption", four:setoption("keepalive", true), 1)
check.equal("setoption", four:setoption("linger", { on = true, timeout = 7 }), 1)
local number = four:getfd()
connect("two IPv4 addresses", four, "turn.test", port9, "10.9.0.1", 0.24, 20)
check.equal("its number", four:getfd(), number)
check.equal("its options", { four:getoption("keepalive"), four:getoption("linger").timeout }, { true, 7 })
check.ok("its end", four:send("x") and listening9[1]:accept():receive(1) == "x")
four:close()
local undecided = limited(socket.tcp(), 30)
check.equal("setoption", undecided:setoption("tcp-nodelay", true), 1)
connect("options before there is a descriptor", undecided, "hole6.test", port4, "127.0.0.1", 0.24, 20)
check.equal("the option", undecided:getoption("tcp-nodelay"), true)
undecided:close()
listening4[1]:accept():close()

-- bound objects: attempts run one after another
local bound = limited(socket.tcp(), 3)
check.equal("bind", bound:bind("10.9.0.1", 0), 1)
local own = { bound:getsockname() }
connect("a bound object shares the limit out", bound, "turn.test", port9, "10.9.0.1", 1.4, 20)
check.equal("and keeps its address", { bound:getsockname() }, own)
check.ok("it is connected", bound:send("y") and listening9[1]:accept():receive(1) == "y")
bound:close()
local elsewhere = limited(socket.tcp(), 0.4)
elsewhere:bind("10.9.0.1", 0)
connect("and fails with the first message", elsewhere, "turn.test", closed_port, "timeout", 0.19, 20):close()

-- a non-blocking object
local started
local function ready(object, limit) return #select(2, socket.select(nil, { object }, limit)) == 1 end
local unwaiting = limited(socket.tcp(), 0)
started = socket.gettime()
check.equal("settimeout(0): under way", { unwaiting:connect("hole6.test", port4) }, { nil, "timeout" })
local again = select(2, unwaiting:connect("hole6.test", port4))
-- A busy machine may be so late that the next address is already due.
check.ok("at once again", again == "Operation already in progress" or socket.gettime() - started > 0.24, again)
check.ok("no outcome", not ready(unwaiting, 0.3))
local answer = { unwaiting:connect("hole6.test", port4) }
check.ok("a further call goes on with the next address", answer[1] == 1 or answer[2] == "timeout", answer[2])
check.ok("which answers", ready(unwaiting, 10))
answer = { unwaiting:connect("hole6.test", port4) }
check.ok("connected", answer[1] == 1 or answer[2] == "already connected", answer[2])
check.equal("to IPv4", { unwaiting:getpeername() }, { "127.0.0.1", port4, "inet" })
unwaiting:connect("hole6.test", port4)
check.equal("and afterwards", { unwaiting:connect("hole6.test", port4) }, { nil, "already connected" })
local before = descriptors()
unwaiting:close()
check.equal("nothing is left of the other attempt", descriptors(), before - 1)
listening4[1]:accept():close()

unwaiting = limited(socket.tcp(), 0)
local outcome
for _ = 1, 100 do
    local connected, problem = unwaiting:connect("both.test", closed_port)
    outcome = connected or problem
    if outcome ~= "timeout" and outcome ~= "Operation already in progress" then break end
    ready(unwaiting, 0.1)
end
check.equal("settimeout(0): all fail", outcome, "connection refused")
for _ = 1, 100 do
    local connected, problem = unwaiting:connect("both.test", port4)
    outcome = connected or problem
    if outcome ~= "timeout" and outcome ~= "Operation already in progress" then break end
    ready(unwaiting, 0.1)
end
check.ok("and it starts over", outcome == 1 or outcome == "already connected", outcome)
unwaiting:close()
listening4[1]:accept():close()
unwaiting = limited(socket.tcp(), 0)
unwaiting:connect("holes6.test", port4)
ready(unwaiting, 0.3)
unwaiting:connect("holes6.test", port4)
before = descriptors()
unwaiting:close()
check.equal("close closes every attempt", descriptors(), before - 2)

-- modules built on sockets
local http = require("socket.http")
http.TIMEOUT = 20
local web = peer.lua([[
local socket = require("socket")
local server = assert(socket.bind("127.0.0.1", 0))
print((select(2, server:getsockname())))
local client = server:accept()
repeat local line = client:receive() until not line or line == ""
client:send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
client:close()
]])
started = socket.gettime()
check.equal("http.request", (http.request(("http://hole6.test:%d/"):format(web.port))), "hi")
check.ok("http.request: in time", socket.gettime() - started < 25)
web:close()

-- tasks: races of many objects at once, and a race that another task ends
local tasks = require("socket.tasks")
started = socket.gettime()
tasks.run(function()
    local connected, ended = 0, {}
    local racing = {}
    for i = 1, 20 do
        racing[i] = tasks.start(function()
            local object = limited(socket.tcp(), 30)
            if object:connect("hole6.test", port4) == 1 and object:getpeername() == "127.0.0.1" then connected = connected + 1 end
            object:close()
        end)
    end
    local object = limited(socket.tcp4(), 30)
    local closed = tasks.start(function() ended.closed = { object:connect("10.9.0.7", port9) } end)
    local several = limited(socket.tcp(), 30)
    local abandoned = tasks.start(function() ended.several = { several:connect("holes6.test", port9) } end)
    local cancelled = tasks.start(function() ended.cancelled = { limited(socket.tcp(), 30):connect("holes6.test", port9) } end)
    socket.sleep(0.4)
    check.equal("a second connect meanwhile", { object:connect("10.9.0.7", port9) }, { nil, "busy" })
    object:close()
    several:close()
    cancelled:cancel("enough")
    for _, task in ipairs(racing) do task:wait() end
    for _, task in ipairs({ closed, abandoned, cancelled }) do task:wait() end
    check.equal("20 races at once", connected, 20)
    check.equal("another task closes the object", ended.closed, { nil, "closed" })
    check.equal("in the middle of a race", ended.several, { nil, "closed" })
    check.equal("a race that is cancelled", ended.cancelled, { nil, "enough" })
end)
check.ok("in tasks: in time", socket.gettime() - started < 25, socket.gettime() - started)
for _ = 1, 20 do listening4[1]:accept():close() end

local last = socket.udp()
last:sendto("end", "127.0.0.1", 53)
names:close()
check.done()
