-- Random texts through mime's functions, and through random chains of its filters in random chunks.
local show = require("show")
local mime = require("mime")
local ltn12 = require("ltn12")

local unpack = table.unpack or unpack -- luacheck: ignore 143

-- Park and Miller's generator, whose numbers every Lua computes exactly.
local state = 20241119
local function random(n)
    state = state * 16807 % 2147483647
    return state % n + 1
end

local function pick(list) return list[random(#list)] end

local LINES = { "\r", "\n", "\r\n", " ", "\t", "=", ".", "a", "A", "3", "D", "!", "~", "\0", "\127", "\255" }
local BASE64 = {}
for character in ("ABCDEFxyz0129+/=== -_\r\n\t"):gmatch(".") do BASE64[#BASE64 + 1] = character end
local BYTES = {}
for i = 0, 255 do BYTES[i + 1] = string.char(i) end

local function text()
    local parts, alphabet = {}, pick({ LINES, LINES, BASE64, BYTES })
    for i = 1, random(pick({ 3, 20, 200 })) - 1 do parts[i] = pick(alphabet) end
    return table.concat(parts)
end

-- A text whose line ends both quoted-printable decoders treat in the same way. Our decoder accepts bare LF and blanks
-- before a soft line break; there LuaSocket loses the data that follows (add.54).
local function tame(wild)
    return (wild:gsub("[\r\n]", ""):gsub("~", "x~y\r\n"):gsub("!", "x~y=\r\n"):gsub("=[ \t]", "=x"))
end

for i = 1, 600 do
    local given_context, given = text(), text()
    for _, name in ipairs({ "b64", "unb64", "qp", "unqp" }) do
        local f = mime[name]
        local context, data = given_context, given
        if name == "unqp" then context, data = tame(context), tame(data) end
        show(name .. " " .. i, f(context, data))
        show(name .. " marker " .. i, f(context, data, pick({ "", "\n", "\0", "<>", "a\0b" })))
        -- mime.bugs.1
        if not (name == "unqp" and f("", data):find("^%z")) then show(name .. " end " .. i, f(data)) end
    end
    local data = given
    local left, length = random(90) - 10, random(90) - 5
    for _, name in ipairs({ "wrp", "qpwrp" }) do
        show(name .. " " .. i, mime[name](left, data, length))
        show(name .. " end " .. i, mime[name](left, nil, length))
    end
    local last = pick({ 0, 10, 13, random(300) })
    show("eol " .. i, mime.eol(last, data))
    show("eol marker " .. i, mime.eol(last, data, pick({ "", "\n", "<>", "a\0b" })))
    show("dot " .. i, mime.dot(random(4) - 1, data))
end

local MAKERS = {
    function() return mime.encode("base64") end,
    function() return mime.decode("base64") end,
    function() return mime.encode("quoted-printable") end,
    function() return mime.encode("quoted-printable", "binary") end,
    function() return mime.wrap("text", random(80)) end,
    function() return mime.wrap("quoted-printable") end,
    function() return mime.normalize() end,
    function() return mime.stuff() end,
}
for i = 1, 600 do
    local chunks, filters = {}, {}
    for j = 1, random(8) - 1 do chunks[j] = text() end
    for j = 1, random(4) do filters[j] = pick(MAKERS)() end
    local source, got = ltn12.source.table(chunks), {}
    local sink = ltn12.sink.table(got)
    local way = random(3)
    if way == 1 then
        source = ltn12.source.chain(source, unpack(filters))
    elseif way == 2 then
        filters[#filters + 1] = sink
        sink = ltn12.sink.chain(unpack(filters))
    else
        sink = ltn12.sink.chain(ltn12.filter.chain(unpack(filters)), sink)
    end
    show.raise("chain " .. i, ltn12.pump.all, source, sink)
    show("chain " .. i .. " gave", got)
end
