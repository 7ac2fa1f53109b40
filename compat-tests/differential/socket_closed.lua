-- Use after close on TCP objects: class.closed, and 75-76, 79-80, 84 of the scenarios.
local show = require("show")
local socket = require("socket")

local function pair()
    local server = assert(socket.bind("127.0.0.1", 0))
    local _, port = server:getsockname()
    local client = assert(socket.connect("127.0.0.1", port))
    return client, server:accept(), server
end

local client, peer, server = pair()
peer:send("abcdef")
show("S75 read one", client:receive(1))
client:close()
show("S75 dirty", client:dirty(), client:getfd())
show("S75 rest", client:receive(3))
show("S75 end", client:receive(3))
show("S76", client:receive())
show("S76 prefix", client:receive("*l", "pp"))
show("S76 *a prefix", client:receive("*a", "pp"))
show("S80", client:send("abc"))
show("S80 from 2", client:send("abc", 2))
show("S80 from -1", client:send("abc", -1))
show("S79 empty range", client:send("hello", 6), client:send("hello", 3, 1))
server:close()
show("accept", server:accept())
show("getsockname", client:getsockname())
show("getpeername", client:getpeername())
show("getoption", client:getoption("keepalive"))
show("setoption", client:setoption("keepalive", true))
show("shutdown", client:shutdown())
show.raise("shutdown x", function() client:shutdown("x") end)
show("getfamily", client:getfamily())
show("settimeout", client:settimeout(1), client:gettimeout())
show("setstats", client:setstats(1, 2, 3))
show("dirty", client:dirty())
show("close again", client:close())

local master = socket.tcp4()
master:close()
show("listen", master:listen())
show("S31 bind", master:bind("127.0.0.1", 0), (master:getsockname()))
local again, _, listening = pair()
local _, port = listening:getsockname()
again:close()
show("S48 connect", again:connect("127.0.0.1", port), again:getfd() >= 0)

-- the message of shutdown contains the whole word, up to a zero byte.
for _, word in ipairs({ ("y"):rep(300), "a\0b", "" }) do
    show.raise("S84 " .. #word, function() local r = again:shutdown(word) return r end)
end
