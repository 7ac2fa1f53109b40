-- Messages that the manual quotes and no other script sees; compat-tests/driver/manual.py looks for each quoted message.
-- needs: network-namespace, root, python3, certs
local check = require("check")
local peer = require("peer")
local rerun = require("rerun")
local ftp = require("socket.ftp")
local smtp = require("socket.smtp")
local socket = require("socket")
local ssl = require("ssl")
local tls = require("tls")

local function begins(label, expected, result, message)
    check.ok(label, result == nil and type(message) == "string" and message:find(expected, 1, true) == 1, message)
end

-- The script runs again without the capabilities that let root do everything.
if arg[1] == "restricted" then
    begins("bind", "permission denied", socket.bind("127.0.0.1", 80))
    begins("tcp:bind", "permission denied", socket.tcp():bind("127.0.0.1", 80))
    local path = os.tmpname()
    os.execute("chmod 0 '" .. path .. "'")
    local serial, message = require("socket.serial")(path)
    check.equal("serial", { serial, message }, { nil, "permission denied" })
    os.remove(path)
    return check.done()
end
check.ok("restricted", rerun.run("setpriv --bounding-set -net_bind_service,-dac_override,-dac_read_search " .. rerun.interpreter(),
    "docs_messages", "restricted"))

require("names")("timeout:5 attempts:1")
peer.python(os.getenv("COMPAT_SERVERS") .. "/name_server.py")
begins("toip", "host not found", socket.dns.toip("nowhere.test"))
begins("toip of a name with another family", "No address associated with name", socket.dns.toip("holes6.test"))

for _, label in ipairs({ "bind", "tcp:bind" }) do
    local result, message
    if label == "bind" then
        result, message = socket.bind("192.0.2.1", 0)
    else
        result, message = socket.tcp():bind("192.0.2.1", 0)
    end
    check.equal(label, { result, message }, { nil, "Cannot assign requested address" })
end

begins("ftp.get", "missing hostname", ftp.get({ path = "/x", sink = function() return 1 end }))
begins("ftp.command", "missing command", ftp.command({ host = "127.0.0.1" }))
begins("ftp.get", "wrong scheme 'http'", ftp.get("http://127.0.0.1/"))
begins("ftp.get", "invalid type 'x'", ftp.get("ftp://127.0.0.1/x;type=x"))
begins("ftp.get", "invalid argument", ftp.get({
    host = "127.0.0.1", command = "retr", argument = "a\nb", sink = function() return 1 end,
}))

local function message() return nil end
begins("smtp.send", "invalid from", smtp.send({ rcpt = "<a@b.test>", source = message }))
begins("smtp.send", "invalid rcpt", smtp.send({ from = "<a@b.test>", source = message }))

local function context(changes) return ssl.newcontext(tls.server(changes)) end
begins("ssl.newcontext", "error loading private key (", context({ key = "/nowhere.key" }))
begins("ssl.newcontext", "private key does not match public key", context({ key = tls.certificates .. "client.key" }))
begins("ssl.newcontext", "invalid password type", context({ password = true }))
begins("ssl.newcontext", "invalid ALPN parameter", context({ alpn = 5 }))

check.done()
