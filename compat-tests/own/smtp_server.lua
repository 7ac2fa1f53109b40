-- needs: aiosmtpd, certs
-- smtp.send to aiosmtpd: authentication, STARTTLS, refusals, delivery
local check = require("check")
local peer = require("peer")
local ltn12 = require("ltn12")
local smtp = require("socket.smtp")

local program, certs = os.getenv("COMPAT_SERVERS") .. "/smtpd.py", os.getenv("COMPAT_CERTS")
os.execute("mkdir -p mail")
local PASSWORD = "p\228ss w\246rd"

local function delivered(name)
    local file = io.open("mail/" .. name, "rb")
    if not file then return nil end
    local content = file:read("*a")
    file:close()
    os.remove("mail/" .. name)
    return (content:gsub("^From [^\n]*\n", ""))
end
local function send(port, fields)
    local mailt = { from = "<jo@example.org>", rcpt = "<ann@example.org>", server = "localhost", port = port }
    for name, value in pairs(fields) do mailt[name] = value end
    mailt.source = mailt.source or ltn12.source.string("Subject: s\r\n\r\n.dot\r\n..\r\nend")
    return { smtp.send(mailt) }
end
local TEXT = "Subject: s\n\n.dot\n..\nend\n\n"

local server = peer.python(program, "mail")
check.equal("in the clear", send(server.port, {}), { 1 })
check.equal("22: delivered as it was", delivered("ann"), TEXT)
check.equal("several recipients", send(server.port, { rcpt = { "<a@x>", "<b@x>", "<c@x>" } }), { 1 })
check.equal("several recipients: delivered", { delivered("a"), delivered("b"), delivered("c") }, { TEXT, TEXT, TEXT })
check.equal("19: unknown recipient", send(server.port, { rcpt = { "<a@x>", "<nobody@x>" } }), { [2] = "550 no such user here" })
check.equal("19: not delivered", delivered("a"), nil)
check.equal("30: source that fails", send(server.port, { source = ltn12.source.cat(ltn12.source.string("begun\r\n"),
    ltn12.source.error("disk gone")) }), { [2] = "disk gone" })
check.equal("30: nothing delivered", delivered("ann"), nil)
check.equal("S13: dots over chunks", send(server.port, { source = ltn12.source.cat(ltn12.source.string("\r\n\r"),
    ltn12.source.string("\n"), ltn12.source.string("."), ltn12.source.string("\r\n.\r\n"), ltn12.source.string(".")) }), { 1 })
check.equal("S13: dots over chunks, delivered", delivered("ann"), "\n\n.\n.\n.\n\n")
check.equal("25: LOGIN", send(server.port, { user = "luasocket", password = PASSWORD }), { 1 })
check.equal("25: LOGIN, delivered", delivered("ann"), TEXT)
local refused = send(server.port, { user = "luasocket", password = "wrong" })
check.ok("29: wrong password", refused[1] == nil and refused[2]:find("^535 "), refused[2])
check.equal("29: nothing delivered", delivered("ann"), nil)
check.equal("starttls: not offered", send(server.port, { starttls = true }), { [2] = "STARTTLS not supported" })
check.ok("tls: no TLS there", send(server.port, { tls = true })[1] == nil)

local secured = peer.python(program, "mail", certs)
local trusting = { cafile = certs .. "/ca.crt" }
check.equal("27: AUTH is offered after STARTTLS only", send(secured.port, { user = "luasocket", password = PASSWORD }),
    { [2] = "authentication not supported" })
check.equal("starttls and AUTH", send(secured.port, { starttls = trusting, user = "luasocket", password = PASSWORD }), { 1 })
check.equal("starttls and AUTH, delivered", delivered("ann"), TEXT)
refused = send(secured.port, { starttls = trusting, user = "luasocket", password = "" })
check.ok("starttls, empty password", refused[1] == nil and refused[2]:find("^535 "), refused[2])
-- an address without brackets, by its IP: the certificate covers it too
check.equal("starttls to an address", send(secured.port, { starttls = trusting, server = "127.0.0.1" }), { 1 })
refused = send(secured.port, { starttls = true })
check.ok("starttls: unknown authority", refused[1] == nil and refused[2]:find("certificate verify failed"), refused[2])
check.equal("starttls: asked not to verify", send(secured.port, { starttls = { verify = "none" } }), { 1 })

local long = {}
for i = 1, 20000 do long[i] = ("."):rep(i % 4) .. i end
long = table.concat(long, "\r\n")
delivered("ann")
check.equal("starttls: a long message", send(secured.port, { starttls = trusting, source = ltn12.source.string(long) }), { 1 })
check.ok("starttls: a long message, delivered", delivered("ann") == long:gsub("\r\n", "\n") .. "\n\n")

check.done()
