-- A system without trusted authorities: the reason of a refused certificate says so, and names the package. With
-- native-tls nobody knows where the system's authorities would be, so no advice takes the place of the reason.
-- needs: network-namespace, root, certs, python3
-- environment: SSL_CERT_FILE= SSL_CERT_DIR=
local check = require("check")
local tls = require("tls")
local http = require("socket.http")
local https = require("ssl.https")

-- The mount is seen in the test's own namespace alone.
local mounted = os.execute("mkdir empty && mount --bind empty /etc/ssl/certs")
check.ok("no authorities", mounted == 0 or mounted == true)

local REFUSED = "certificate verify failed"
local ADVICE = tls.is_complete() and "this system has no trusted authorities: install the package ca-certificates, or name a cafile"
    or "unable to get local issuer certificate"

local port = tls.peer("tls", "request", "page").port
local url = ("https://localhost:%d/"):format(port)
local function sink() return 1 end

local function outcome(result, message, _, detail) return { result, message, detail } end
check.equal("https.request", outcome(https.request(url)), { nil, REFUSED, ADVICE })
check.equal("http.request", outcome(http.request({ url = url, sink = sink })), { nil, REFUSED, ADVICE })
check.equal("http.get", { select(2, require("http").get(url)) }, { REFUSED, "tls", ADVICE })
check.equal("another authority gives its own reason",
    outcome(https.request({ url = url, sink = sink, cafile = tls.certificates .. "otherca.crt" })),
    { nil, REFUSED, "unable to get local issuer certificate" })
check.equal("a cafile is enough", (https.request({ url = url, sink = sink, cafile = tls.certificates .. "ca.crt" })), 1)

check.done()
