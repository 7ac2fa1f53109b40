-- mime's low-level functions: lm.s.51 to lm.s.145, random texts in random chunks, and every kind of wrong argument.
local mime = require("mime")
local show = require("show")

show("lm.s.51", mime.b64("a"))
show("lm.s.52", mime.b64("ab"))
show("lm.s.53", mime.b64("abc"))
show("lm.s.54", mime.b64("abcdefghij"))
show("lm.s.55", mime.b64(""))
show("lm.s.56", mime.b64("", ""))
show("lm.s.57", mime.b64(nil, "x"))
show("lm.s.58", mime.b64("a", "b"))
show("lm.s.59", mime.b64("a", "bcd"))
show("lm.s.60", mime.b64("diego:password"))
show("lm.s.61", mime.b64("\255\254\253"))
show("lm.s.62", mime.b64("\0"))
show("lm.s.63", mime.unb64("YWJjZA=="))
show("lm.s.64", mime.unb64("YWJj\r\nYWJj"))
show("lm.s.65", mime.unb64("Y W\tJ*j"))
show("lm.s.66", mime.unb64("YQ"))
show("lm.s.67", mime.unb64("YQ", ""))
show("lm.s.68", mime.unb64("YQ", "=="))
show("lm.s.69", mime.unb64("YQ==YQ=="))
show("lm.s.70", mime.unb64("===="))
show("lm.s.71", mime.unb64("Y==="))
show("lm.s.72", mime.unb64("YQ=a"))
show("lm.s.73", mime.unb64("Y=Jj"))
show("lm.s.74", mime.unb64("-_-_"))
show("lm.s.75", mime.unb64("", ""))
show("lm.s.76", mime.unb64(""))
show("lm.s.77", mime.unb64("AA=="))
show("lm.s.78", mime.qp("ma\231\227"))
show("lm.s.79", mime.qp("a "))
show("lm.s.80", mime.qp("a ", ""))
show("lm.s.81", mime.qp("a \r\n", ""))
show("lm.s.82", mime.qp("a \t \r\n", ""))
show("lm.s.83", mime.qp("a\r\n", "", "|"))
show("lm.s.84", mime.qp("a\n", ""))
show("lm.s.85", mime.qp("a\r", ""))
show("lm.s.86", mime.qp("a\r"))
show("lm.s.87", mime.qp("a\r", "\n"))
show("lm.s.88", mime.qp("a\r", "b"))
show("lm.s.89", mime.qp(" ", "\r"))
show("lm.s.90", mime.qp("a b"))
show("lm.s.91", mime.qp("="))
show("lm.s.92", mime.qp(""))
show("lm.s.93", mime.qp(nil))
show("lm.s.94", mime.qp("\r\n", "", "=0D=0A"))
show("lm.s.95", mime.qp("\0\127~!", ""))
show("lm.s.96", mime.unqp("ma=E7=E3="))
show("lm.s.97", mime.unqp("ma=E7=E3=", ""))
show("lm.s.98", mime.unqp("a=3d", ""))
show("lm.s.99", mime.unqp("a=zz", ""))
show("lm.s.100", mime.unqp("a=3", ""))
show("lm.s.101", mime.unqp("a=3"))
show("lm.s.102", mime.unqp("a=\r\nb", ""))
show("lm.s.105", mime.unqp("a\rb", ""))
show("lm.s.106", mime.unqp("a\r", "\nb"))
show("lm.s.107", mime.unqp("\0\127\200x", ""))
show("lm.s.108", mime.unqp("=4", "1"))
show("lm.s.109", mime.unqp("==41", ""))
show("lm.s.110", mime.unqp("a  \r\n", ""))
show("lm.s.111", mime.wrp(4, "abcdefgh", 4))
show("lm.s.112", mime.wrp(2, "abcdefgh", 4))
show("lm.s.113", mime.wrp(0, "abc", 4))
show("lm.s.114", mime.wrp(4, nil, 4))
show("lm.s.115", mime.wrp(3, nil, 4))
show("lm.s.116", mime.wrp(4, "ab\ncd", 4))
show("lm.s.117", mime.wrp(4, "a\rb", 4))
show("lm.s.118", mime.wrp(76, "abc"))
show("lm.s.119", mime.qpwrp(4, "abcdefgh", 4))
show("lm.s.120", mime.qpwrp(6, "ab=3D=3Dc", 6))
show("lm.s.121", mime.qpwrp(4, "=3D", 6))
show("lm.s.122", mime.qpwrp(3, "=3D", 6))
show("lm.s.123", mime.qpwrp(6, nil, 6))
show("lm.s.124", mime.qpwrp(5, nil, 6))
show("lm.s.125", mime.qpwrp(6, "ab\r\ncd", 6))
show("lm.s.126", mime.eol(0, "a\nb\r\nc\rd"))
show("lm.s.127", mime.eol(0, "\n\n"))
show("lm.s.128", mime.eol(0, "\r\n\r\n"))
show("lm.s.129", mime.eol(0, "a\n\rb"))
show("lm.s.130", mime.eol(0, "a\r"))
show("lm.s.131", mime.eol(13, "\nb"))
show("lm.s.132", mime.eol(13, "\rb"))
show("lm.s.133", mime.eol(13, ""))
show("lm.s.134", mime.eol(13, nil))
show("lm.s.135", mime.eol(0, "a\r\nb", "\n"))
show("lm.s.136", mime.eol(0, "\r\n\n"))
show("lm.s.137", mime.dot(2, "."))
show("lm.s.138", mime.dot(0, "."))
show("lm.s.139", mime.dot(1, "\n."))
show("lm.s.140", mime.dot(2, ".\r\nStuffing\r\n.\r\n."))
show("lm.s.141", mime.dot(0, "a\n."))
show("lm.s.142", mime.dot(0, "a\r\n"))
show("lm.s.143", mime.dot(0, "a\r"))
show("lm.s.144", mime.dot(0, nil))
show("lm.s.145", mime.dot(2, ".."))

