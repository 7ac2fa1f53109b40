-- select: S115-S126, select.1-select.12.
local show = require("show")
local socket = require("socket")

local server = assert(socket.bind("127.0.0.1", 0))
local _, port = server:getsockname()
local function pair()
    local client = assert(socket.connect("127.0.0.1", port))
    return client, assert(server:accept())
end
local a, b = pair()
local c, d = pair()
local names = { [a] = "a", [b] = "b", [c] = "c", [d] = "d", [server] = "server" }

-- Prints a result table with the names of its objects.
local function named(t)
    local out = {}
    for key, value in pairs(t) do
        if type(key) == "number" then out["[" .. key .. "]"] = names[value] or type(value) else out[names[key] or type(key)] = value end
    end
    return out
end
local function try(label, ...)
    local r, w, e = socket.select(...)
    local more = select("#", socket.select(...))
    show(label, named(r), named(w), e, more)
end

try("S115", nil, nil, 0.05)
try("nothing ready", { a, b }, nil, 0)
try("S116", nil, { a }, 0)
try("S117", nil, { d, c, b, a }, 0)
try("both lists", { a }, { a, b }, 0)
b:send("one\ntwo\n")
a:settimeout(5)
a:receive()
try("S118 dirty", { a }, nil, 5)
try("S119 dirty twice", { a, a }, nil, 0)
d:send("x")
socket.select({ c }, nil, 5)
-- a missing argument is the same as nil
try("one argument", { c })
try("two arguments", nil, { a })
try("S119 readable twice", { c, c }, nil, 0)
try("dirty first", { c, a }, { a }, 5)
local closed = socket.tcp4()
closed:close()
try("S120", { closed, socket.tcp() }, { closed }, 0)
try("S121", { "string", {}, io.stdout }, { "x" }, 0)
for _, bad in ipairs({ 5, true, print }) do
    show.raise("S121 " .. type(bad), function() return socket.select({ bad }, nil, 0) end)
end
local calls = {}
local mine = {
    getfd = function() calls[#calls + 1] = "getfd" return c:getfd() end,
}
names[mine] = "mine"
try("S122", { mine }, nil, 0)
show("S122 calls", calls)
calls = {}
mine.dirty = function() calls[#calls + 1] = "dirty" return false end
try("S122 clean", { mine }, { mine }, 0)
show("S122 calls", calls)
mine.dirty = function() return 1 end
try("S122 dirty", { mine }, { mine }, 0)
for _, number in ipairs({ -1, "x", {}, -5.5 }) do
    mine.getfd = function() return number end
    try("getfd answers " .. type(number), { mine }, nil, 0)
end
mine.getfd = 5
show.raise("getfd not callable", function() return socket.select({ mine }, nil, 0) end)
for _, bad in ipairs({ 5, "x", false, true }) do
    show.raise("S123 " .. type(bad), function() local x = socket.select(bad, nil, 0) return x end)
    show.raise("S123 senders " .. type(bad), function() local x = socket.select(nil, bad, 0) return x end)
end
for _, bad in ipairs({ "x", {}, true }) do
    show.raise("S123 timeout " .. type(bad), function() local x = socket.select(nil, nil, bad) return x end)
end
try("timeout as a string", nil, nil, "0.01")
try("not a number", nil, nil, 0 / 0)
local gone = socket.tcp4()
local number = gone:getfd()
gone:close()
show.raise("S124", function() return socket.select({ { getfd = function() return number end } }, nil, 0) end)
for _, e in ipairs({ "plain", { 1 } }) do
    show.raise("S125 getfd " .. type(e), function()
        return socket.select({ { getfd = function() error(e, 0) end } }, nil, 0)
    end)
    show.raise("S125 dirty " .. type(e), function()
        return socket.select({ { getfd = function() return c:getfd() end, dirty = function() error(e, 0) end } }, nil, 0)
    end)
end
try("server not ready", { server }, { server }, 0)
local waiting = socket.connect("127.0.0.1", port)
try("server ready", { server }, nil, 5)
show("connected", waiting.class)
local e, f = pair()
names[e] = "e"
f:close()
try("S126", { e }, nil, 5)
try("hole ends the list", { e, nil, c }, nil, 0)
local proxy = setmetatable({}, { __index = function(_, i) return ({ e, c })[i] end })
try("__index is honoured", proxy, nil, 0)
local source = socket.source("until-closed", c)
names[source] = "source"
try("S146", { source }, nil, 0)
local fresh = socket.tcp4()
names[fresh] = "fresh"
try("fresh socket", { fresh }, { fresh }, 0)
show("results are new tables", (function()
    local r = { e }
    local r1, w1 = socket.select(r, nil, 0)
    return r1 ~= r, r1 ~= w1
end)())
