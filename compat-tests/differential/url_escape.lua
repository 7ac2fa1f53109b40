-- Percent-encoding (url.s.142-154).
local show = require("show")
local url = require("socket.url")

show("url.s.142", url.escape("/#?;"))
show("url.s.143", url.escape("a b_-.~Z9"))
show("url.s.144", url.escape("\0\255\r\n"))
show("url.s.145", url.escape(""))
show("url.s.146", select("#", url.escape("a b")))
show("url.s.147", url.unescape("%41%4a%4A"))
show("url.s.148", url.unescape("%4"))
show("url.s.149", url.unescape("%%41"))
show("url.s.150", url.unescape("%zz"))
show("url.s.151", url.unescape("a+b"))
show("url.s.152", url.unescape("%2541"))
show("url.s.153", url.unescape("%00"))
show("url.s.154", select("#", url.unescape("%41")))

-- Every byte, alone and in sequence (url.escape.1-3).
local bytes = {}
for byte = 0, 255 do
    local char = string.char(byte)
    bytes[#bytes + 1] = char
    show("url.escape.1: byte " .. byte, url.escape(char))
    show("url.escape.2: byte " .. byte, url.unescape(("%%%02x"):format(byte)), url.unescape("%" .. char .. "1"))
end
local every = table.concat(bytes)
show("url.escape.1: every byte", url.escape(every))
show("url.escape.3", url.unescape(url.escape(every)) == every)
show("url.escape.1: long", url.escape(every:rep(50)))

-- Other types.
show("url.escape.1: number", url.escape(12), url.escape(1.5), url.unescape(12))
for _, wrong in ipairs({ true, {}, print }) do
    show("url.escape.1: raises for a " .. type(wrong), (pcall(url.escape, wrong)), (pcall(url.unescape, wrong)))
end
show("url.escape.1: raises for nil", (pcall(url.escape)), (pcall(url.unescape)))