-- Markers.
show("qp marker with NUL", mime.qp("a\r\nb", "", "<\0>"))
show("qp empty marker", mime.qp("a\r\nb", "", ""))
show("qp marker number", mime.qp("a\r\nb", "", 12))
show("eol marker with NUL", mime.eol(0, "a\r\nb", "<\0>"))
show("eol empty marker", mime.eol(0, "a\r\nb", ""))
show("eol marker number", mime.eol(0, "a\r\nb", 12))

-- Long contexts work like short ones.
show("b64 long context", mime.b64("abcdefgh", "ij"))
show("unb64 long context", mime.unb64("YWJjZA==YWJ", "jZA"))
show("qp long context", mime.qp("abc \r\n def ", "\r\n"))
show("qp long context, end", mime.qp("abc \r\n def \r"))
show("unqp long context", mime.unqp("abc=3D \r\n=0", "D"))

-- States that no call returns.
for _, state in ipairs({ -5, -1, 0, 1, 2, 3, 10, 13, 46, 269, 2.5, "2", "0x2" }) do
    local label = tostring(state)
    show("dot state " .. label, mime.dot(state, ".a\r\n."))
    show("dot state lf " .. label, mime.dot(state, "\n."))
    if tonumber(state) >= 0 then
        show("dot state empty " .. label, mime.dot(state, ""))
    end
    show("wrp left " .. label, mime.wrp(state, "abcdef", 3))
    show("qpwrp left " .. label, mime.qpwrp(state, "a=3Df", 5))
    show("wrp length " .. label, mime.wrp(3, "abcdef\nghi", state))
    show("qpwrp length " .. label, mime.qpwrp(3, "a=3Df\n=3D", state))
    show("wrp end " .. label, mime.wrp(2, nil, state))
    show("qpwrp end " .. label, mime.qpwrp(2, nil, state))
    show("wrp empty " .. label, mime.wrp(state, "", 9))
    if state ~= 2.5 then
        show("eol context " .. label, mime.eol(state, "\na\r"))
        show("eol context empty " .. label, mime.eol(state, ""))
    end
