-- host.c runs this script in each of its Lua states, in a separate network. The name server is `silent` here, and gone
-- when the state closes. Open objects, connections and name lookups are left behind.
local socket = require("socket")
for _, name in ipairs({ "socket.http", "socket.smtp", "socket.ftp", "socket.unix", "socket.serial", "socket.tls", "mime",
    "ltn12" }) do
    require(name)
end

local silent = assert(socket.udp4())
assert(silent:setsockname("127.0.0.1", 53))
local server = assert(socket.bind("127.0.0.1", 0))
local client = assert(socket.connect("127.0.0.1", (select(2, server:getsockname()))))
local accepted = assert(server:accept())
assert(client:send("one line\nand a half"))
assert(accepted:receive("*l") == "one line")

local lookup = socket.tcp()
lookup:settimeout(0.005)
local connected, message = lookup:connect("stalled.example", 80)
assert(not connected and message == "timeout", message)
local secured = assert(require("socket.tls").wrap(socket.tcp4(), { mode = "client", protocol = "any", verify = "none" }))
-- These live until the state closes.
package.loaded.kept = { silent, server, client, accepted, lookup, secured }
