-- try, newtry, protect, skip, choose, sleep: S127-S141, except, choose, misc.
local show = require("show")
local socket = require("socket")
local try, protect, newtry = socket.try, socket.protect, socket.newtry

show("S127", try(1, 2, 3))
show("S127 nils", try(true, nil, nil))
show("zero and empty", try(0), try(""))
local ok, e = pcall(try, nil, "msg", "x")
show("S128", ok, type(e), e[1], e[2], getmetatable(e))
show.raise("S128 setmetatable", setmetatable, e, {})
show("S128 tostring", tostring(e):match("^table: ") ~= nil)
show("S129", protect(function() try(nil, "boo", "x") end)())
show("S130", protect(function() try(false) end)())
show("S130 table", protect(function() try(nil, { 1, 2 }) end)())
show("no arguments", protect(function() try() end)())
show("false payload", protect(function() try(nil, false) end)())
for _, message in ipairs({ "x", 5, { 1 } }) do
    show.raise("S131 " .. type(message), protect(function() error(message, 0) end))
end
-- Lua 5.5 gives an error without a value a fixed text, whichever function raises it.
local _, plain = pcall(error)
local _, passed = pcall(protect(function() error() end))
show("S131 nothing", passed == plain)
local same = {}
local _, caught = pcall(protect(function() error(same) end))
show("S131 identity", caught == same)
local marked = setmetatable({ "fake" }, { __metatable = false })
local _, unforged = pcall(protect(function() error(marked) end))
show("a look-alike is not taken", unforged == marked)
show("S132", protect(function(...) return ... end)(1, nil, 3, nil))
show("S132 none", protect(function() end)())
local five = protect(5)
show("S133", type(five))
show.raise("S133 call", five)
show("callable table", protect(setmetatable({}, { __call = function(_, x) return x end }))(7))
local count, arguments = 0, nil
local mytry = newtry(function(...) count = count + 1 arguments = select("#", ...) end)
show("S134 success", mytry(1, 2), count)
show("S134", protect(function() mytry(nil, "gone") end)())
show("S134 calls", count, arguments)
show.raise("S135", protect(function() newtry(function() error("final", 0) end)(nil, "first") end))
show("S135 wrapped", protect(function() newtry(function() try(nil, "second") end)(nil, "first") end)())
show.raise("not callable finalizer", protect(function() newtry(5)(nil, "x") end))
show("nil finalizer", protect(function() newtry(nil)(nil, "x") end)())
show("extra arguments", protect(function() newtry(nil, 1, 2)(nil, "x") end)())
show("S136", protect(function()
    local _, inner = pcall(try, nil, "again")
    error(inner, 0)
end)())
show("nested", protect(function()
    local a, b = protect(function() try(nil, "inner") end)()
    return a, b, "outer goes on"
end)())
show("skip", socket.skip(1, "a", "b", "c"))
show("S138 past", socket.skip(9, 1))
show("S138 all", socket.skip(0, 1, 2))
show("S138 string", socket.skip("1", "a", "b"))
show("S138 nils", socket.skip(1, nil, nil, "x", nil))
show("skip -1", socket.skip(-1, "x"))
for _, bad in ipairs({ "x", {}, true }) do
    show.raise("skip " .. type(bad), function() local x = socket.skip(bad) return x end)
end
show.raise("skip fraction", function() return socket.skip(1.5, "a", "b", "c") end)
show.raise("skip nothing", function() local x = socket.skip() return x end)

local t = {
    default = function(...) return "default", select("#", ...), ... end,
    foo = function(...) return "foo", select("#", ...), ... end,
}
local choice = socket.choose(t)
show("S139", choice("foo", 1, 2, 3))
show("S139 default", choice(1, 2))
show("S139 nothing", choice())
show.raise("S139 bar", function() return choice("bar") end)
t.bar = t.foo
show("S139 at call time", choice("bar", 1))
show.raise("source", function() local x = socket.source("nosuch") return x end)
show.raise("sink", function() local x = socket.sink("nosuch") return x end)
local started = socket.gettime()
show("S140", socket.sleep(0.05))
show("S140 lasts", socket.gettime() - started >= 0.049)
show("S140 negative", socket.sleep(-1))
show("S140 string number", socket.sleep("0"))
for _, bad in ipairs({ "x", {}, true }) do
    show.raise("S140 " .. type(bad), function() local x = socket.sleep(bad) return x end)
end
show.raise("S140 nothing", function() local x = socket.sleep() return x end)
local now = socket.gettime("ignored", {})
show("S141", math.abs(now - os.time()) < 60, type(now), now % 1 ~= 0 or socket.gettime() % 1 ~= 0)
