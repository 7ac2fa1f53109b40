-- The calling thread looks up a name in the hosts file, even when there is a time limit. It does so only while no other
-- source would be asked: add.20. The name server here never answers.
-- needs: network-namespace, root
local check = require("check")
local socket = require("socket")

local silent = assert(socket.udp4())
assert(silent:setsockname("127.0.0.1", 53))
require("names")("timeout:30 attempts:1")

local function write(path, text)
    local file = assert(io.open(path, "w"))
    file:write(text)
    file:close()
end
-- Whether a lookup thread is running.
local function threads()
    local file = assert(io.open("/proc/self/status"))
    local count = file:read("*a"):match("Threads:%s+(%d+)")
    file:close()
    return tonumber(count)
end
local alone = threads()
local function connect(limit, name, create, service)
    local client = create()
    client:settimeout(limit)
    local connected, problem = client:connect(name, service or 1)
    client:close()
    return connected, problem
end
local left = 0
local function on_the_spot(label, name, create, expected)
    check.equal(label, { connect(20, name, create) }, { nil, expected or "connection refused" })
    check.equal(label .. ": on the spot", threads(), alone + left)
end
local function within_the_limit(label, name, create, service)
    local started = socket.gettime()
    check.equal(label, { connect(0.3, name, create, service) }, { nil, "timeout" })
    check.ok(label .. ": within the limit", socket.gettime() - started < 10)
    left = left + 1
    check.equal(label .. ": in a thread", threads(), alone + left)
end

on_the_spot("localhost", "localhost", socket.tcp)
on_the_spot("IPv4", "localhost", socket.tcp4)
on_the_spot("in capitals", "LOCALHOST", socket.tcp)
on_the_spot("an alias", "hosts-file.test", socket.tcp)
local server = socket.tcp()
server:settimeout(20)
check.equal("bind", { server:bind("hosts-file.test", 0) }, { 1 })
server:close()
local datagrams = socket.udp()
datagrams:settimeout(20)
check.equal("setpeername", { datagrams:setpeername("localhost", 9) }, { 1 })
datagrams:close()
check.equal("bind and setpeername: on the spot", threads(), alone)
within_the_limit("a name that is not there", "missing.test", socket.tcp)

-- A changed file is read again.
write("/etc/hosts", "127.0.0.1 localhost\n127.0.0.1 later.test\n::1 both.test\n127.0.0.1 both.test\n")
on_the_spot("a name that comes later", "later.test", socket.tcp)
on_the_spot("both families, IPv4", "both.test", socket.tcp4)
on_the_spot("both families, any", "both.test", socket.tcp)
within_the_limit("the family that is not there", "later.test", socket.tcp6)
within_the_limit("a name that has gone", "hosts-file.test", socket.tcp)
-- A different file with the same name, size and time.
write("/etc/hosts", "127.0.0.1 localhost\n127.0.0.1 first.test\n")
on_the_spot("the first file", "first.test", socket.tcp)
local other = os.tmpname()
write(other, "127.0.0.1 localhost\n127.0.0.1 other.test\n")
assert(os.execute(("touch -r /etc/hosts %s && cp -p %s /etc/hosts"):format(other, other)))
os.remove(other)
on_the_spot("the other file", "other.test", socket.tcp)
within_the_limit("a name of the first file", "first.test", socket.tcp)
write("/etc/nsswitch.conf", "hosts: dns files\n")
within_the_limit("a name server that comes first", "localhost", socket.tcp4)
write("/etc/nsswitch.conf", "hosts: files\nhosts dns\n")
within_the_limit("a second line without a colon", "localhost", socket.tcp4)
write("/etc/nsswitch.conf", "hosts: files [SUCCESS=continue] dns\n")
within_the_limit("a name server that is asked besides", "localhost", socket.tcp4)
write("/etc/nsswitch.conf", "hosts: files dns\n")
on_the_spot("as it was", "localhost", socket.tcp4)
check.done()
