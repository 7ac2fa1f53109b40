-- Yields across protect on every Lua (add.25), as used by schedulers such as copas.
local check = require("check")
local socket = require("socket")

local protect, try, newtry = socket.protect, socket.try, socket.newtry

-- Runs f in a coroutine, and resumes each yield with its number; returns yields and results.
local function run(f, ...)
    local thread = coroutine.create(f)
    local yields, arguments = {}, { n = select("#", ...), ... }
    local unpack = table.unpack or unpack
    while true do
        local results = { coroutine.resume(thread, unpack(arguments, 1, arguments.n)) }
        if coroutine.status(thread) == "dead" then return yields, results end
        yields[#yields + 1] = results[2]
        arguments = { n = 1, #yields }
    end
end

local yields, results = run(protect(function(a, b)
    local x = coroutine.yield(a)
    local y = coroutine.yield(b)
    return x, y, nil, "end"
end), "one", "two")
check.equal("yields come out", yields, { "one", "two" })
check.equal("results after resumption", results, { true, 1, 2, nil, "end" })
yields, results = run(protect(function()
    coroutine.yield("before")
    try(nil, "failed")
end))
check.equal("a wrapped error after a yield", { yields, results }, { { "before" }, { true, nil, "failed" } })
yields, results = run(protect(function()
    coroutine.yield("before")
    error("plain", 0)
end))
check.equal("a plain error after a yield", { yields, results }, { { "before" }, { false, "plain" } })
yields, results = run(protect(function()
    local a, b = protect(function()
        coroutine.yield("inner")
        try(nil, "caught inside")
    end)()
    coroutine.yield("outer")
    return a, b
end))
check.equal("nested", { yields, results }, { { "inner", "outer" }, { true, nil, "caught inside" } })
local closed = 0
yields, results = run(protect(function()
    local mine = newtry(function() closed = closed + 1 end)
    coroutine.yield("a")
    mine(nil, "over")
end))
check.equal("the finalizer runs", { closed, yields, results }, { 1, { "a" }, { true, nil, "over" } })
yields, results = run(protect(function()
    newtry(function() coroutine.yield("closing") end)(nil, "over")
end))
check.equal("a finalizer yields", { yields, results }, { { "closing" }, { true, nil, "over" } })
for text, failing in pairs({
    plain = function() error("plain", 0) end,
    wrapped = function() try(nil, "wrapped") end,
}) do
    yields, results = run(protect(function()
        newtry(function()
            coroutine.yield("closing")
            failing()
        end)(nil, "over")
    end))
    local expected = text == "plain" and { false, text } or { true, nil, text }
    check.equal("a finalizer yields and fails: " .. text, { yields, results }, { { "closing" }, expected })
end
local tried, exception = pcall(newtry(), nil, "unwrapped")
check.equal("an exception of the program", { tried, exception[1] }, { false, "unwrapped" })
yields, results = run(protect(function(...)
    coroutine.yield(select("#", ...))
    return select("#", ...), select(2, ...)
end), nil, false, nil)
check.equal("arguments survive", { yields, results[1], results[2], results[3] }, { { 3 }, true, 3, false })
local count = 0
local thread = coroutine.wrap(protect(function()
    for _ = 1, 10000 do
        coroutine.yield()
        count = count + 1
    end
    return "done"
end))
local last
for _ = 1, 10001 do last = thread() end
check.equal("10,000 yields", { count, last }, { 10000, "done" })
check.equal("outside a coroutine", { protect(function() try(nil, "main") end)() }, { nil, "main" })
check.equal("a try inside a plain coroutine", { coroutine.wrap(function()
    return protect(function() return coroutine.running() ~= nil, 2 end)()
end)() }, { true, 2 })
check.done()
