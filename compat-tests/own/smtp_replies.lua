-- socket.smtp: replies of real servers: replies to QUIT (add.52), EHLO line by line, HELO, line ends (add.50)
local check = require("check")
local dialogue = require("dialogue")
local ltn12 = require("ltn12")
local tp = require("socket.tp")
local smtp = require("socket.smtp")

smtp.DOMAIN = "me"
smtp.TIMEOUT = 5

-- Sends one mail to a scripted server. Returns the results, and the server's log in one line.
local function send(steps, fields)
    local server = dialogue.serve({ steps })
    local mail = { from = "<a>", rcpt = "<b>", source = ltn12.source.string("x"), server = "127.0.0.1", port = server.port }
    for name, value in pairs(fields or {}) do mail[name] = value end
    local results = { smtp.send(mail) }
    local seen = {}
    server:transcript(function(line) seen[#seen + 1] = line:gsub("^  ", "") end)
    return results, table.concat(seen, "; ")
end

local function mail_after(...)
    local steps = { "220 hi" }
    for _, step in ipairs({ ... }) do steps[#steps + 1] = step end
    for _, step in ipairs({ "250 from", "250 to", "354 go", { message = "250 queued" }, "221 bye" }) do steps[#steps + 1] = step end
    return steps
end

-- add.52: the mail is delivered once the server has confirmed it
local function goodbye(last) return { "220 hi", "250 me", "250 from", "250 to", "354 go", { message = "250 queued" }, last } end
for what, last in pairs({
    ["421"] = "421 busy, closing", ["500"] = "500 stay", ["hangs up"] = { quit = true }, ["no reply"] = { raw = "so long\r\n" },
}) do
    local results, seen = send(goodbye(last))
    check.equal("add.52: goodbye: " .. what, results, { 1 })
    check.ok("add.52: QUIT was said: " .. what, what == "hangs up" or seen:find("[;:] QUIT"), seen)
end
smtp.TIMEOUT = 2
check.equal("add.52: goodbye: silence", (send(goodbye({ lines = 1 }))), { 1 })
smtp.TIMEOUT = 5
check.equal("add.52: what is not confirmed is no success", (send({ "220 hi", "250 me", "250 from", "250 to", "354 go", { quit = true } })),
    { [2] = "closed" })

-- add.52: a bare code ends a reply
check.equal("add.52: EHLO", (send(mail_after("250-me\r\n250-SIZE\r\n250"))), { 1 })
check.equal("add.52: greeting", (send({ "220-hi\r\n220", "250 me", "250 from", "250 to", "354", { message = "250" }, "221" })), { 1 })
local server = dialogue.serve({ { { raw = "250-a\r\n250\r\n251 b\r\n250-c\r\n250x\r\n250\r\n" }, { lines = 1 } } })
local control = assert(tp.connect("127.0.0.1", server.port, 5))
check.equal("add.52: tp", { control:check("2..") }, { 250, "250-a\n250" })
check.equal("add.52: tp, what follows is the next reply", { control:check("2..") }, { 251, "251 b" })
check.equal("add.52: tp, other texts go on", { control:check("2..") }, { 250, "250-c\n250x\n250" })
control:close()
server:close()

-- S9: mechanisms are the words of the AUTH line
local credentials = { user = "u", password = "p" }
local function log_in(extensions, ...)
    return send(mail_after(extensions, ...), credentials)
end
local results, seen = log_in("250-smtp-auth.my-login.example at your service\r\n250-AUTH PLAIN\r\n250 OK", "235 in")
check.equal("S9: a host's name is no mechanism", results, { 1 })
check.ok("S9: PLAIN", seen:find("AUTH PLAIN AHUAcA==", 1, true), seen)
results, seen = log_in("250-me\r\n250-AUTH PLAIN-CLIENTTOKEN LOGIN-X X-LOGIN PLAIN\r\n250 OK", "235 in")
check.ok("S9: whole words", results[1] == 1 and seen:find("AUTH PLAIN AHUAcA==", 1, true), seen)
results = send({ "220 hi", "250-me\r\n250-AUTH PLAIN-CLIENTTOKEN\r\n250-XLOGIN AUTH LOGIN\r\n250 OK" }, credentials)
check.equal("S9: other mechanisms", results, { [2] = "authentication not supported" })
results, seen = log_in("250-me\r\n250-auth=login\r\n250-AUTH cram-md5\r\n250 OK", "334 u", "334 p", "235 in")
check.ok("S9: AUTH=LOGIN in small letters", results[1] == 1 and seen:find("AUTH LOGIN; dQ==; cA==", 1, true), seen)
results, seen = log_in("250-me\r\n250 AUTH PLAIN", "334 go on", "235 in")
check.ok("S11: a server that takes no initial response", results[1] == 1 and seen:find("AHUAcA==; AHUAcA==", 1, true), seen)
results = send({ "220 hi", "250-starttls.example\r\n250-STARTTLSX\r\n250 X-STARTTLS" }, { starttls = true })
check.equal("S9: STARTTLS is a whole word", results, { [2] = "STARTTLS not supported" })

-- HELO where the server does not know EHLO and the caller needs no extension
results, seen = send(mail_after("502 what", "250 me"))
check.equal("S5: HELO", results, { 1 })
check.ok("S5: HELO follows", seen:find("EHLO me; HELO me; MAIL", 1, true), seen)
check.equal("S5: HELO refused too", (send({ "220 hi", "550 go away", "550 go" })), { [2] = "550 go away" })
check.equal("S5: gone after EHLO", (send({ "220 hi", "550 go away", { quit = true } })), { [2] = "550 go away" })
for what, fields in pairs({ login = credentials, starttls = { starttls = true } }) do
    results, seen = send({ "220 hi", "502 what" }, fields)
    check.ok("S5: no HELO with " .. what, results[2] == "502 what" and not seen:find("HELO", 1, true), seen)
end
results, seen = send({ "220 hi", "421 later" })
check.ok("S5: no HELO after 421", results[2] == "421 later" and not seen:find("HELO", 1, true), seen)

-- add.50: line ends
local function wire(pieces)
    local _, transcript = send(mail_after("250 me"), { source = ltn12.source.table(pieces) })
    return transcript:match("message: (.-); QUIT")
end
local E = "\\013\\010"
check.equal("add.50: LF", wire({ "a\n.b\n.\n" }), "a" .. E .. "..b" .. E .. ".." .. E .. E .. "." .. E)
check.equal("add.50: CR", wire({ "a\rb\r\rc" }), "a" .. E .. "b" .. E .. E .. "c" .. E .. "." .. E)
check.equal("add.50: CRLF", wire({ "a\r\nb\r\n" }), "a" .. E .. "b" .. E .. E .. "." .. E)
check.equal("add.50: CRLF in pieces", wire({ "a\r", "\n", ".b\r", "\n" }), "a" .. E .. "..b" .. E .. E .. "." .. E)
check.equal("add.50: CR and LF in pieces", wire({ "a\r", "b", "\n", ".c" }), "a" .. E .. "b" .. E .. "..c" .. E .. "." .. E)

-- an international domain is sent in ASCII: sender, recipients, greeting
results, seen = send(mail_after("250 me"), {
    from = "<a@b\195\188cher.example> SIZE=1", rcpt = "b@b\195\188cher.example", domain = "b\195\188cher.example",
})
check.equal("add.32: mail", results, { 1 })
check.ok("add.32: in ASCII", seen:find("EHLO xn--bcher-kva.example; MAIL FROM:<a@xn--bcher-kva.example> SIZE=1; "
    .. "RCPT TO:b@xn--bcher-kva.example; DATA", 1, true), seen)
results, seen = send(mail_after("250-me\r\n250 SMTPUTF8"), { rcpt = "<j\195\182@b\195\188cher.example>" })
check.ok("RFC 6531: said where it is offered", results[1] == 1 and seen:find("MAIL FROM:<a> SMTPUTF8; "
    .. "RCPT TO:<j\\195\\182@xn--bcher-kva.example>", 1, true), seen)
results, seen = send({ "220 hi", "250 me", "250 from", "250 to", "550 what" }, { rcpt = { "<j\195\182@x>", "<b@\255>" } })
check.ok("RFC 6531: not said where it is not",
    results[2] == "550 what" and seen:find("MAIL FROM:<a>; RCPT TO:<j\\195\\182@x>; RCPT TO:<b@\\255>",
    1, true), seen)

check.done()
