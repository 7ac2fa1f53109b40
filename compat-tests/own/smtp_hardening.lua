-- socket.smtp: refused arguments, repaired defects, nothing left open
local check = require("check")
local footprint = require("footprint")
local dialogue = require("dialogue")
local ltn12 = require("ltn12")
local socket = require("socket")
local smtp = require("socket.smtp")

local text = ltn12.source.string

-- Every refusal happens before a connection is made.
local created = 0
local function refuse(what, mailt)
    mailt.create = function()
        created = created + 1
        return nil, "must not connect"
    end
    mailt.source = mailt.source or text("x")
    local ok, message = smtp.send(mailt)
    check.equal(what .. " fails", ok, nil)
    check.ok(what .. " says which", type(message) == "string" and message:find("^invalid "), message)
end
refuse("S17: no from", { rcpt = "<b>" })
refuse("S17: no rcpt", { from = "<a>" })
refuse("S17: from a table", { from = {}, rcpt = "<b>" })
refuse("S17: rcpt holds a boolean", { from = "<a>", rcpt = { "<b>", true } })
for name, bad in pairs({ CRLF = "<a>\r\nNOOP", CR = "<a>\rx", LF = "<a>\nx", NUL = "<a>\0x" }) do
    refuse("S18: " .. name .. " in from", { from = bad, rcpt = "<b>" })
    refuse("S18: " .. name .. " in rcpt", { from = "<a>", rcpt = bad })
    refuse("S18: " .. name .. " in a later rcpt", { from = "<a>", rcpt = { "<b>", bad } })
    refuse("S18: " .. name .. " in domain", { from = "<a>", rcpt = "<b>", domain = bad })
end
check.equal("add.26: no connection", created, 0)

-- The low-level methods refuse too, and close the connection.
local server = dialogue.serve({ { "220 hi", "250 me" } })
local low = socket.protect(function()
    local s = smtp.open("127.0.0.1", server.port)
    s:greet()
    s:mail("<a>\r\nRSET")
end)
local ok, message = low()
check.ok("S18: mail refuses", ok == nil and message:find("invalid from"), message)
local seen = {}
server:transcript(function(line) seen[#seen + 1] = line end)
check.equal("S18: nothing on the wire", seen, { "connection", "  EHLO localhost", "  end: closed" })

-- S9: keywords in any case, LOGIN listed first
server = dialogue.serve({
    { "220 hi", "250 auth plain login", "334 u", "334 p", "235 in", "250 from", "250 to", "354 go", { message = "250 done" }, "221 bye" },
})
check.equal("S9: lower-case keywords", smtp.send({
    from = "<a>", rcpt = "<b>", source = text("x"), user = "u", password = "", server = "127.0.0.1", port = server.port,
}), 1)
seen = {}
server:transcript(function(line) seen[#seen + 1] = line end)
check.equal("S10: LOGIN with an empty password", { seen[3], seen[4], seen[5] }, { "  AUTH LOGIN", "  dQ==", "  " })

-- add.31: the caller's table can be reused
local mailt = { from = "<a>", rcpt = { "<b>" }, server = "127.0.0.1", source = text("x") }
local before = {}
for name, value in pairs(mailt) do before[name] = value end
local FAILS = { "220 hi", "550 no", "550 no" }
server = dialogue.serve({ FAILS })
mailt.port, before.port = server.port, server.port
smtp.send(mailt)
server:transcript(function() end)
check.equal("add.31: table unchanged", mailt, before)

-- M14: an error in a source ends the message with an error, permanently
local source = smtp.message({ body = function() error(nil) end })
source()
local chunk
chunk, message = source()
check.ok("M14: raised nil is still an error", chunk == nil and message ~= nil)
chunk, message = source()
check.ok("M14: no clean end after an error", chunk == nil and message ~= nil)
source = smtp.message({ body = { "not a part" } })
source()
chunk, message = source()
check.ok("M14: a part that is no table", chunk == nil and message ~= nil)
source = smtp.message({ body = "x" })
while source() do end
check.equal("M12: after the end", source(), nil)

-- M5: English names in every locale
local locale = os.setlocale("de_DE.UTF-8", "time") or os.setlocale("fr_FR.UTF-8", "time")
check.ok("M5: date", smtp.message({ body = "" })():find("Date: [MTWFS][ouehra][neduit], %d%d [JFMASOND]%l%l %d%d%d%d "))
if locale then os.setlocale("C", "time") end

-- add.30: descriptors. A new socket gets the lowest free number.
local function raise() error("raised by the caller's code", 0) end
local GOOD = { "220 hi", "250 me", "250 from", "250 to", "354 go", { message = "250 done" }, "221 bye" }
local UPTO_DATA = { "220 hi", "250 me", "250 from", "250 to", "354 go", { message = "250 done" } }
local function copy(steps)
    local list = { times = 250 }
    for i, step in ipairs(steps) do list[i] = step end
    return list
end
local kinds = {
    { "mail goes through", GOOD, {} },
    { "greeting refused", { "554 no" }, {} },
    { "no reply", { { quit = true } }, {} },
    { "invalid reply", { "hello" }, {} },
    { "EHLO refused", FAILS, {} },
    { "AUTH refused", { "220 hi", "250 AUTH PLAIN", "535 no" }, { user = "u", password = "p" } },
    { "source fails", UPTO_DATA, { source = function() return nil, "gone" end } },
    { "source raises", UPTO_DATA, { source = raise } },
}
local lists = {}
for i, kind in ipairs(kinds) do lists[i] = copy(kind[2]) end
server = dialogue.serve(lists)
collectgarbage()
collectgarbage("stop")
local first = footprint.next_descriptor()
for _, kind in ipairs(kinds) do
    for _ = 1, 250 do
        pcall(smtp.send, {
            from = "<a>", rcpt = "<b>", server = "127.0.0.1", port = server.port,
            source = kind[3].source or text("x"), user = kind[3].user, password = kind[3].password,
        })
    end
    check.equal("add.30: 250 times " .. kind[1], footprint.next_descriptor(), first)
end
collectgarbage("restart")
server:close()

server = dialogue.serve({ UPTO_DATA })
check.raises("errors of the caller's code pass unchanged", "^raised by the caller's code$", smtp.send,
    { from = "<a>", rcpt = "<b>", source = raise, server = "127.0.0.1", port = server.port })
server:close()

check.done()
