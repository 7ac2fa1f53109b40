-- Filter chains, and sources and sinks behind them, with a trace of every call that reaches a filter. Filters follow
-- scripts: their results for data, for "" and for nil.
local ltn12 = require("ltn12")
local show = require("show")

local trace

local function note(name, chunk, out)
    trace[#trace + 1] = name .. "(" .. show.text(chunk) .. ")=" .. show.text(out)
    return out
end

-- Returns the pieces of each chunk one at a time: several outputs for one input.
local function splitter(name, size)
    local pending, ended = "", false
    return function(chunk)
        if chunk == nil then
            ended = true
        else
            pending = pending .. chunk
        end
        local out = pending:sub(1, size)
        pending = pending:sub(size + 1)
        if out == "" and ended and chunk == nil then
            return note(name, chunk, nil)
        end
        return note(name, chunk, out)
    end
end

-- Buffers everything until the end.
local function hoarder(name)
    local held = {}
    return function(chunk)
        if chunk then
            held[#held + 1] = chunk
            return note(name, chunk, "")
        end
        local out = table.concat(held)
        held = {}
        return note(name, chunk, out ~= "" and out or nil)
    end
end

-- Returns whole pairs and buffers the rest.
local function pairing(name)
    local held = ""
    return function(chunk)
        if chunk == nil then
            local out = held
            held = ""
            return note(name, chunk, out ~= "" and "<" .. out .. ">" or nil)
        end
        held = held .. chunk
        local whole = #held - #held % 2
        local out = held:sub(1, whole)
        held = held:sub(whole + 1)
        return note(name, chunk, out)
    end
end

local function identity(name)
    return function(chunk)
        return note(name, chunk, chunk)
    end
end

local makers = {
    split = function(name) return splitter(name, 2) end,
    hoard = hoarder,
    pair = pairing,
    id = identity,
}

local function build(kinds)
    local filters = {}
    for i, kind in ipairs(kinds) do
        filters[i] = makers[kind](kind .. i)
    end
    return filters
end

local unpack = table.unpack or unpack -- luacheck: ignore 143

local function report(label)
    print("  " .. label .. ": " .. table.concat(trace, " "))
    trace = {}
end

-- Follows the protocol: "" until "" comes back, nil until nil comes back.
local function drive(label, f, inputs)
    trace = {}
    local function step(chunk)
        show("  " .. label .. " " .. show.text(chunk), f(chunk))
        report("calls")
    end
    for _, input in ipairs(inputs) do
        local out = f(input)
        show("  " .. label .. " " .. show.text(input), out)
        report("calls")
        for _ = 1, 30 do
            if not out or out == "" then break end
            out = f("")
            show("  " .. label .. " more", out)
            report("calls")
        end
    end
    for _ = 1, 40 do
        local out = f(nil)
        show("  " .. label .. " end", out)
        report("calls")
        if not out then break end
    end
    step(nil)
end

local names = { "id", "split", "hoard", "pair" }
local inputs = { "abcde", "f", "", "ghijklm" }

local function each(depth, kinds, visit)
    if depth == 0 then return visit(kinds) end
    for _, name in ipairs(names) do
        kinds[#kinds + 1] = name
        each(depth - 1, kinds, visit)
        kinds[#kinds] = nil
    end
end

for depth = 1, 3 do
    each(depth, {}, function(kinds)
        local title = table.concat(kinds, "+")
        print("filter.chain " .. title)
        drive(title, ltn12.filter.chain(unpack(build(kinds))), inputs)

        print("source.chain " .. title)
        trace = {}
        local s = ltn12.source.chain(ltn12.source.table({ "abc", "", "defg", "h" }), unpack(build(kinds)))
        for _ = 1, 40 do
            local ok, chunk, err = pcall(s)
            print("  " .. show.text(ok) .. " " .. show.text(ok and chunk or show.without_position(chunk)), err)
            report("calls")
            if not ok or not chunk then break end
        end
        show.raise("  after the end", s)

        print("sink.chain " .. title)
        trace = {}
        local filters = build(kinds)
        filters[#filters + 1] = function(chunk, err)
            note("sink", chunk, err)
            return 1
        end
        local k = ltn12.sink.chain(unpack(filters))
        for _, chunk in ipairs({ "abc", "", "defg" }) do
            show("  sink", k(chunk, "E"))
            report("calls")
        end
        show("  sink end", k(nil, "E"))
        report("calls")
    end)
end

-- Missing and wrong arguments.
local id = identity("id")
trace = {}
show.raise("chain(id, nil)", function() return ltn12.filter.chain(id, function() end)("x") end)
show.raise("chain(nil first)", function() return ltn12.filter.chain(function() end, id)("x") end)
show.raise("chain(nil first), three", function() return ltn12.filter.chain(function() end, id, id)("x") end)
show.raise("chain(data false)", function() return ltn12.filter.chain(id, function() return false end)("x") end)
show("chain() is built", pcall(ltn12.filter.chain))
show("chain() fails when called", (pcall(ltn12.filter.chain(), "x")))
show("chain(id, nil) is built", (pcall(ltn12.filter.chain, id, nil)))
show("chain(id, nil) fails when called", (pcall(ltn12.filter.chain(id, nil), "x")))
show("chain gives one result", ltn12.filter.chain(function(c) return c, "extra" end)("x"))
show("chain gives one result of two", ltn12.filter.chain(id, function(c) return c, "extra" end)("x"))
show.raise("source.chain(src)", ltn12.source.chain, ltn12.source.empty())
show.raise("source.chain()", ltn12.source.chain)
show.raise("source.chain(nil, f)", ltn12.source.chain, nil, id)
show.raise("sink.chain(f)", ltn12.sink.chain, id)
show.raise("sink.chain()", function() return ltn12.sink.chain() end)
show.raise("sink.chain(f, f)", function() return ltn12.sink.chain(id, ltn12.sink.null())("x") end)

-- A filter that breaks the protocol under source.chain.
local function chained(f) return ltn12.source.chain(ltn12.source.table({ "a", "b" }), f) end
show.raise("nil to data", chained(function() end))
local s = chained(function(chunk) if chunk == "" then return nil end return chunk end)
show("nil to the poll, first", s())
show.raise("nil to the poll, second", s)
show.raise("nil to the poll, third", s)
local replies = { "x", "", "y", "", "z", "" }
local at = 0
s = chained(function() at = at + 1 return replies[at] end)
show("empty after output at the end, 1", s())
show("empty after output at the end, 2", s())
show("empty after output at the end, 3", s())
show.raise("empty after output at the end, 4", s)

-- Errors of the source under source.chain.
local results = { { "a" }, { nil, "E1" }, { "lost", "E2" }, { "b" }, { nil } }
at = 0
s = ltn12.source.chain(function() at = at + 1 return (results[at] or {})[1], (results[at] or {})[2] end, id)
for i = 1, 5 do show("source errors " .. i, s()) end
show.raise("source errors 6", s)

-- Errors of the sink under sink.chain.
local failing = 0
local k = ltn12.sink.chain(splitter("s", 1), function(chunk)
    failing = failing + 1
    if failing == 2 then return nil, "full" end
    if failing == 4 then return false end
    return chunk or "end"
end)
show("sink failure 1", k("abc"))
show("sink failure 2", k("d"))
show("sink failure 3", k("e"))
show("sink failure 4", k(nil))
show("sink failure, data filter nil", ltn12.sink.chain(function() end, ltn12.sink.null())(nil))

-- Callable tables in every place.
local function callable(f) return setmetatable({}, { __call = function(_, ...) return f(...) end }) end
local got = {}
local src = ltn12.source.chain(callable(ltn12.source.table({ "p", "q" })), callable(id), callable(id))
local snk = ltn12.sink.chain(callable(id), callable(id), callable((ltn12.sink.table(got))))
show("callable", ltn12.pump.all(callable(src), callable(snk), callable(ltn12.pump.step)))
show("callable got", got)

-- The items of the contract.
do
    local source, sink = ltn12.source, ltn12.sink
    show.raise("lm.s.37", ltn12.filter.chain(id, function() end), "x")
    show("lm.s.40", source.chain(source.error("E"), id)())
    show("lm.s.41", source.chain(source.table({ "a", "b" }), function(chunk) return chunk and "" end)())
    local ended = source.chain(source.empty(), id)
    ended()
    show.raise("lm.s.42", ended)
    show.raise("lm.s.43", source.chain, source.empty())
    show("lm.s.46", sink.chain(id, sink.error("KE"))("x"))
    show("lm.s.47", sink.chain(id, sink.error("KE"))(""))
    show.raise("lm.s.48", sink.chain, id)
end
