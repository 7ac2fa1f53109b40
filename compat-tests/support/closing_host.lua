-- The script that closing_host.c runs in each state: a lookup in another thread, and a connection.
local socket = require("socket")
local server = assert(socket.bind("127.0.0.1", 0))
local client = socket.tcp()
client:settimeout(20)
assert(client:connect("localhost", (select(2, server:getsockname()))))
