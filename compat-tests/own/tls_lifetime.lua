-- needs: certs, python3
-- How TLS objects end, descriptors, memory, large amounts. Numbers refer to tls.md's scenarios.
local check = require("check")
local footprint = require("footprint")
local tls = require("tls")
local ssl = require("socket.tls")
local https = require("socket.https")
local ltn12 = require("ltn12")
local socket = require("socket")

local is_windows = package.config:sub(1, 1) == "\\"
local EOF = "failed UNEXPECTED_EOF_WHILE_READING"

local function collect()
    collectgarbage()
    collectgarbage()
end

-- 62: the peer reads close_notify, whichever way an object ends
local server = tls.peer("max=1.2", "tls", "swallow")
local function ends(name, f)
    do
        local c = tls.connect(ssl, server.port)
        c:send("12345")
        f(c)
    end
    collect()
    local line = server.output:read("*l")
    check.ok("62 " .. name, line == "swallowed 5" and line ~= EOF, line)
end
ends("close", function(c) c:close() end)
ends("collected", function() end)
ends("__gc", function(c) getmetatable(c).__gc(c) end)
ends("__close", function(c) getmetatable(c).__close(c) end)
local tbc = (loadstring or load)("local f, c = ... ; do local x <close> = c end f(c)")
if tbc then
    ends("to be closed", function(c) tbc(function(closed) check.equal("<close> closes", closed:getfd(), -1) end, c) end)
end

-- 64: the TCP object no longer owns the descriptor
local c = (function()
    local object, tcp = tls.connect(ssl, server.port)
    tcp:close()
    return object
end)()
collect()
check.equal("64 the TLS object goes on", { c:send("12345") }, { 5, nil, nil })
c:close()
check.equal("64 its bytes arrive", server.output:read("*l"), "swallowed 5")

-- 95: many connections, each with a different ending
local page = tls.peer("tls", "request", "page", "notify", "hold")
local stranger = tls.peer("cert=self-signed", "tls", "hold")
https.cfg.cafile = tls.certificates .. "ca.crt"
local good, bad = "https://localhost:" .. page.port .. "/", "https://localhost:" .. stranger.port .. "/"
local function round()
    https.request(good)
    https.request(bad)
    https.request({ url = good, sink = function() return nil, "enough" end })
    local object = tls.connect(ssl, page.port)
    object:close()
    tls.connect(ssl, page.port)
    object = tls.wrap(ssl, page.port)
    object:settimeout(0)
    object:dohandshake()
    tls.wrap(ssl, stranger.port):dohandshake()
    ssl.newcontext(tls.client({ key = tls.certificates .. "garbage.pem" }))
end
round()
collect()
local before = footprint.next_descriptor()
for _ = 1, 60 do round() end
collect()
-- wine leaves the file with a revocation list open, one for each handshake.
if not is_windows then check.equal("95 no descriptor is left open", footprint.next_descriptor(), before) end

local memory = footprint.resident()
for _ = 1, 60 do round() end
collect()
local grown = footprint.resident() - memory
check.ok("no memory is kept from 500 connections", grown < 4 * 1024, grown)

-- contexts are cached, and the cache is bounded
local contexts = {}
for i = 1, 200 do contexts[i] = assert(ssl.newcontext(tls.client({ alpn = "protocol " .. i }))) end
check.ok("contexts of the same settings are different objects", ssl.newcontext(tls.client()) ~= ssl.newcontext(tls.client()))
local last = ssl.wrap(assert(socket.connect("127.0.0.1", page.port)), contexts[1])
last:sni("localhost")
check.equal("a context lives as long as it is held", last:dohandshake(), true)
last:close()

-- a changed file is read again
local path = os.tmpname()
local function write(name)
    local from, to = assert(io.open(tls.certificates .. name, "rb")), assert(io.open(path, "wb"))
    to:write(from:read("*a"))
    from:close()
    to:close()
end
write("otherca.crt")
check.equal("another authority", (https.request({ url = good, cafile = path })), nil)
write("ca.crt")
check.equal("the file changed", (https.request({ url = good, cafile = path })), 1)
write("otherca.crt")
check.equal("and changed back", (https.request({ url = good, cafile = path })), nil)
os.remove(path)
-- keys: a key that one caller opened with a password stays closed to others
local key = { mode = "client", protocol = "any", key = tls.certificates .. "good-enc.key", certificate = tls.certificates .. "good.pem" }
key.password = "secret"
check.equal("77 password: native-tls takes no encrypted keys", ssl.newcontext(key) ~= nil, tls.is_complete())
key.password = "wrong"
check.equal("77 wrong password afterwards", (ssl.newcontext(key)), nil)
key.password = nil
check.equal("77 no password afterwards", (ssl.newcontext(key)), nil)
key.password = function() error("my own", 0) end
local ok, message = pcall(ssl.newcontext, key)
check.equal("98 an error in the password function", { ok, message }, { false, "my own" })
key.password = function() return nil end
check.equal("77 a function without a password", (ssl.newcontext(key)), nil)

-- 100 MB each way
local SIZE = 100 * 1024 * 1024
local big = tls.peer("tls", "request", "send:HTTP/1.1 200 OK\\r\\nContent-Length: " .. SIZE .. "\\r\\n\\r\\n", "fill:" .. SIZE,
    "notify", "hold", "/", "tls", "swallow")
local count = 0
local answer, code = https.request({ url = "https://localhost:" .. big.port .. "/", sink = function(chunk)
    count = count + #(chunk or "")
    return 1
end })
check.equal("100 MB come", { answer, code, count }, { 1, 200, SIZE })
c = tls.connect(ssl, big.port)
c:settimeout(30)
local piece = ("0123456789abcdef"):rep(65536)
check.ok("100 MB go", ltn12.pump.all(ltn12.source.string(piece:rep(100)), socket.sink("close-when-done", c)))
check.equal("100 MB arrive", big.output:read("*l"), "swallowed " .. SIZE)

check.done()
