-- mime's filters: lm.s.36, 38, 39, 44, 45 and lm.s.146 to lm.s.169, and their edge cases.
local ltn12 = require("ltn12")
local mime = require("mime")
local show = require("show")

local unpack = table.unpack or unpack -- luacheck: ignore 143

local names = {}
for name, value in pairs(mime) do names[#names + 1] = name .. ":" .. type(value) end
table.sort(names)
print(table.concat(names, " "))
for _, name in ipairs({ "encodet", "decodet", "wrapt" }) do
    local keys = {}
    for key, value in pairs(mime[name]) do keys[#keys + 1] = key .. ":" .. type(value) end
    table.sort(keys)
    print(name .. " " .. table.concat(keys, " "))
end
show("lm.s.166", mime._VERSION)
show("lm.s.167", require("mime.core") == mime)
show("global", rawget(_G, "mime"))
show("same wrappers", mime.wrapt.text == mime.wrapt.base64, mime.wrapt.text == mime.wrapt.default)

local function feed(label, f, ...)
    for i = 1, select("#", ...) do
        show(label .. " " .. i, f((select(i, ...))))
    end
end

local chain = ltn12.filter.chain
feed("lm.s.36", chain(mime.encode("base64"), mime.wrap("base64", 4)), "abcd", "", nil, nil, nil, nil)
do
    local s = ltn12.source.chain(ltn12.source.table({ "abcd", "ef" }), mime.encode("base64"))
    show("lm.s.38", s(), s(), s())
    s = ltn12.source.chain(ltn12.source.string("abc"), mime.encode("base64"), mime.decode("base64"))
    show("lm.s.39", s(), s())
    local t = {}
    local k = ltn12.sink.chain(mime.encode("base64"), (ltn12.sink.table(t)))
    k("abcd") k("") k(nil)
    show("lm.s.44", t)
    t = {}
    k = ltn12.sink.chain(mime.encode("base64"), mime.wrap("text", 2), (ltn12.sink.table(t)))
    k("abcd") k(nil)
    show("lm.s.45", t)
end
feed("lm.s.146", mime.encode("base64"), "a", "b", "", "cd", nil, nil)
feed("lm.s.147", mime.decode("base64"), "Y", "W", "Jj", "Y", nil)
feed("lm.s.148", mime.encode("quoted-printable"), "a ", "", "\r", "\n", "b", nil)
feed("lm.s.149", mime.encode("quoted-printable", "binary"), "\r\n")
feed("lm.s.150", mime.encode("quoted-printable", "text"), "\r\n")
feed("lm.s.151", mime.decode("quoted-printable"), "=4", "1=", "\r", "\nb", nil)
feed("lm.s.152", mime.wrap("text", 4), "abcdef", "", nil, nil)
feed("lm.s.153", mime.wrap("text", 4), "abcd", nil, nil)
feed("lm.s.154", mime.wrap("text", 4), "abcd\r\n", nil)
feed("lm.s.155", mime.wrap(4), "abcdef")
feed("lm.s.156", mime.wrap("base64", 4), "abcdef")
feed("lm.s.157", mime.wrap("default", 4), "abcdef")
show("lm.s.158", #mime.wrap()(("a"):rep(80)))
show("lm.s.159", #mime.wrap("quoted-printable", 3)(("a"):rep(80)))
feed("lm.s.160", mime.normalize(), "a\r", "\nb", "\r", "", nil)
feed("lm.s.161", mime.normalize("\n"), "a\r\nb\r")
feed("lm.s.162", mime.stuff(), ".a\r", "\n", ".", nil, ".")
show.raise("lm.s.163", mime.encode, "foo")
show.raise("lm.s.164", mime.decode)
show.raise("lm.s.165", mime.wrap, "x")

local function pump(input, filter)
    local snk, parts = ltn12.sink.table()
    show("pump", ltn12.pump.all(ltn12.source.chain(ltn12.source.string(input), filter), snk))
    return table.concat(parts)
end
show("lm.s.168", pump(("a b\r\n"):rep(2), mime.encode("quoted-printable")))
show("lm.s.169", pump("hello world", chain(mime.encode("base64"), mime.wrap("base64", 8))))

-- The name that the interpreter gives a function in a message depends on the order of a hash table.
local function nameless(ok, ...)
    if ok then return ... end
    error((tostring((...)):gsub("to '[^']*'", "to a function")), 0)
end
local function raises(label, f, ...)
    local arguments, count = { ... }, select("#", ...)
    show.raise(label, function() return nameless(pcall(f, unpack(arguments, 1, count))) end)
end

-- Names.
show.raise("encode()", mime.encode)
show.raise("encode number", mime.encode, 5)
show.raise("encode wrong case", mime.encode, "BASE64")
show.raise("decode table", mime.decode, {})
show.raise("wrap empty", mime.wrap, "")
show.raise("wrap false", function() return mime.wrap(false)(("x"):rep(77)) end)
show.raise("wrap nil", function() return mime.wrap(nil, 5)(("x"):rep(77)) end)
show.raise("wrap number as string", mime.wrap, "5")
raises("wrap with a bad length", function() return mime.wrap("text", "long")("x") end)
show.raise("wrap with a numeral", function() return mime.wrap("text", "3")("abcdef") end)
raises("normalize with a bad marker", function() return mime.normalize({})("x") end)
show.raise("normalize with a number", function() return mime.normalize(5)("x\r\n") end)

-- The error position is that of the caller's caller.
local function inner() local f = mime.encode("none") return f end
local function outer()
    local f = inner() -- the position is this line
    return f
end
local function lines(_, message)
    local line = tostring(message):match(":(%d+): unknown key")
    return line and tonumber(line) == debug.getinfo(outer, "S").linedefined + 1
end
show("level 3", lines(pcall(outer)))

-- Entries added by the user, and replaced functions.
mime.encodet.shout = function(...)
    local n, first = select("#", ...), (...)
    return function(chunk) return chunk and chunk:upper() .. tostring(first) .. n end
end
show("own encoder", mime.encode("shout", "!", "?", "more")("a"))
mime.encodet.default = function(a, b) return function() return tostring(a) .. tostring(b) end end
show("own default", mime.encode(7, 8, 9)("x"))
show("own default without arguments", mime.encode()("x"))
mime.encodet.default = nil
local original = mime.b64
mime.b64 = function() return "replaced", "" end
local replaced = mime.encode("base64")
mime.b64 = original
show("looked up when created", replaced("abc"), mime.encode("base64")("abc"))
local table_of = mime.encodet
mime.encodet = {}
show("a replaced table", pcall(mime.encode, "shout") and "found" or "not found")
mime.encodet = table_of

-- After the end.
for _, make in ipairs({
    function() return mime.encode("base64") end,
    function() return mime.encode("quoted-printable") end,
    function() return mime.encode("quoted-printable", "binary") end,
    function() return mime.decode("base64") end,
    function() return mime.decode("quoted-printable") end,
    function() return mime.wrap("text", 5) end,
    function() return mime.wrap("quoted-printable") end,
    function() return mime.normalize("|") end,
    function() return mime.stuff() end,
}) do
    feed("reuse", make(), "ab=C", ".\r\n", "Q=", nil, nil, "\n.ab", "", "YWJj ", nil, nil, nil)
    feed("empty", make(), nil, nil, "")
    feed("numbers", make(), 12, 3.5, nil)
    raises("table", make(), {})
    raises("boolean", make(), true)
end

-- Long texts through chains of filters, in chunks of odd sizes.
local seed = 97531
local function random(n)
    seed = (seed * 16807) % 2147483647
    return seed % n
end
local function text(n)
    local parts = {}
    for i = 1, n do
        local kind = random(12)
        parts[i] = kind == 0 and "\r\n" or kind == 1 and "\n" or kind == 2 and "\r" or kind == 3 and " "
            or kind == 4 and "." or kind == 5 and "=" or kind == 6 and string.char(random(256))
            or ("abcdefghij"):sub(1, random(11))
    end
    return table.concat(parts)
end
local function chunks(input)
    local parts = {}
    local at = 1
    while at <= #input do
        local size = 1 + random(200)
        parts[#parts + 1] = input:sub(at, at + size - 1)
        at = at + size
    end
    return parts
end
local makers = {
    base64 = function() return chain(mime.encode("base64"), mime.wrap("base64")) end,
    ["base64 and back"] = function()
        return chain(mime.encode("base64"), mime.wrap("base64", 61), mime.decode("base64"))
    end,
    text = function()
        return chain(mime.normalize(), mime.encode("quoted-printable"), mime.wrap("quoted-printable"))
    end,
    ["text and back"] = function()
        return chain(mime.normalize(), mime.encode("quoted-printable"), mime.wrap("quoted-printable"),
            mime.decode("quoted-printable"), mime.normalize("\n"))
    end,
    binary = function()
        return chain(mime.encode("quoted-printable", "binary"), mime.wrap("quoted-printable"))
    end,
    mail = function() return chain(mime.normalize(), mime.stuff()) end,
    wrapped = function() return chain(mime.wrap(31), mime.normalize("<>"), mime.stuff()) end,
}
local order = {}
for name in pairs(makers) do order[#order + 1] = name end
table.sort(order)
for round = 1, 12 do
    local input = text(round * 40)
    for _, name in ipairs(order) do
        local parts = {}
        local src = ltn12.source.chain(ltn12.source.table(chunks(input)), makers[name]())
        show(name .. " source", ltn12.pump.all(src, (ltn12.sink.table(parts))))
        show(name .. " " .. round, table.concat(parts), #parts)
        local sunk = {}
        local snk = ltn12.sink.chain(makers[name](), (ltn12.sink.table(sunk)))
        show(name .. " sink", ltn12.pump.all(ltn12.source.table(chunks(input)), snk))
        show(name .. " same", table.concat(sunk) == table.concat(parts))
    end
end
