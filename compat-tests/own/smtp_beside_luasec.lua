-- needs: aiosmtpd, certs, lua-sec
-- smtp.send over TLS verifies the server's name, even when the module `ssl` is LuaSec, which does not verify names
local check = require("check")
local peer = require("peer")
local ltn12 = require("ltn12")
local smtp = require("socket.smtp")
local tls = require("tls")

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
-- the same address under a name that the certificate does not contain
local refused = send("127.1")
check.ok("another name", refused[1] == nil and refused[2]:find("certificate verify failed"), refused[2])

-- a `create` that returns LuaSec's objects
local secured = tls.peer("tls", "send:220 hi\\r\\n", "line", "send:250 me\\r\\n", "line", "send:250 from\\r\\n",
    "line", "send:250 to\\r\\n", "line", "send:354 go\\r\\n", "line", "line", "send:250 done\\r\\n",
    "line", "send:221 bye\\r\\n", "hold")
check.equal("32: LuaSec's objects", { smtp.send({
    from = "<a@x>", rcpt = "<b@x>", server = "localhost", port = secured.port, source = ltn12.source.string("text"),
    create = tls.creator(require("ssl")),
}) }, { 1 })

check.done()
