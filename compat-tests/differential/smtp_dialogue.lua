-- smtp.send and the low-level session against scripted servers (S1 to S20)
local show = require("show")
local dialogue = require("dialogue")
local socket = require("socket")
local ltn12 = require("ltn12")
local smtp = require("socket.smtp")

local fields = {}
for name, value in pairs(smtp) do fields[name] = type(value) end
show("L4 fields", fields)
show("L1 socket.smtp", socket.smtp == smtp)
show("L2 globals", rawget(_G, "smtp"), rawget(_G, "ftp"), rawget(_G, "tp"))
show("S1 constants", smtp.TIMEOUT, smtp.SERVER, smtp.PORT, smtp.ZONE)
smtp.DOMAIN = "client.test"

local text = ltn12.source.string

-- Starts a server, sends one mail to it, and prints the result and the transcript.
local function try_mail(label, steps, mailt)
    local server = dialogue.serve({ steps })
    mailt.server, mailt.port = mailt.server or "127.0.0.1", mailt.port or server.port
    mailt.from = mailt.from or "<a@x>"
    mailt.rcpt = mailt.rcpt or "<b@y>"
    mailt.source = mailt.source or text("hello\r\n")
    show(label, smtp.send(mailt))
    server:transcript(print)
end

local function dialogue_until(...)
    local steps = { "220 hi", "250-me\r\n250 AUTH PLAIN LOGIN", "250 sender", "250 rcpt", "354 go", { message = "250 done" }, "221 bye" }
    local count, last = ...
    local list = {}
    for i = 1, count do list[i] = steps[i] end
    list[#list + 1] = last
    return list
end

try_mail("15 whole dialogue", { "220-hello\r\n220 there", "250-one\r\n250-two\r\n250 three", "250 ok", "250 ok", "251 forwarded",
    "354 go", { message = "250-queued\r\n250 as 1" }, "221 bye" }, { rcpt = { "<b@y>", "<c@y>" } })
try_mail("16 domain", dialogue_until(7), { domain = "given.test" })
try_mail("18 no brackets", dialogue_until(7), { from = "a@x", rcpt = "b@y" })
try_mail("S16 no recipients", dialogue_until(2, "503 none"), { rcpt = {} })
try_mail("S3 ignored fields", dialogue_until(7), { headers = { subject = "x" }, body = "ignored" })

try_mail("19 greeting", { "554 go away" }, {})
try_mail("19 many lines", { "554-go\r\n554 away" }, {})
try_mail("19 MAIL", dialogue_until(2, "550 not you"), {})
try_mail("19 RCPT", dialogue_until(4, "550 not him"), { rcpt = { "<b@y>", "<c@y>", "<d@y>" } })
try_mail("19 DATA", dialogue_until(4, "554 no"), {})
try_mail("19 end", dialogue_until(5, { message = "552 too big" }), {})
try_mail("21 closes after connect", { { quit = true } }, {})
try_mail("T5 no SMTP server", { "hello" }, {})

try_mail("22 dots", dialogue_until(7), { source = text(".a\r\n.\r\n..b\r\nx.\r\n.y\r\n") })
local pieces = { "\r", "\n", ".", "\r\n", ".", ".", "\r", "\n.\r", "\n" }
local next_piece = 0
try_mail("22 dots in pieces", dialogue_until(7), { source = function()
    next_piece = next_piece + 1
    return pieces[next_piece]
end })
try_mail("24 no final CRLF", dialogue_until(7), { source = text("end") })
try_mail("24 final CRLF", dialogue_until(7), { source = text("end\r\n") })
try_mail("24 empty", dialogue_until(7), { source = ltn12.source.empty() })

local credentials = { user = "u\195\188", password = "p\228 ss\255" }
local function with(values)
    local mailt = {}
    for name, value in pairs(values) do mailt[name] = value end
    return mailt
end
local function authenticating(extensions, ...)
    local steps = { "220 hi", "250-me\r\n" .. extensions }
    for _, step in ipairs({ ... }) do steps[#steps + 1] = step end
    for _, step in ipairs({ "250 sender", "250 rcpt", "354 go", { message = "250 done" }, "221 bye" }) do steps[#steps + 1] = step end
    return steps
end
try_mail("25 LOGIN", authenticating("250 AUTH PLAIN LOGIN", "334 VXNlcm5hbWU6", "334 x", "235 in"), with(credentials))
try_mail("26 PLAIN", authenticating("250-AUTH=PLAIN\r\n250 8BITMIME", "235 in"), { user = "u", password = "p" })
try_mail("27 none offered", { "220 hi", "250 me" }, with(credentials))
try_mail("27 other mechanism", { "220 hi", "250-me\r\n250 AUTH CRAM-MD5" }, with(credentials))
try_mail("S9 mechanism on another line", { "220 hi", "250-AUTH\r\n250 LOGIN" }, with(credentials))
try_mail("28 user alone", authenticating("250 AUTH LOGIN"), { user = "u" })
try_mail("28 password alone", authenticating("250 AUTH LOGIN"), { password = "p" })
try_mail("29 refused", { "220 hi", "250 AUTH LOGIN", "334 a", "334 b", "535-no\r\n535 really" }, with(credentials))
try_mail("S10 user refused", { "220 hi", "250 AUTH LOGIN", "334 a", "500 b" }, with(credentials))
try_mail("S11 refused", { "220 hi", "250 AUTH PLAIN", "535 no" }, with(credentials))

local served = false
try_mail("30 source error", dialogue_until(5, { message = "250 done" }), { source = function()
    if served then return nil, "disk gone" end
    served = true
    return "first part"
end })

local steps = 0
try_mail("31 step", dialogue_until(7), { source = ltn12.source.cat(text("one "), text("two")), step = function(source, sink)
    steps = steps + 1
    return ltn12.pump.step(source, sink)
end })
show("31 called", steps)

local calls = {}
try_mail("32 create", dialogue_until(7), { create = function(...)
    show("32 create gets", ...)
    local inner = socket.tcp()
    return setmetatable({}, { __index = function(_, method)
        return function(_, ...)
            calls[#calls + 1] = method
            return inner[method](inner, ...)
        end
    end })
end })
show("32 calls", table.concat(calls, " "))
show("32 create fails", smtp.send({ from = "<a>", rcpt = "<b>", source = text(""), create = function() return nil, "none" end }))

-- 35: constants are read when they are used
local server = dialogue.serve({ dialogue_until(7) })
smtp.SERVER, smtp.PORT = "127.0.0.1", server.port
show("35 SERVER and PORT", smtp.send({ from = "<a@x>", rcpt = "<b@y>", source = text("x") }))
server:transcript(print)
smtp.TIMEOUT = 0.2
server = dialogue.serve({ { { lines = 1 } } })
show("35 TIMEOUT", smtp.send({ from = "<a@x>", rcpt = "<b@y>", source = text("x"), port = server.port }))
server:transcript(print)
smtp.TIMEOUT = 60

-- the low-level session
local session = socket.protect(function(body)
    server = dialogue.serve({ dialogue_until(7) })
    local s = smtp.open("127.0.0.1", server.port)
    return body(s)
end)
show("S20 session", session(function(s)
    show("greet", s:greet("low.test"))
    show("auth without password", s:auth("u", nil, "AUTH LOGIN"))
    show("mail", s:mail("<a>"))
    show("rcpt", s:rcpt("<b>"))
    show("data", s:data(text("no\r\n.stuffing")))
    show("quit", s:quit())
    show("close", s:close())
    return "through"
end))
server:transcript(print)
show("S20 send", session(function(s)
    s:greet()
    show("send", s:send({ from = "<a>", rcpt = { "<b>" }, source = text(".x") }))
    s:quit()
    return s:close()
end))
server:transcript(print)
show("S20 throws", session(function(s)
    s:greet()
    s:login("u", "p")
    return "not reached"
end))
server:transcript(print)
local port = require("ports").refusing()
local ok, thrown = pcall(smtp.open, "127.0.0.1", port)
show("S19 open throws", ok, type(thrown), thrown[1])
