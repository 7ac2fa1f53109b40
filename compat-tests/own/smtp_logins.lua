-- socket.smtp: CRAM-MD5 and XOAUTH2, and fields that are refused before connecting
local check = require("check")
local dialogue = require("dialogue")
local ltn12 = require("ltn12")
local mime = require("mime")
local smtp = require("socket.smtp")

smtp.DOMAIN = "me"
smtp.TIMEOUT = 5

local function send(steps, fields)
    local server = dialogue.serve({ steps })
    local mail = { from = "<a>", rcpt = "<b>", source = ltn12.source.string("x"), server = "127.0.0.1", port = server.port }
    for name, value in pairs(fields) do mail[name] = value end
    local results = { smtp.send(mail) }
    local seen = {}
    server:transcript(function(line) seen[#seen + 1] = line:gsub("^  ", "") end)
    return results, table.concat(seen, "; ")
end

local function logged_in(...)
    local steps = { "220 hi", "250-me\r\n250 AUTH LOGIN PLAIN CRAM-MD5 XOAUTH2" }
    for _, step in ipairs({ ... }) do steps[#steps + 1] = step end
    for _, step in ipairs({ "250 from", "250 to", "354 go", { message = "250 queued" }, "221 bye" }) do steps[#steps + 1] = step end
    return steps
end

-- the example of RFC 2195
local challenge = mime.b64("<1896.697170952@postoffice.reston.mci.net>")
local results, seen = send(logged_in("334 " .. challenge, "235 in"), { user = "tim", password = "tanstaaftanstaaf", auth = "CRAM-MD5" })
check.equal("CRAM-MD5", results, { 1 })
check.ok("CRAM-MD5: response", seen:find("AUTH CRAM-MD5; dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw; MAIL", 1, true), seen)
results = send({ "220 hi", "250-me\r\n250 AUTH CRAM-MD5", "334 !!!", "535 no" }, { user = "tim", password = "x", auth = "cram-md5" })
check.equal("CRAM-MD5: refused", results, { [2] = "535 no" })

local token = { user = "someuser@example.com", password = "ya29.vF9dft4", auth = "xoauth2" }
local response = mime.b64("user=someuser@example.com\1auth=Bearer ya29.vF9dft4\1\1")
results, seen = send(logged_in("235 in"), token)
check.equal("XOAUTH2", results, { 1 })
check.ok("XOAUTH2: response", seen:find("AUTH XOAUTH2 " .. response .. "; MAIL", 1, true), seen)
results, seen = send({ "220 hi", "250 AUTH XOAUTH2", "334 eyJzdGF0dXMiOiI0MDAifQ==", "535 expired" }, token)
check.equal("XOAUTH2: refused", results, { [2] = "535 expired" })
check.ok("XOAUTH2: an empty line asks for the refusal", seen:find(response .. "; ; end", 1, true), seen)

-- the `auth` field decides, where the server offers the mechanism
results, seen = send(logged_in("235 in"), { user = "u", password = "p", auth = "plain" })
check.ok("auth = plain", results[1] == 1 and seen:find("AUTH PLAIN AHUAcA==", 1, true), seen)
results, seen = send(logged_in("334 u", "334 p", "235 in"), { user = "u", password = "p", auth = "Login" })
check.ok("auth = Login", results[1] == 1 and seen:find("AUTH LOGIN; dQ==", 1, true), seen)
results = send({ "220 hi", "250-me\r\n250 AUTH PLAIN" }, { user = "u", password = "p", auth = "cram-md5" })
check.equal("not offered", results, { [2] = "authentication not supported" })

-- refused before connecting
local created = 0
local function refuse(what, expected, fields)
    local mail = { from = "<a>", rcpt = "<b>", source = ltn12.source.empty(), create = function()
        created = created + 1
        return nil, "must not connect"
    end }
    for name, value in pairs(fields) do mail[name] = value or nil end
    check.equal(what, { smtp.send(mail) }, { [2] = expected })
end
refuse("unknown mechanism", "invalid auth 'ntlm' (known: cram-md5, login, plain, xoauth2)", { auth = "ntlm", user = "u", password = "p" })
refuse("no string", "invalid auth (string expected, got boolean)", { auth = true, user = "u", password = "p" })
refuse("no user", "invalid auth (user and password are missing)", { auth = "plain", password = "p" })
refuse("source is text", "invalid source (function expected, got string)", { source = "text" })
refuse("source is missing", "invalid source (function expected, got nil)", { source = false })
refuse("cafile beside starttls", "invalid cafile (belongs in the table: starttls = { cafile = … })", { starttls = true,
    cafile = "ca.pem" })
refuse("verify beside tls", "invalid verify (belongs in the table: tls = { verify = … })", { tls = {}, verify = "none" })
check.equal("no connection", created, 0)

check.done()
