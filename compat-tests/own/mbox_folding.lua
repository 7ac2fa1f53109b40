-- socket.mbox: repaired defects, large folders, the second module name
local check = require("check")
local mbox = require("socket.mbox")

check.ok("L3: mbox is the same module", require("mbox") == mbox)

check.equal("B2: a tab folds too", mbox.split_headers("A: b\n\tc\n \td\nE: f\n"), { "A: b c d", "E: f" })
check.equal("B2: with CRLF", mbox.split_headers("A: b\r\n\tc\r\n"), { "A: b c" })
check.equal("B3: a tab folds too", { mbox.parse_header("A: b\n\tc") }, { "A", "b c" })
check.equal("B3: CRLF counts as LF", { mbox.parse_header("A: b\r\n c\r\n") }, { "A", "b c" })
check.equal("B4: folded Received", mbox.parse_headers("Received: from a\r\n\tby b\r\nReceived: from c\n").received, "from a by b, from c")
check.equal("B5: spaces around an address", { mbox.parse_from(" j@x \t") }, { "j@x", "j@x" })

-- the time of every function is linear in the length of its text
local messages = {}
for i = 1, 5000 do messages[i] = ("From a\nSubject: %d\n\nhello\n%s\n"):format(i, ("text\n"):rep(20)) end
local parsed = mbox.parse(table.concat(messages))
check.equal("B6: 5000 messages", #parsed, 5000)
check.equal("B7: the last", parsed[5000], { headers = { subject = "5000" }, body = "hello\n" .. ("text\n"):rep(20) .. "\n" })
check.equal("B8: another", parsed[4999].body, "hello\n" .. ("text\n"):rep(20):sub(1, -2))
local long = ("\n"):rep(200000)
check.equal("B2: empty lines", #mbox.split_headers(long), 0)
check.equal("B6: empty lines", #mbox.split_mbox(long), 1)
check.equal("B3: a long name without a colon", { mbox.parse_header(("x"):rep(1000000)) }, {})
check.equal("B5: a long name without an address", #mbox.parse_from(("x "):rep(500000) .. "<"), 1000001)

check.equal("B5: a long gap", { mbox.parse_from("x" .. (" "):rep(1000000) .. "y <j@x>") }, { "x" .. (" "):rep(1000000) .. "y", "j@x" })

check.done()
