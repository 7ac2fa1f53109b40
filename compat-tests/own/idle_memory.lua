-- Connections that have exchanged a line and wait hold no receive buffers.
-- needs: certs
require("interposed").within("", "heap")
local check = require("check")
local socket = require("socket")
local ssl = require("ssl")
local tls = require("tls")

local COUNT = 100

local listener = assert(socket.bind("127.0.0.1", 0, COUNT))
local address, port = listener:getsockname()

local function plain_pair()
    local c = assert(socket.connect(address, port))
    return c, assert(listener:accept())
end

local server = assert(ssl.newcontext(tls.server()))
local client = assert(ssl.newcontext(tls.client()))

local function secure_pair()
    local c, s = plain_pair()
    c, s = assert(ssl.wrap(c, client)), assert(ssl.wrap(s, server))
    c:sni("localhost")
    c:settimeout(0)
    s:settimeout(0)
    local a, b
    repeat a, b = a or c:dohandshake(), b or s:dohandshake() until a and b
    c:settimeout(20)
    s:settimeout(20)
    return c, s
end

-- Kilobytes for each pair.
local function held(make)
    local pairs_of = {}
    local function more()
        local c, s = make()
        for _, way in ipairs({ { c, s }, { s, c } }) do
            way[1]:send(("x"):rep(1000) .. "\n")
            assert(#way[2]:receive() == 1000)
        end
        pairs_of[#pairs_of + 1] = { c, s }
    end
    for _ = 1, 10 do more() end
    collectgarbage()
    collectgarbage()
    local before = tonumber(os.getenv("HEAP_IN_USE"))
    for _ = 1, COUNT do more() end
    collectgarbage()
    collectgarbage()
    local after = tonumber(os.getenv("HEAP_IN_USE"))
    for _, pair in ipairs(pairs_of) do
        pair[1]:close()
        pair[2]:close()
    end
    return (after - before) / COUNT / 1024
end

-- one receive buffer has 8 KB
local size = held(plain_pair)
check.ok("TCP", size < 4, size)
-- OpenSSL 3 itself takes some 30 KB for both ends, and each of its own buffers 16 KB
size = held(secure_pair)
check.ok("TLS", size < 44, size)
listener:close()
check.done()
