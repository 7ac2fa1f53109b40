-- needs: certs, openssl, python3
-- Clients resume sessions, but offer none to another name, port or configuration.
local check = require("check")
local footprint = require("footprint")
local tls = require("tls")
local ssl = require("ssl")
local https = require("ssl.https")
local socket = require("socket")

local CERTS = tls.certificates

local function server(changes) return assert(ssl.newcontext(tls.server(changes))) end
local function client(changes) return tls.merged(tls.client({ session = true }), changes) end

local WAITING = { wantread = true, wantwrite = true }

-- Serves one connection and reads a byte from it; session tickets arrive with this byte. Returns the result of
-- `reused`.
local function exchange(listener, context, cfg, name)
    local address, port = listener:getsockname()
    local c = assert(ssl.wrap(assert(socket.connect(address, port)), cfg))
    local s = assert(ssl.wrap(assert(listener:accept()), context))
    c:sni(name or "localhost")
    c:settimeout(0)
    s:settimeout(0)
    local by_server, by_client
    local start = socket.gettime()
    repeat
        if not by_client then
            local ok, message = c:dohandshake()
            by_client = ok or not WAITING[message] and message
        end
        if not by_server then
            local ok, message = s:dohandshake()
            by_server = ok or not WAITING[message] and message
        end
        assert(socket.gettime() - start < 20, "no progress")
    until by_server and by_client
    local reused = c:reused()
    if by_server == true and by_client == true then
        s:settimeout(5)
        c:settimeout(5)
        s:send("x")
        c:receive(1)
    end
    local on_server = s:reused()
    c:close()
    s:close()
    return by_client == true and reused or by_client ~= true and by_client, on_server
end

local function listen() return assert(socket.bind("127.0.0.1", 0)) end

for _, protocol in ipairs({ "tlsv1_2", "tlsv1_3" }) do
    local listener, context = listen(), server({ protocol = protocol })
    local function twice(cfg, name)
        exchange(listener, context, cfg, name)
        return (exchange(listener, context, cfg, name))
    end
    local cfg = client()
    check.equal(protocol .. ": the first", (exchange(listener, context, cfg)), false)
    check.equal(protocol .. ": the second", { exchange(listener, context, cfg) }, { true, true })
    check.equal(protocol .. ": and again", (exchange(listener, context, cfg)), true)
    check.equal(protocol .. ": a context of the same parameters", (exchange(listener, context, client())), true)
    check.equal(protocol .. ": without `session`", twice(client({ session = false })), false)
    check.equal(protocol .. ": by default", twice(tls.client()), false)

    -- a connection without a stored session resumes none
    check.equal(protocol .. ": another name", (exchange(listener, context, cfg, "127.0.0.1")), false)
    check.equal(protocol .. ": no verification", (exchange(listener, context, client({ verify = "none" }))), false)
    check.equal(protocol .. ": no name is verified", (exchange(listener, context, client({ verifyhost = false }))), false)
    check.equal(protocol .. ": a client certificate", (exchange(listener, context,
        client({ certificate = CERTS .. "client.pem", key = CERTS .. "client.key" }))), false)
    check.equal(protocol .. ": another authority", (exchange(listener, context, client({ cafile = CERTS .. "two-roots.pem" }))), false)
    check.equal(protocol .. ": other options", (exchange(listener, context, client({ options = "no_tlsv1" }))), false)
    check.equal(protocol .. ": another depth", (exchange(listener, context, client({ depth = 5 }))), false)
    check.equal(protocol .. ": lsec_continue keeps none", twice(client({ verifyext = "lsec_continue" })), false)
    local more = assert(ssl.newcontext(client()))
    more:setverifyext("lsec_ignore_purpose")
    check.equal(protocol .. ": setverifyext", (exchange(listener, context, more)), false)
    local other = listen()
    check.equal(protocol .. ": another port", (exchange(other, context, cfg)), false)
    other:close()

    -- a name that the certificate does not contain is refused, even after a resumption
    check.equal(protocol .. ": a name that is not the certificate's", (exchange(listener, context, cfg, "other.test")),
        "certificate verify failed")
    -- with a server that has other keys or does not know the session, the handshake is full
    local renewed = server({ protocol = protocol, depth = 3 })
    check.equal(protocol .. ": a server that was restarted", { exchange(listener, renewed, cfg) }, { false, false })
    check.equal(protocol .. ": which is resumed then", (exchange(listener, renewed, cfg)), true)
    -- the certificate of a resumed connection is the one that was verified
    local untrusted = server({ protocol = protocol, certificate = CERTS .. "untrusted.pem", key = CERTS .. "untrusted.key" })
    check.equal(protocol .. ": a server that is not trusted", (exchange(listener, untrusted, cfg)), "certificate verify failed")

    -- many connections, without growth
    local resumed = 0
    -- after some time, the allocator requests no more memory
    for _ = 1, 250 do exchange(listener, context, cfg) end
    collectgarbage()
    collectgarbage()
    local before = footprint.resident()
    for _ = 1, 200 do
        if exchange(listener, context, cfg) == true then resumed = resumed + 1 end
    end
    collectgarbage()
    collectgarbage()
    check.equal(protocol .. ": all of many", resumed, 200)
    local growth = footprint.resident() - before
    check.ok(protocol .. ": without growth", growth < 2 * 1024, growth)
    listener:close()
end

