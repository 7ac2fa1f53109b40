-- ltn12's sources, sinks and pumps: lm.s.1 to lm.s.50, except those that need mime, and their edge cases.
local ltn12 = require("ltn12")
local show = require("show")

local source, sink, pump = ltn12.source, ltn12.sink, ltn12.pump

local function drain(label, src, limit)
    for i = 1, limit or 12 do
        local function results(...)
            show(label .. " " .. i, ...)
            return (...)
        end
        if not results(src()) then break end
    end
end

local function functions(t)
    local names = {}
    for name, value in pairs(t) do names[#names + 1] = name .. ":" .. type(value) end
    table.sort(names)
    return table.concat(names, " ")
end

print(functions(ltn12))
print("filter " .. functions(ltn12.filter))
print("source " .. functions(source))
print("sink " .. functions(sink))
print("pump " .. functions(pump))
show("lm.s.1", ltn12.BLOCKSIZE)
show("lm.s.2", ltn12._VERSION)
show("global", rawget(_G, "ltn12") == (rawget(_G, "module") and ltn12 or nil))

drain("lm.s.3", source.string("abc"))
drain("lm.s.4", source.string(""))
drain("lm.s.5", source.string(nil))
drain("string false", source.string(false))
drain("string number", source.string(125))
drain("lm.s.6", source.empty())
show("lm.s.7", source.empty() == source.empty(), source.string(nil) == source.empty())
drain("lm.s.8", source.error("E"))
drain("error table", source.error({ 1 }))
drain("lm.s.9", source.table({ "a", "", "b" }))
show.raise("lm.s.10", source.table, "x")
show.raise("table nil", source.table)
drain("lm.s.11", source.cat(source.string("a"), source.empty(), source.string("b")))
drain("lm.s.12", source.cat(source.string("a"), source.error("E"), source.string("b")))
drain("lm.s.13", source.cat())
drain("lm.s.14", source.file(nil, "E"))
drain("lm.s.15", source.file(nil))
show("lm.s.16", sink.file(nil, "E")("x"))
show("lm.s.17", sink.file(nil)(nil))
show("lm.s.18", sink.null()("x"))
show("lm.s.19", sink.null()(nil, "err"))
show("null is one", sink.null() == sink.null())
show("lm.s.20", sink.error("E")(nil))
show("sink.error data", sink.error("E")("x"))
do
    local s, t = sink.table()
    show("lm.s.21", s("a"), s(""), s(nil), s(nil, "err"), s(false), t)
    local u = { "z" }
    local s2, u2 = sink.table(u)
    s2("q")
    show("lm.s.22", u == u2, u)
    u[1], u[2], u[3] = "a", nil, nil
    s2("r")
    show("sink.table changed outside", u)
end
do
    local r = source.rewind(source.table({ "a", "b" }))
    local x = r()
    show("rewind pushes", r("x"))
    r("y")
    r("")
    show("lm.s.23", x)
    drain("lm.s.23", r)
    show("rewind false", r(false))
    show("rewind passes all results", source.rewind(function() return "a", "b", "c" end)())
    show.raise("rewind nil", source.rewind)
end

-- BLOCKSIZE is read at every call.
do
    local s = source.string(("0123456789"):rep(3))
    ltn12.BLOCKSIZE = 4
    show("blocksize 4", s())
    ltn12.BLOCKSIZE = 7
    show("blocksize 7", s(), s())
    ltn12.BLOCKSIZE = 2048
    drain("blocksize 2048", s)
    drain("long", source.string(("x"):rep(5000)))
    drain("exact", source.string(("x"):rep(4096)))
end

-- Tables with holes, changed while they are read.
do
    local t = { "a", nil, "c" }
    local s = source.table(t)
    show("hole", s(), s(), s())
    t[4] = "d"
    show("added", s(), s())
end

-- Sequences of sources.
do
    local results = { { "a" }, { "", nil }, { nil, "E" }, { false, "F" }, { "b", "beside" }, { nil } }
    local at = 0
    local function scripted()
        at = at + 1
        return (results[at] or {})[1], (results[at] or {})[2]
    end
    local s = source.cat(scripted, source.string("z"))
    for i = 1, 9 do show("cat " .. i, s()) end
    show("cat no values", select("#", s()))
    drain("cat stops at nil", source.cat(source.string("a"), nil))
end

-- Fancy sources and sinks.
do
    local function b() return nil end
    local s = source.simplify(function() return "one", b end)
    show("lm.s.49", s(), s())
    show("simplify no values", select("#", s()))
    local third = source.string("third")
    s = source.simplify(function() return "first", function() return nil, third end end)
    show("simplify nil beside a source", s(), type(select(2, s())))
    drain("simplify goes on", s)
    s = source.simplify(function() return "first", setmetatable({}, { __call = function() return "called" end }) end)
    show("simplify callable", s(), s())
    show.raise("simplify nil", source.simplify)
    show("simplify error", source.simplify(source.error("E"))())

    local got = {}
    local function second(c)
        got[#got + 1] = "b" .. tostring(c)
        return 1
    end
    local k = sink.simplify(function(c)
        got[#got + 1] = "a" .. tostring(c)
        return 1, second
    end)
    show("lm.s.50", k("1"), k("2"), k(), got)
    k = sink.simplify(function(c, err) return nil, tostring(c) .. tostring(err) end)
    show("simplify failure", k("x", "E"))
    show("simplify failure again", k(nil, "F"))
    k = sink.simplify(function(_, err) return "yes", err and function() return nil, "later" end end)
    show("simplify err is passed", k("x"), k("y", "E"))
    show("simplify replaced", k("z"))
    show.raise("sink.simplify nil", sink.simplify)
end

-- Objects in place of files.
do
    local log = {}
    local handle = {
        read = function(_, n)
            log[#log + 1] = "read " .. n
            return #log < 3 and "data" or nil
        end,
        write = function(_, chunk)
            log[#log + 1] = "write " .. chunk
            if chunk == "bad" then return nil, "disk full", 28 end
            return "handle", "second"
        end,
        close = function()
            log[#log + 1] = "close"
            return "closed"
        end,
    }
    drain("file object", source.file(handle))
    local k = sink.file(handle)
    show("file write", k("x"))
    show("file write fails", k("bad"))
    show("file write empty", k(""))
    show("file end", k(nil, "err"))
    show("file log", log)
    handle.read = function() return "late" end
    show("file methods are looked up late", source.file(handle)())
end

-- Real files.
do
    local name = "ltn12_differential.tmp"
    local k = sink.file(io.open(name, "wb"))
    show("write", k(("y"):rep(3000)) and true, k("end") and true)
    show("close", k(nil))
    show.raise("after close", k)
    local s = source.file(io.open(name, "rb"))
    drain("read", s)
    show.raise("read after the end", s)
    drain("no such file", source.file(nil, "no such file"))
    os.remove(name)
end

-- Pumps.
show("lm.s.24", pump.step(source.string("a"), sink.null()))
show("lm.s.25", pump.step(source.empty(), sink.null()))
show("lm.s.26", pump.step(source.error("SE"), sink.error("KE")))
show("lm.s.27", pump.step(source.string("a"), sink.error("KE")))
show("step with an error beside", pump.step(function() return "a", "E" end, sink.null()))
show("step passes both", pump.step(function() return "a", "E" end, function(...) return nil, select("#", ...) end))
show("step at the end", pump.step(source.empty(), function(...) return nil, select("#", ...) end))
show("step false", pump.step(function() return false end, sink.null()))
show("lm.s.28", pump.all(source.string("a"), sink.null()))
show("lm.s.29", pump.all(source.error("SE"), sink.null()))
show("lm.s.30", pump.all(source.empty(), sink.error("KE")))
show("lm.s.31", pump.all(source.string("a"), function() return nil end))
show("lm.s.32", pump.all(source.string("a"), sink.null(), function() return nil, "SX" end))
show("all with a false error", pump.all(source.string("a"), sink.null(), function() return false, false end))
show.raise("lm.s.33", pump.all)
show.raise("all without sink", pump.all, source.empty())
do
    local calls = {}
    local function recorder(answer)
        return function(chunk, err)
            calls[#calls + 1] = show.text(chunk) .. "/" .. show.text(err)
            return answer(chunk)
        end
    end
    show("all calls the sink with nil", pump.all(source.table({ "a", "b" }), recorder(function() return 1 end)))
    show("calls", calls)
    calls = {}
    show("all after a failure", pump.all(source.table({ "a", "b" }), recorder(function(c) return c == "a" end)))
    show("calls", calls)
    local original = pump.step
    pump.step = function() return nil, "replaced" end
    show("all uses the step of the module", pump.all(source.string("a"), sink.null()))
    pump.step = original
end

-- Cycles.
do
    local f = ltn12.filter.cycle(function(c, s, x) return s and s .. x .. c, c + 1 end, 1, "-")
    show("lm.s.34", f("a"), f("b"), f(nil))
    show("cycle gives one result", ltn12.filter.cycle(function(...) return select("#", ...), 2, 3 end)("x"))
    show.raise("cycle nil", ltn12.filter.cycle)
    show("lm.s.35", ltn12.filter.chain(function(c) return c end, function(c) return c end)("x"))
end

-- Everything may yield.
do
    local function yielding(value, ...) coroutine.yield("in " .. tostring(value)) return value, ... end
    local list = source.table({ "a", "b" })
    local thread = coroutine.create(function()
        local src = source.chain(function() return yielding(list()) end, yielding, function(c) return c end)
        local snk = sink.chain(yielding, function(c) return yielding(c or "end") end)
        return pump.all(source.cat(source.rewind(src)), snk, function(...)
            coroutine.yield("step")
            return pump.step(...)
        end)
    end)
    for i = 1, 60 do
        show("yield " .. i, coroutine.resume(thread))
        if coroutine.status(thread) == "dead" then break end
    end
end
