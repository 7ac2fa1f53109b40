-- needs: certs, prosody
-- not on: lua5.1, lua5.2, lua5.3, lua5.5, luajit, runner
-- time limit: 150
-- Prosody, which Debian runs on Lua 5.4, with our `ssl` in place of LuaSec, on each of its network backends: two users
-- log in after STARTTLS and write to each other, and a page over https.
local check = require("check")
local https = require("ssl.https")
local ltn12 = require("ltn12")
local mime = require("mime")
local ports = require("ports")
local socket = require("socket")
local ssl = require("ssl")

local CERTS = os.getenv("COMPAT_CERTS")
-- ours first, then the system's modules, which Prosody needs
local LUA = ("LUA_PATH='%s;;' LUA_CPATH='%s;;' %s"):format(package.path, package.cpath, os.getenv("COMPAT_LUA") or "lua5.4")

local function write(path, text)
    local file = assert(io.open(path, "w"))
    file:write(text)
    file:close()
end

-- Returns a stanza or another element of the stream, as text, when `pattern` occurs in what has arrived.
local function expect(connection, pattern)
    local text = ""
    while not text:find(pattern) do
        local piece, message = connection:receive(1)
        if not piece then error(("%s instead of %s: %s"):format(message, pattern, text), 0) end
        text = text .. piece
    end
    return text
end

local OPEN = "<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='jabber:client' "
    .. "xmlns:stream='http://etherx.jabber.org/streams'>"

local function login(port, user)
    local tcp = assert(socket.connect("127.0.0.1", port))
    tcp:settimeout(20)
    tcp:send(OPEN)
    expect(tcp, "<starttls.-</stream:features>")
    tcp:send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
    expect(tcp, "<proceed[^>]*>")
    local connection = assert(ssl.wrap(tcp, { mode = "client", protocol = "any", verify = "peer", cafile = CERTS .. "/ca.crt" }))
    connection:settimeout(20)
    connection:sni("localhost")
    local ok, message, why = connection:dohandshake()
    if not ok then error(message .. " " .. tostring(why), 0) end
    connection:send(OPEN)
    check.ok(user .. ": SASL is offered over TLS", expect(connection, "</stream:features>"):find("PLAIN", 1, true))
    connection:send("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>"
        .. mime.b64("\0" .. user .. "\0secret") .. "</auth>")
    expect(connection, "<success[^>]*>")
    connection:send(OPEN)
    expect(connection, "</stream:features>")
    connection:send("<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>test</resource></bind></iq>")
    expect(connection, user .. "@localhost/test")
    connection:send("<presence/>")
    expect(connection, "<presence")
    return connection
end

local function converse(backend)
    local folder = backend
    os.execute("mkdir -p " .. folder .. "/data")
    local plain, secure = ports.free(), ports.free()
    write(folder .. "/config.lua", ([[
data_path = "%s/data"
run_as_root = true
network_backend = %q
modules_enabled = { "roster", "saslauth", "tls", "disco", "bosh" }
modules_disabled = { "s2s" }
interfaces, c2s_interfaces, https_interfaces = { "127.0.0.1" }, { "127.0.0.1" }, { "127.0.0.1" }
c2s_ports, http_ports, https_ports, s2s_ports = { %d }, {}, { %d }, {}
c2s_require_encryption = true
authentication = "internal_hashed"
log = { info = "*console" }
ssl = { certificate = "%s/good.pem", key = "%s/good.key" }
https_ssl = ssl
VirtualHost "localhost"
]]):format(folder, backend, plain, secure, CERTS, CERTS))
    for _, user in ipairs({ "alice", "bob" }) do
        os.execute(("%s /usr/bin/prosodyctl --config %s/config.lua register %s localhost secret >%s/register 2>&1"):format(
            LUA, folder, user, folder))
    end
    -- it ends with its standard input: the shell waits for that
    local running = io.popen(("exec 3<&0; %s /usr/bin/prosody --config %s/config.lua -F >%s/out 2>&1 </dev/null 3<&- & "
        .. "read line <&3; kill $!; wait"):format(LUA, folder, folder), "w")
    local deadline = socket.gettime() + 40
    for _, port in ipairs({ plain, secure }) do
        repeat
            local probe = socket.connect("127.0.0.1", port)
            if probe then probe:close() else socket.sleep(0.05) end
        until probe or socket.gettime() > deadline
    end
    local ok, message = pcall(function()
        local alice, bob = login(plain, "alice"), login(plain, "bob")
        check.ok(backend .. ": version", alice:info("protocol"))
        local long = ("a long text "):rep(4000)
        alice:send("<message to='bob@localhost/test' type='chat'><body>" .. long .. "</body></message>")
        check.ok(backend .. ": alice to bob", expect(bob, "</message>"):find(long, 1, true))
        bob:send("<message to='alice@localhost/test' type='chat'><body>and back</body></message>")
        check.ok(backend .. ": bob to alice", expect(alice, "</message>"):find("and back", 1, true))
        for _ = 1, 2 do
            local sink, chunks = ltn12.sink.table()
            local done, status = https.request({
                url = "https://localhost:" .. secure .. "/http-bind", cafile = CERTS .. "/ca.crt", sink = sink,
            })
            check.ok(backend .. ": https", done and status == 200 and table.concat(chunks):find("It works", 1, true), status)
        end
        alice:close()
        bob:close()
    end)
    local log = assert(io.open(folder .. "/out"))
    local text = log:read("*a")
    log:close()
    check.ok(backend .. ": all of it", ok, tostring(message) .. "\n" .. text:sub(-1500))
    running:close()
end

do
    local process = io.popen(LUA .. " -e 'print(require(\"ssl\")._COPYRIGHT)'")
    check.ok("Prosody gets our ssl", process:read("*a"):find("luasocket-rs", 1, true))
    process:close()
end
local backends = { "epoll", "select" }
-- lua-event
if package.searchpath("luaevent", "/usr/share/lua/5.4/?.lua") then backends[3] = "event" end
for _, backend in ipairs(backends) do converse(backend) end

check.done()
