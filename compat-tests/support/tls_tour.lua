-- A short test of everything over TLS, for valgrind, under which a handshake takes a second.
local check = require("check")
local https = require("ssl.https")
local tls = require("tls")
local port = tonumber(os.getenv("COMPAT_HTTPS_PORT"))
https.TIMEOUT = 50

do
    local object = tls.connect(require("ssl"), port)
    check.ok("the protocol", object:info("protocol"))
    local certificate = assert(object:getpeercertificate())
    check.ok("the certificate", certificate:pem() and certificate:digest() and certificate:subject()[1] and
        certificate:extensions() and certificate:validat(os.time()))
    object:send("GET /index.html HTTP/1.0\r\n\r\n")
    check.equal("a line", object:receive(), "HTTP/1.1 200 OK")
    check.ok("the rest", object:receive("*a"))
    object:close()
end
do
    local wrong = tls.wrap(require("ssl"), port, { cafile = tls.certificates .. "otherca.crt" })
    wrong:settimeout(50)
    check.equal("another authority", (wrong:dohandshake()), false)
end
collectgarbage()
local _, code = https.request(tls.client({ url = ("https://localhost:%d/missing"):format(port), mode = false }))
check.equal("a request", code, 404)

check.done()