end

-- Arguments of every type at every position. A function may have several names, and the hash table's order decides
-- which one a message gives. So names are reduced to the last part.
local function plain(ok, ...)
    if ok then return ... end
    error(((...):gsub("'[%a.]*%.(%w+)'", "'%1'")), 0)
end
local calls = {
    b64 = function(...) local a, b = mime.b64(...) return a, b end,
    unb64 = function(...) local a, b = mime.unb64(...) return a, b end,
    qp = function(...) local a, b = mime.qp(...) return a, b end,
    unqp = function(...) local a, b = mime.unqp(...) return a, b end,
    wrp = function(...) local a, b = mime.wrp(...) return a, b end,
    qpwrp = function(...) local a, b = mime.qpwrp(...) return a, b end,
    eol = function(...) local a, b = mime.eol(...) return a, b end,
    dot = function(...) local a, b = mime.dot(...) return a, b end,
}
local values = {
    { "nil" }, { "true", true }, { "false", false }, { "table", {} }, { "function", print },
    { "thread", coroutine.create(function() end) }, { "file", io.stdout }, { "empty", "" }, { "text", "x" },
    { "number", 12 }, { "negative", -3 }, { "fraction", 12.5 }, { "numeral", "7" },
    { "fraction numeral", "7.5" }, { "hexadecimal", "0x10" }, { "spaced", " 8 " },
}
for _, name in ipairs({ "b64", "unb64", "qp", "unqp", "wrp", "qpwrp", "eol", "dot" }) do
    local function f(...) return plain(pcall(calls[name], ...)) end
    local number = name == "wrp" or name == "qpwrp" or name == "eol" or name == "dot"
    local first = number and 2 or "a \r"
    show.raise(name .. " without arguments", f)
    for _, v in ipairs(values) do
        local what = v[1]
        show.raise(name .. " 1 " .. what, f, v[2])
        show.raise(name .. " 1 of 2 " .. what, f, v[2], name == "unqp" and "ab.c=def" or "\nab.c=def")
        show.raise(name .. " 2 " .. what, f, first, v[2])
        show.raise(name .. " 2, bad 1, " .. what, f, {}, v[2])
        show.raise(name .. " 3 " .. what, f, first, "bc\r\nde", v[2])
        show.raise(name .. " 3, no 2, " .. what, f, first, nil, v[2])
        show.raise(name .. " 3, no 1, " .. what, f, nil, "x", v[2])
        show.raise(name .. " 3, bad 2, " .. what, f, first, {}, v[2])
        show.raise(name .. " 4 " .. what, f, first, "x", nil, v[2])
    end
end

-- Random texts: Park and Miller's generator, whose numbers every Lua computes exactly.
local seed = 20240607
local function random(n)
    seed = (seed * 16807) % 2147483647
    return seed % n
end

local all_bytes = {}
for i = 0, 255 do all_bytes[i + 1] = string.char(i) end
all_bytes = table.concat(all_bytes)

local words = {
    "\r\n", "\r", "\n", "\n\r", " ", "\t", ".", "=", "=3D", "=\r\n", "\r\n.", " \r\n", "\t \r", "..", "=0d",
    "YQ==", "plain text of some length, ", ("0123456789"):rep(9), "/+", "\0", "\127\200",
}

