-- needs: aiosmtpd, certs, lua-sec
-- smtp.send over TLS verifies the server's name, also where the module `ssl` is LuaSec, which verifies none
local check = require("check")
local peer = require("peer")
local ltn12 = require("ltn12")
local smtp = require("socket.smtp")

local certs = os.getenv("COMPAT_CERTS")
os.execute("mkdir -p mail")
local server = peer.python(os.getenv("COMPAT_SERVERS") .. "/smtpd.py", "mail", certs)
local function send(host)
    return { smtp.send({
        from = "<a@x>", rcpt = "<b@x>", server = host, port = server.port, source = ltn12.source.string("text"),
        starttls = { cafile = certs .. "/ca.crt" },
    }) }
end

check.ok("LuaSec is here", require("ssl").wrap ~= require("socket.tls").wrap)
check.equal("the name in the certificate", send("localhost"), { 1 })
-- the same address by a name that the certificate does not have
local refused = send("127.1")
check.ok("another name", refused[1] == nil and refused[2]:find("certificate verify failed"), refused[2])

check.done()
