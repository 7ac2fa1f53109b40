-- ltn12 where the reference misbehaves: ltn12.bugs.1 to ltn12.bugs.3.
local check = require("check")
local ltn12 = require("ltn12")

local source, sink, pump = ltn12.source, ltn12.sink, ltn12.pump

-- ltn12.bugs.1: the reference asks the filter for ever.
do
    local calls = 0
    local function never_ends()
        calls = calls + 1
        if calls > 100 then error("asked for ever") end
        return ""
    end
    local s = source.chain(source.empty(), never_ends)
    check.raises("ltn12.bugs.1: empty source", 'filter returned ""$', s)
    check.equal("ltn12.bugs.1: asked once", calls, 1)
    calls = 0
    s = source.chain(source.table({ "a", "b" }), never_ends)
    check.raises("ltn12.bugs.1: source with data", 'filter returned ""$', pump.all, s, sink.null())
    check.equal("ltn12.bugs.1: asked once per chunk and at the end", calls, 3)
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

-- ltn12.bugs.3: the reference takes a failed read for the end of the file.
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

-- Programs that watch for undefined globals load and use ltn12 without a complaint.
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
