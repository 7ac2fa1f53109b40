-- mime where the reference misbehaves: mime.bugs.1 and mime.bugs.6.
local check = require("check")
local ltn12 = require("ltn12")
local mime = require("mime")

-- mime.bugs.1: the reference treats output that starts with NUL as no output.
check.equal("mime.bugs.1: unqp", { mime.unqp("=00abc") }, { "\0abc" })
check.equal("mime.bugs.1: NUL alone", { mime.unqp("=00") }, { "\0" })
check.equal("mime.bugs.1: open bytes are still dropped", { mime.unqp("=00=4") }, { "\0" })
check.equal("mime.bugs.1: no output is nil", { mime.unqp("\1"), mime.unqp("=") }, {})
check.equal("mime.bugs.1: the others", { mime.unb64("AGFi"), (mime.b64("\0")), (mime.qp("\0")) },
    { "\0ab", "AA==", "=00" })
do
    local data = {}
    for i = 0, 255 do data[i + 1] = string.char(i) end
    data = table.concat(data):rep(20)
    for _, name in ipairs({ "base64", "quoted-printable" }) do
        local snk, parts = ltn12.sink.table()
        local src = ltn12.source.chain(ltn12.source.string(data), mime.encode(name, "binary"), mime.wrap(name),
            mime.decode(name))
        check.equal("mime.bugs.1: pump " .. name, { ltn12.pump.all(src, snk) }, { 1 })
        check.ok("mime.bugs.1: round trip " .. name, table.concat(parts) == data)
    end
end

-- mime.bugs.6: numbers outside the range of a C integer.
local huge, nan = math.huge, 0 / 0
local MAX, MIN = 2147483647, -2147483648
check.equal("mime.bugs.6: wrp, much room", { mime.wrp(1e300, "abc", 5) }, { "abc", MAX - 3 })
check.equal("mime.bugs.6: wrp, infinite room", { mime.wrp(huge, "abc", 5) }, { "abc", MAX - 3 })
check.equal("mime.bugs.6: wrp, no room at all", { mime.wrp(-1e300, "abc", 5) }, { "\r\nabc", 2 })
check.equal("mime.bugs.6: wrp, nan", { mime.wrp(nan, "abc", 5) }, { "\r\nabc", 2 })
check.equal("mime.bugs.6: wrp, long lines", { mime.wrp(2, "abc", 1e10) }, { "ab\r\nc", MAX - 1 })
check.equal("mime.bugs.6: wrp, infinite lines", { mime.wrp(2, nil, huge) }, { "\r\n", MAX })
check.equal("mime.bugs.6: wrp, negative lines", { mime.wrp(0, "ab", -huge) }, { "\r\na\r\nb", MIN })
check.equal("mime.bugs.6: qpwrp, much room", { mime.qpwrp(1e300, "a=3D", 5) }, { "a=3D", MAX - 4 })
check.equal("mime.bugs.6: qpwrp, nan", { mime.qpwrp(nan, "abc", nan) }, { "=\r\na=\r\nb=\r\nc", -1 })
check.equal("mime.bugs.6: qpwrp, infinite lines", { mime.qpwrp(2, nil, huge) }, { "=\r\n", MAX })
check.equal("mime.bugs.6: dot, large states", { mime.dot(1e300, ".a") }, { ".a", 0 })
check.equal("mime.bugs.6: dot, nan", { mime.dot(nan, ".a") }, { ".a", 0 })
check.equal("mime.bugs.6: dot, negative state", { mime.dot(-5, "") }, { "", -5 })
check.equal("mime.bugs.6: dot, infinite state", { mime.dot(-huge, "") }, { "", MIN })
check.equal("mime.bugs.6: eol, a context that is a CR when cut to 32 bits", { mime.eol(2 ^ 32 + 13, "\nb") },
    { "\r\nb", 0 })
check.equal("mime.bugs.6: eol, a large context", { mime.eol(2 ^ 40, "") }, { "", MAX })
check.equal("mime.bugs.6: eol, a large negative context", { mime.eol(-2 ^ 40, "") }, { "", MIN })
do
    -- Lua 5.3 and later reject a context that is not an integer.
    local ok, out, context = pcall(mime.eol, nan, "\n")
    check.ok("mime.bugs.6: eol, nan", not ok or (out == "\r\n" and context == 10), out)
end

-- add.54: soft line breaks as stored in files and mailboxes, in any pieces
local function decode(text, size)
    local filter, out = mime.decode("quoted-printable"), {}
    for i = 1, #text, size do out[#out + 1] = filter(text:sub(i, i + size - 1)) end
    out[#out + 1] = filter(nil)
    return table.concat(out)
end
for text, expected in pairs({
    ["caf=C3=A9 and a long=\n line\n"] = "caf\195\169 and a long line\n", ["long= \r\n line\r\n"] = "long line\r\n",
    ["a= \t \nb=\t\r\nc"] = "abc", ["a=  b= =41"] = "a=  b= =41", ["a=" .. (" "):rep(90) .. "\nb"] = "a=" .. (" "):rep(90) .. "\nb",
    ["a\n\nb"] = "a\n\nb", ["the end=  "] = "the end", ["=\n"] = "",
}) do
    for size = 1, #text do
        local decoded = decode(text, size)
        if decoded ~= expected or size == 1 then check.equal("add.54: " .. text:sub(1, 20) .. " by " .. size, decoded, expected) end
    end
end

-- ltn12.filter.cycle is read when a filter is created, as in LuaSocket
do
    local cycle, used = ltn12.filter.cycle, 0
    ltn12.filter.cycle = function(...)
        used = used + 1
        return cycle(...)
    end
    mime.encode("base64")
    mime.decode("quoted-printable")
    mime.wrap(30)
    mime.normalize()
    mime.stuff()
    ltn12.filter.cycle = cycle
    check.equal("mime.factories: cycle is called", used, 5)
end

check.done()