-- a server resumes no session whose client was refused or verified in another way
for _, protocol in ipairs({ "tlsv1_2", "tlsv1_3" }) do
    local listener = listen()
    local demand = { protocol = protocol, verify = { "peer", "fail_if_no_peer_cert" }, cafile = CERTS .. "ca-with-crl.pem" }
    local function with(changes) return server(tls.merged(demand, changes)) end
    local function offering(name, depth)
        return client({ certificate = CERTS .. name .. ".pem", key = CERTS .. name .. ".key", depth = depth })
    end
    local all = with({ verifyext = "lsec_continue" })
    local cfg = offering("client-untrusted", 5)
    exchange(listener, all, cfg)
    check.equal(protocol .. ": refused and continued", { exchange(listener, all, cfg) }, { false, false })
    local loose = with({})
    loose:setverifyext("lsec_continue")
    cfg = offering("client-untrusted", 6)
    exchange(listener, loose, cfg)
    check.equal(protocol .. ": continued elsewhere", select(2, exchange(listener, with({}), cfg)), nil)
    local checking = with({})
    checking:setverifyext("crl_check")
    cfg = offering("client-revoked", 7)
    exchange(listener, with({}), cfg)
    check.equal(protocol .. ": revoked", select(2, exchange(listener, checking, cfg)), nil)
    cfg = offering("client", 8)
    exchange(listener, with({}), cfg)
    check.equal(protocol .. ": a trusted client", { exchange(listener, with({}), cfg) }, { true, true })
    listener:close()
end

-- https resumes automatically; with a new `verify` or another server it does not
local function page(options)
    local listener = listen()
    local port = (select(2, listener:getsockname()))
    listener:close()
    local process = io.popen(("cd '%s' && exec openssl s_server -quiet -www -accept 127.0.0.1:%d "
        .. "-cert good.pem -key good.key 2>/dev/null %s"):format(CERTS, port, options or ""))
    local deadline = socket.gettime() + 20
    repeat
        local probe = socket.connect("127.0.0.1", port)
        if probe then probe:close() else socket.sleep(0.02) end
    until probe or socket.gettime() > deadline
    return port, process
end
local pid_file = os.tmpname()
for _, option in ipairs({ "-tls1_2", "-tls1_3" }) do
    -- Collecting the process would wait for its end.
    local port, process = page(option .. " & echo $! >" .. pid_file .. "; wait")
    local function status(changes)
        local chunks = {}
        local reqt = { url = "https://localhost:" .. port .. "/", cafile = CERTS .. "ca.crt",
            sink = require("ltn12").sink.table(chunks) }
        for name, value in pairs(changes or {}) do reqt[name] = value end
        local ok, code = https.request(reqt)
        return ok and (table.concat(chunks):match("\n(%a+), TLS") or "?") or code
    end
    check.equal("https" .. option .. " the first", status(), "New")
    check.equal("https" .. option .. " the second", status(), "Reused")
    check.equal("https" .. option .. " not wanted", status({ session = false }), "New")
    check.equal("https" .. option .. " without verification", status({ verify = "none" }), "New")
    -- The proxy connects every target to this server, so a session that was offered to another port would be resumed.
    local proxied = tls.peer("connect:" .. port)
    local function through(target)
        return status({ url = "https://localhost:" .. target .. "/", proxy = "http://127.0.0.1:" .. proxied.port })
    end
    check.equal("https" .. option .. " through a proxy", through(port), "Reused")
    check.equal("https" .. option .. " another port behind it", through(1), "New")
    check.equal("https" .. option .. " that port again", through(1), "Reused")
    check.equal("https" .. option .. " the proxy's own number", through(proxied.port), "New")
    local function by_client(target)
        local answer = assert(require("http").request({
            url = "https://localhost:" .. target .. "/", proxy = "http://127.0.0.1:" .. proxied.port,
            tls = { cafile = CERTS .. "ca.crt" }, pool = false,
        }))
        return answer.body:match("\n(%a+), TLS") or "?"
    end
    check.equal("http" .. option .. " through a proxy", by_client(port), "Reused")
    check.equal("http" .. option .. " another port behind it", by_client(2), "New")
    local file = assert(io.open(pid_file))
    os.execute("kill " .. file:read("*l"))
    file:close()
    process:close()
end
os.remove(pid_file)

-- keylog: written to the file that the environment names, when a parameter asks for it
local script, log = os.tmpname(), os.tmpname()
local listener = listen()
local port = (select(2, listener:getsockname()))
local file = assert(io.open(script, "w"))
file:write(([[
local ssl, socket = require("ssl"), require("socket")
local c = assert(ssl.wrap(assert(socket.connect("127.0.0.1", %d)),
    { mode = "client", protocol = "any", verify = "none", keylog = arg[1] == "ask" }))
assert(c:dohandshake())
c:close()
]]):format(port))
file:close()
local function secrets(argument)
    local process = io.popen(("SSLKEYLOGFILE='%s' '%s' '%s' %s"):format(log, os.getenv("COMPAT_LUA") or "lua", script, argument))
    local s = assert(ssl.wrap(assert(listener:accept()), server()))
    s:settimeout(10)
    s:dohandshake()
    process:close()
    s:close()
    local content = assert(io.open(log))
    local text = content:read("*a")
    content:close()
    return text
end
check.equal("keylog not asked for", secrets("no"), "")
check.ok("keylog", secrets("ask"):find("^%u[%u_]+ %x+ %x+\n"))
os.remove(script)
os.remove(log)

check.done()