local function text(pieces)
    local parts = {}
    for i = 1, random(pieces) do
        local kind = random(8)
        if kind == 0 then
            parts[i] = string.char(random(256), random(256), random(256))
        elseif kind == 1 then
            local from = random(256)
            parts[i] = all_bytes:sub(from, from + random(40))
        else
            parts[i] = words[random(#words) + 1]
        end
    end
    return table.concat(parts)
end

-- Runs a text through a function in chunks, and prints every result.
local function run(label, f, state, input, extra, limit)
    local at, n = 1, 0
    while at <= #input do
        local size = random(limit)
        local out
        out, state = f(state, input:sub(at, at + size - 1), extra)
        at = at + size
        n = n + 1
        show(label .. " chunk " .. n, out, state)
    end
    return state
end

-- A text whose line ends both quoted-printable decoders treat in the same way. Our decoder accepts bare LF and blanks
-- before a soft line break; there LuaSocket loses the data that follows (add.54).
local function tame(wild)
    return (wild:gsub("[\r\n]", ""):gsub("~", "x~y\r\n"):gsub("!", "x~y=\r\n"):gsub("=[ \t]", "=x"))
end

local function whole(label, given, limit)
    local input
    for _, name in ipairs({ "b64", "unb64", "qp", "unqp" }) do
        local f = mime[name]
        input = name == "unqp" and tame(given) or given
        show(label .. name .. " whole", f("", input))
        show(label .. name .. " only", f(input))
        -- The reference loses output that starts with NUL, so this is not compared.
        local state = run(label .. name, f, "", input, nil, limit)
        show(label .. name .. " end", f(state))
    end
    input = given
    show(label .. "qp marker", mime.qp("", input, "<>"))
    for _, length in ipairs({ 76, 4, 1, 0 }) do
        for _, name in ipairs({ "wrp", "qpwrp" }) do
            local f = mime[name]
            show(label .. name .. length .. " whole", f(length, input, length))
            local state = run(label .. name .. length, f, length, input, length, limit)
            show(label .. name .. length .. " end", f(state, nil, length))
        end
    end
    show(label .. "eol whole", mime.eol(0, input))
    show(label .. "eol state", run(label .. "eol", mime.eol, 0, input, "<>", limit))
    show(label .. "dot whole", mime.dot(2, input))
    show(label .. "dot state", run(label .. "dot", mime.dot, 2, input, nil, limit))
end

for i = 1, 25 do
    -- A visible first byte ensures that the decoders' output does not start with NUL.
    whole("text " .. i .. " ", "ABCD" .. text(30), i % 2 == 0 and 5 or 60)
end
for i = 1, 3 do
    whole("long " .. i .. " ", "ABCD" .. text(600), 900)
end
whole("all bytes ", all_bytes, 40)
whole("all bytes backwards ", all_bytes:reverse(), 40)
for i = 0, 255 do
    local c = string.char(i)
    for _, name in ipairs({ "b64", "unb64", "qp", "unqp" }) do
        if name ~= "unqp" or c ~= "\r" and c ~= "\n" then
            show(name .. " byte " .. i, mime[name]("", "aQ" .. c .. "Ib=" .. c .. "4=4" .. c .. c .. "abc\r\n"))
        end
    end
    show("wrp byte " .. i, mime.wrp(1, "a" .. c .. c .. "b", 3))
    show("qpwrp byte " .. i, mime.qpwrp(2, "a" .. c .. c .. "b", 4))
    show("eol byte " .. i, mime.eol(i, "a" .. c .. c .. "b" .. c))
    show("eol context byte " .. i, mime.eol(i, c .. c))
    show("dot byte " .. i, mime.dot(2, c .. "." .. c .. "\r\n" .. c))
end

-- Base64 is decoded at any line length, and every round trip returns the input.
for width = 1, 90 do
    local data = text(40)
    local encoded = mime.b64(data) or ""
    local lines = mime.wrp(width, encoded, width)
    show("wrapped " .. width, lines, mime.unb64("", lines) == data)
    local quoted = mime.qp(data, nil, "=0D=0A") or ""
    local soft = mime.qpwrp(width, quoted, width)
    show("soft " .. width, soft, mime.unqp("", quoted) == data)
end
