-- ltn12 where the reference misbehaves: ltn12.bugs.1 to ltn12.bugs.3.
local check = require("check")
local ltn12 = require("ltn12")

local unpack = table.unpack or unpack -- luacheck: ignore 143
local source, sink, pump = ltn12.source, ltn12.sink, ltn12.pump

-- ltn12.bugs.1: a filter that returns "" at the end of the stream. This one does so a few times, and then ends.
do
    local calls = 0
    local function faulty(chunk)
        calls = calls + 1
        if chunk or calls % 8 ~= 0 then return "" end
        return nil
    end
    local s = source.chain(source.empty(), faulty)
    check.raises("ltn12.bugs.1: empty source", 'filter returned ""$', s)
    check.equal("ltn12.bugs.1: asked once", calls, 1)
    calls = 0
    s = source.chain(source.table({ "a", "b" }), faulty)
    check.raises("ltn12.bugs.1: source with data", 'filter returned ""$', pump.all, s, sink.null())
    check.equal("ltn12.bugs.1: asked once per chunk and at the end", calls, 3)
    calls = 0
    local got = {}
    local k = sink.chain(faulty, (sink.table(got)))
    check.equal("ltn12.bugs.1: sink, data", { k("a"), k("b") }, { 1, 1 })
    check.raises("ltn12.bugs.1: sink, the end", 'filter returned ""$', k, nil)
    check.equal("ltn12.bugs.1: sink, asked once per chunk and twice at the end", calls, 4)
    -- LuaSocket's sinks accept one "" before the end
    local asked = 0
    local ended = sink.chain(function()
        asked = asked + 1
        if asked == 1 then return "" end
        if asked == 2 then return "rest" end
        return nil
    end, (sink.table(got)))
    check.equal("ltn12.sink.6: one empty answer at the end", ended(nil), 1)
    check.equal("ltn12.sink.6: the rest arrives", got[#got], "rest")
end

-- ltn12.sink.4: the standard output cannot be closed; this is not a failure
check.equal("ltn12.sink.4: a standard file", { pump.all(source.string("standard\n"), sink.file(io.stdout)) }, { 1 })

-- add.49: sink.file returns the results of writing and closing
do
    local full = io.open("/dev/full", "w")
    -- under wine, writing to Linux's file for a full disk succeeds
    if full and package.config:sub(1, 1) == "/" then
        full:setvbuf("full", 4096)
        local snk = sink.file(full)
        check.ok("add.49: a buffer takes it", snk("text"))
        local ok, err = snk(nil)
        check.ok("add.49: closing says that the disk is full", ok == nil and err:find("No space left"), err)
        full = io.open("/dev/full", "w")
        full:setvbuf("no")
        ok, err = pump.all(source.string("text"), sink.file(full))
        check.ok("add.49: writing says so", ok == nil and err:find("No space left"), err)
        full:close()
    end
    local function handle(...)
        local results = { ... }
        local count = select("#", ...)
        return {
            write = function() return true end,
            close = function() return unpack(results, 1, count) end,
        }
    end
    for what, case in pairs({
        ["true"] = { handle(true), 1 }, nothing = { handle(), 1 }, ["nil"] = { handle(nil), 1 }, ["false"] = { handle(false), 1 },
        ["a program that ended"] = { handle(nil, "exit", 1), 1 }, ["a program that was ended"] = { handle(nil, "signal", 9), 1 },
        failure = { handle(nil, "disk gone", 5), nil, "disk gone" },
    }) do
        check.equal("add.49: close returns " .. what, { sink.file(case[1])(nil) }, { case[2], case[3] })
    end
end

-- ltn12.bugs.2: the reference calls the error string.
do
    local s = source.simplify(source.error("refused"))
    check.equal("ltn12.bugs.2: the error", { s() }, { nil, "refused" })
    check.equal("ltn12.bugs.2: the error again", { s() }, { nil, "refused" })

    local asked = 0
    s = source.simplify(function()
        asked = asked + 1
        if asked == 1 then return "a" end
        if asked == 2 then return nil, { code = 5 } end
        return "late"
    end)
    check.equal("ltn12.bugs.2: chunk", { s() }, { "a" })
    local chunk, err = s()
    check.ok("ltn12.bugs.2: an error of any type", chunk == nil and err.code == 5)
    chunk, err = s()
    check.ok("ltn12.bugs.2: an error lasts", chunk == nil and err.code == 5)
    check.equal("ltn12.bugs.2: a failed source is not asked again", asked, 2)

    s = source.simplify(function() return "a", "not a source" end)
    check.equal("ltn12.bugs.2: beside a chunk", { s() }, { "a" })
    check.equal("ltn12.bugs.2: beside a chunk, goes on", { s() }, { "a" })

    local callable = setmetatable({}, { __call = function() return "from a table" end })
    s = source.simplify(function() return "a", callable end)
    check.equal("ltn12.bugs.2: first of two", { s() }, { "a" })
    check.equal("ltn12.bugs.2: a callable table is a source", { s() }, { "from a table" })
    check.equal("ltn12.bugs.2: pump", { pump.all(source.simplify(source.error("E")), sink.null()) }, { nil, "E" })
end

-- ltn12.bugs.3: the reference treats a failed read as the end of the file.
do
    local closed = 0
    local reads = 0
    local handle = {
        read = function(_, size)
            reads = reads + 1
            check.equal("ltn12.bugs.3: size", size, ltn12.BLOCKSIZE)
            if reads == 1 then return "half" end
            return nil, "Input/output error", 5
        end,
        close = function() closed = closed + 1 end,
    }
    local parts = {}
    local ok, err = pump.all(source.file(handle), (sink.table(parts)))
    check.equal("ltn12.bugs.3: the pump fails", { ok, err }, { nil, "Input/output error" })
    check.equal("ltn12.bugs.3: what was read", parts, { "half" })
    check.equal("ltn12.bugs.3: closed once", closed, 1)

    local directory = io.open(".", "rb")
    if directory and not directory:read(0) then
        ok, err = pump.all(source.file(directory), sink.null())
        check.ok("ltn12.bugs.3: a directory cannot be read", ok == nil and type(err) == "string", err)
        check.equal("ltn12.bugs.3: its handle is closed", io.type(directory), "closed file")
    end
end

-- ltn12 loads and works in programs that check for undefined globals.
do
    local met = {}
    local old = getmetatable(_G)
    package.loaded.ltn12 = nil
    rawset(_G, "ltn12", nil)
    setmetatable(_G, {
        __index = function(_, name) met[#met + 1] = "read " .. name end,
        __newindex = function(t, name, value)
            met[#met + 1] = "write " .. name
            rawset(t, name, value)
        end,
    })
    local fresh = require("ltn12")
    fresh.pump.all(fresh.source.string("x"), fresh.sink.chain(tostring, tostring, fresh.sink.error("E")))
    setmetatable(_G, old)
    check.equal("ltn12.module.2: globals", met, rawget(_G, "module") and { "write ltn12" } or {})
end

check.done()
