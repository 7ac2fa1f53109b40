-- socket.mbox: every function (B1 to B8)
local show = require("show")
local mbox = require("socket.mbox")

local fields = {}
for name, value in pairs(mbox) do fields[name] = type(value) end
show("L4 fields", fields)
show("L3 global", rawget(_G, "mbox") == (rawget(_G, "module") and mbox or nil))

local function each(label, f, texts)
    for _, text in ipairs(texts) do show(label .. " " .. show.text(text), f(text)) end
end

each("B1", mbox.split_message, {
    "", "\n", "\r\n", "A: b", "A: b\n", "A: b\n\n", "A: b\n\nbody", "A: b\r\n\r\nbody\r\nmore\r\n", "\nbody",
    "A: b\nC: d\n\n\nbody",
    "\n\nbody", "\nA: b\n\nbody", "no header at all", "A: b\rc\n\nd",
})
each("B2", mbox.split_headers, {
    "", "\n\n", "A: b", "A: b\nC: d\n", "A: b\r\n  folded\r\nC: d\r\n", "A: b\n c\n  d\nE: f", " leading: x\n",
    "A: b\n\n c\n",
})
each("B3", mbox.parse_header, {
    "A: b", "A:b", "A: \t b ", "X:", "no colon", "", ":", ": x", "From a 01:02:03", "A b: c", "A: b\n  c", "A: b\nc",
    "a:b:c", "Sub ject: x",
})
each("B4", mbox.parse_headers, {
    "", "A: b\n", "Received: one\nSubject: s\nreceived: two\nRECEIVED: three\n", "junk\nA: b\n", "A:\nA: b\n",
    "A: b\n  c\nD: e\r\n",
})
each("B5", mbox.parse_from, {
    '"John D" <j@x>', "John D <j@x>", "<j@x>", "j@x", "", "  <j@x>", "John <j@x> (work)", 'J "Q" D <j@x>', "<>",
    "J < j@x >", "J<j@x", '"j@x"',
})
each("B6", mbox.split_mbox, {
    "", "\n", "From a\nA: b\n\nbody\n", "A: b\n\nbody\n",
    "From a\nA: 1\n\none\n\nFrom b\nA: 2\n\ntwo\n\nFrom c\nA: 3\n\nthree\n",
    "From a\r\nA: 1\r\n\r\none\r\n\r\nFrom b\r\nA: 2\r\n", "\n\nFrom a\nA: 1\n", "\nFrom a\nA: 1\n",
    "A: 1\n\nFrom b", "A: 1\n\nfrom b\nx\n",
    "A: 1\n\nFromage\nx\n", "a\n\nFrom b\n\nFrom c\nd\n", "a\n\n\nFrom b\nd\n",
})

local folder = [[
From joe@x Sat Nov 21 01:02:03 2026
From: "Joe" <joe@x>
Received: from a
Received: from b
Subject: first
  and folded

one
From here on, still one

From ann@y Sat Nov 21 04:05:06 2026
FROM: ann@y
SUBJECT: second

From bob@z Sat Nov 21 07:08:09 2026
Subject: third

three

ends
]]
for i, message in ipairs(mbox.parse(folder)) do show("70 message " .. i, message) end
show("70 with CRLF is the same", show.text(mbox.parse((folder:gsub("\n", "\r\n")))) == show.text(mbox.parse(folder)))
show("B7 parse_message", mbox.parse_message("A: b\n\nbody\n"))
show("B7 empty", mbox.parse(""), mbox.parse_message(""))
