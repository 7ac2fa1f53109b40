-- select over lists that mix classes, and lists whose objects change while they are read (select).
local check = require("check")
local socket = require("socket")

local function datagram()
    local object = assert(socket.udp())
    assert(object:setsockname("127.0.0.1", 0))
    return object
end

local function wake(object)
    local ip, port = object:getsockname()
    assert(socket.udp():sendto("x", ip, port))
end

local listener = assert(socket.bind("127.0.0.1", 0))
local _, port = listener:getsockname()
local client = assert(socket.connect("127.0.0.1", port))
local server = assert(listener:accept())
assert(client:send("line\nrest"))
assert(server:receive() == "line")

-- All classes, in turn.
local quiet, loud = datagram(), datagram()
wake(loud)
local list = {}
for _ = 1, 3 do
    for _, object in ipairs({ quiet, client, loud, listener, server }) do list[#list + 1] = object end
end
local ready = socket.select(list, nil, 30)
check.ok("a dirty stream of several classes is ready", ready[server])
check.ok("a datagram of several classes is ready", ready[loud])
check.ok("the others are not", not ready[quiet] and not ready[client] and not ready[listener])

-- An object of the script, whose methods are called.
local calls = 0
local foreign = setmetatable({}, { __index = {
    getfd = function() calls = calls + 1; return loud:getfd() end,
    dirty = function() return false end,
} })
ready = socket.select({ quiet, foreign, quiet, server }, nil, 30)
check.ok("an object of the script is ready", ready[foreign] and calls > 0)

-- A method that changes while the list is read counts from the next object on.
local other, late = datagram(), datagram()
local methods = getmetatable(late).__index
local getfd, seen = methods.getfd, 0
local changing = setmetatable({}, { __index = {
    getfd = function()
        methods.getfd = function(object) seen = seen + 1; return getfd(object) end
        return -1
    end,
} })
wake(late)
ready = socket.select({ other, changing, late }, nil, 30)
methods.getfd = getfd
check.ok("a replaced method is called", seen > 0, seen)
check.ok("its object is ready", ready[late])

-- A list with a metatable answers through it.
ready = socket.select(setmetatable({}, { __index = { quiet, loud } }), nil, 30)
check.ok("a list with a metatable", ready[loud] and not ready[quiet])

for _, object in ipairs({ listener, client, server, quiet, loud, other, late }) do object:close() end
check.done()
