-- The certificate of a client, for the handler (server.request.7).
-- needs: certs
local check = require("check")
local https = require("ssl.https")
local serve = require("serve")
local tasks = require("socket.tasks")
local tls = require("tls")

local certs = tls.certificates

local function parameters(verify)
    return { certificate = certs .. "good.pem", key = certs .. "good.key", cafile = certs .. "ca.crt", verify = verify }
end

-- A handler that tells who calls.
local function who(request)
    local certificate = request.tls.certificate
    local name
    for _, entry in ipairs(certificate and certificate:subject() or {}) do
        if entry.name == "commonName" then name = entry.value end
    end
    return { body = tostring(name) .. " " .. tostring(certificate and certificate:digest("sha256")) }
end

-- Makes a request with the certificate of a name. Returns body and status, or nil and a message.
local function ask(server, name)
    local got = {}
    local ok, status = https.request({
        url = "https://localhost:" .. select(2, server:getsockname()) .. "/", protocol = "any", verify = "peer",
        cafile = certs .. "ca.crt", certificate = name and certs .. name .. ".pem", key = name and certs .. name .. ".key",
        sink = require("ltn12").sink.table(got),
    })
    if not ok then return nil, status end
    return table.concat(got), status
end

local function digest_of(name)
    local file = assert(io.open(certs .. name .. ".crt"))
    local certificate = require("ssl").loadcertificate(file:read("*a"))
    file:close()
    return certificate:digest("sha256")
end

tasks.run(function()
    local server, told = serve.start(who, { tls = parameters({ "peer", "fail_if_no_peer_cert" }) })
    check.equal("the client's certificate", { ask(server, "client") }, { "client " .. digest_of("client"), 200 })
    check.ok("no certificate is refused", not ask(server))
    check.ok("a certificate of another authority is refused", not ask(server, "client-untrusted"))
    check.equal("no error of a handler", told, {})
    server:close()

    server = serve.start(who, { tls = parameters("peer") })
    check.equal("an optional certificate", { ask(server, "client") }, { "client " .. digest_of("client"), 200 })
    check.equal("none", { ask(server) }, { "nil nil", 200 })
    server:close()

    server = serve.start(who, { tls = parameters("none") })
    check.equal("a server that asks for none", { ask(server, "client") }, { "nil nil", 200 })
    server:close()

    -- the same object for each request of a connection; nil without TLS
    local seen = {}
    server = serve.start(function(request)
        seen[#seen + 1] = request.tls and request.tls.certificate
        return { body = tostring(request.tls) }
    end, { tls = parameters("peer"), addresses = { { host = "127.0.0.1", port = 0 } } })
    local client = assert(tls.wrap(require("ssl"), select(2, server:getsockname()),
        { certificate = certs .. "client.pem", key = certs .. "client.key" }, "localhost"))
    check.ok("a handshake", client:dohandshake())
    for _ = 1, 2 do
        client:send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        repeat local line = client:receive() until line == "" or not line
        client:receive(#seen > 0 and #tostring(seen) or 0)
    end
    check.ok("fetched once for each connection", #seen == 2 and seen[1] == seen[2], #seen)
    client:close()
    check.equal("without TLS", require("raw_http").exchange({ getsockname = function() return server:getsockname(2) end },
        "GET / HTTP/1.0\r\n\r\n")[1].body, "nil")
    server:close()
end)
check.done()
