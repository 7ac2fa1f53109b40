-- needs: python3
-- smtp.message: refused headers (add.50), UTF-8 in subjects and names (RFC 2047), Message-ID
local check = require("check")
local peer = require("peer")
local smtp = require("socket.smtp")

local function block(headers)
    return smtp.message({ headers = headers, body = "" })()
end
local function value(name, text)
    local whole, message = block({ [name] = text })
    if not whole then return nil, message end
    return ("\r\n" .. whole):gsub("\r\n[ \t]", "\1"):match("\r\n" .. name:gsub("%-", "%%-") .. ": ([^\r\n]*)"):gsub("\1", "\r\n ")
end

-- add.50: a line break that is not folding
for what, text in pairs({
    ["a header"] = "x\r\nBcc: y", ["LF"] = "x\nBcc: y", ["CR"] = "x\rBcc: y", ["at the end"] = "x\r\n", ["an empty line"] = "x\r\n\r\n y",
    ["blanks alone"] = "x\r\n \r\n y", ["blanks at the end"] = "x\r\n ", ["NUL"] = "x\0y", ["CR before folding"] = "x\r\r\n y",
}) do
    check.equal("add.50: " .. what, { block({ subject = text }) }, { nil, "invalid header 'Subject'" })
end
check.equal("add.50: a name with a line break", { block({ ["x\r\ny"] = "z" }) }, { nil, "invalid header 'X??y'" })
check.equal("add.50: a name with a colon", { block({ ["x: y"] = "z" }) }, { nil, "invalid header 'X: y'" })
check.equal("add.50: in a part", (function()
    local source = smtp.message({ body = { { headers = { ["content-id"] = "<1>\nx: y" }, body = "" } } })
    source()
    source()
    return { source() }
end)(), { nil, "invalid header 'Content-ID'" })
for what, text in pairs({ CRLF = "one\r\n two", LF = "one\n two", tab = "one\r\n\ttwo", twice = "one\r\n two\r\n three", number = 5 }) do
    check.ok("add.50: folded: " .. what, block({ subject = text }), what)
end

-- RFC 2047
local UE = "\195\188"
check.equal("subject", value("Subject", "Gr" .. UE .. "n"), "=?UTF-8?B?R3LDvG4=?=")
check.equal("subject in ASCII", value("Subject", "green"), "green")
check.equal("subject that is encoded", value("Subject", "=?utf-8?q?gr=C3=BCn?= " .. UE), "=?utf-8?q?gr=C3=BCn?= " .. UE)
check.equal("subject in another encoding", value("Subject", "gr\252n"), "gr\252n")
check.equal("no UTF-8: an overlong form", value("Subject", "\192\175"), "\192\175")
check.equal("no UTF-8: a surrogate", value("Subject", "\237\160\128"), "\237\160\128")
check.equal("other headers stay", value("X-Odd", "gr" .. UE .. "n"), "gr" .. UE .. "n")
check.equal("name", value("From", "J" .. UE .. "rgen <j@x>"), "=?UTF-8?B?SsO8cmdlbg==?= <j@x>")
check.equal("quoted name", value("To", '"M' .. UE .. 'ller, \\"J\\"" <j@x>'), "=?UTF-8?B?TcO8bGxlciwgIkoi?= <j@x>")
check.equal("several", value("Cc", 'Ada <a@x>, "B, C" <b@x>, J' .. UE .. " <j@x>,k@x"),
    'Ada <a@x>, "B, C" <b@x>, =?UTF-8?B?SsO8?= <j@x>,k@x')
check.equal("domain", value("To", "<a@b" .. UE .. "cher.example>, a@b" .. UE .. "cher.example"),
    "<a@xn--bcher-kva.example>, a@xn--bcher-kva.example")
check.equal("a quote without its end", value("To", '"J' .. UE .. " <j@x>"), "=?UTF-8?B?IkrDvA==?= <j@x>")

-- Message-ID
local id = value("Message-ID", nil)
check.ok("Message-ID", id and id:find("^<%d+%.%d+%.%x+%.%d+@[%w.-]+>$"), id)
check.ok("Message-ID: a new one each time", id ~= value("Message-ID", nil))
check.equal("Message-ID: given", value("Message-ID", "<mine@x>"), "<mine@x>")
local from = block({ from = "Ada <ada@b" .. UE .. "cher.example>" })
check.ok("Message-ID: the sender's domain", from:find("Message%-ID: <[^>]*@xn%-%-bcher%-kva%.example>"), from)
local parts = {}
for chunk in smtp.message({ body = { { body = "x" } } }) do parts[#parts + 1] = chunk end
local _, count = table.concat(parts):gsub("Message%-ID", "")
check.equal("Message-ID: not in parts", count, 1)

-- the result of Python's parser, and the length of lines
local long = ("gr" .. UE .. "n \240\159\146\154 "):rep(30) .. "end"
local names = ("J" .. UE):rep(40)
local text = block({ subject = long, from = names .. " <j@x>", to = "Ada <a@x>, " .. names .. " <k@x>" })
for line in text:gmatch("(.-)\r\n") do
    if line:find("=?", 1, true) then check.ok("line length", #line <= 76, line) end
    for word in line:gmatch("=%?.-%?=") do check.ok("word length", #word <= 75, word) end
end
local file = assert(io.open("mail", "wb"))
file:write(text)
file:close()
local file2 = assert(io.open("parse.py", "w"))
file2:write([[
import email, email.policy, sys
m = email.message_from_bytes(open("mail", "rb").read(), policy=email.policy.default)
out = sys.stdout.buffer
out.write(("%s\n%s\n%s\n" % (m["subject"], m["from"].addresses[0].display_name, m["to"].addresses[1].display_name)).encode())
out.write(("%s %s\n" % (m["from"].addresses[0].addr_spec, len(m.defects))).encode())
]])
file2:close()
local parsed = peer.read_python("parse.py")
check.equal("Python: subject", parsed:read("*l"), long)
-- older releases of Python's parser put a blank between two encoded words of a name; RFC 2047 (6.2) forbids this
check.equal("Python: from", (parsed:read("*l"):gsub(" ", "")), names)
check.equal("Python: to", (parsed:read("*l"):gsub(" ", "")), names)
check.equal("Python: address, defects", parsed:read("*l"), "j@x 0")
parsed:close()

check.done()
