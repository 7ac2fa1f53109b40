-- A host that cannot start threads (HAProxy with `user`): the calling thread looks names up, add.59.
-- not on: lua5.2, lua5.3, runner, runner-lua5.5
-- needs: network-namespace, root, python3
local check = require("check")
local peer = require("peer")
local socket = require("socket")

require("names")("timeout:5 attempts:1")
local names = peer.python(os.getenv("COMPAT_SERVERS") .. "/name_server.py")
local listener = assert(socket.bind("127.0.0.1", 0))
local script = assert(io.open("script.lua", "w"))
script:write(([[
local socket, http = require("socket"), require("socket.http")
local client = socket.tcp()
client:settimeout(10)
print(client:connect("slow.test", %d))
http.TIMEOUT = 10
print(http.request("http://missing.test/"))
print((select(2, socket.connect("127.0.0.1", 1))))
]]):format((select(2, listener:getsockname()))))
script:close()
-- Root may start threads whatever the limit. Another user needs root's permission to read the files here.
local child = assert(io.popen("setpriv --reuid=65534 --clear-groups --inh-caps=+dac_read_search --ambient-caps=+dac_read_search " ..
    "prlimit --nproc=0 " .. os.getenv("COMPAT_LUA") .. " script.lua 2>&1"))
local output = child:read("*a")
child:close()
local lines = {}
for line in output:gmatch("[^\n]+") do lines[#lines + 1] = line end
check.ok("a name that the server knows", lines[1] == "1" or lines[1] == "1.0", output)
check.equal("one that it does not know", lines[2], "nil\thost or service not provided, or not known")
check.equal("and no name", lines[3], "connection refused")
local last = socket.udp()
last:sendto("end", "127.0.0.1", 53)
names:close()
check.done()
