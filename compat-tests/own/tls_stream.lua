-- needs: certs, python3
-- TLS objects in cases that LuaSec fails or does not support: numbers refer to tls.md's scenarios.
local check = require("check")
local tls = require("tls")
local ssl = require("socket.tls")
local socket = require("socket")

local EOF = "unexpected eof while reading"
local LINES = "send:one\\r\\ntwo\\nlast"

-- One part for each connection below, in order.
local server = tls.peer("tls", LINES, "cut",
    "/", "tls", LINES, "cut",
    "/", "tls", "send:abc", "line", "reset",
    "/", "tls", "send:abc", "line", "reset",
    "/", "tls", "slow:400:xxxxxx", "hold",
    "/", "tls", "slow:400:xxxxxx", "hold",
    "/", "tls", "line", "fill:5242880", "notify", "hold",
    "/", "tls", "echo",
    "/", "tls", "echo",
    "/", "tls", "line", "hold",
    "/", "tls", "send:12345678\\nrest\\n", "notify", "hold",
    "/", "tls", "hold",
    "/", "tls", "shut", "line", "hold",
    "/", "tls", "notify", "line", "hold",
    "/", "tls", "send:abcdef", "line", "hold")
local port = server.port

local function connect(changes) return tls.connect(ssl, port, changes) end

local function timed(f, ...)
    local start = socket.gettime()
    local results = { f(...) }
    return socket.gettime() - start, results
end

-- truncation
local c = connect()
check.equal("47 line", { c:receive("*l") }, { "one", nil, nil })
check.equal("47 all", { c:receive("*a") }, { nil, EOF, "two\nlast" })
for i = 1, 3 do
    check.equal("47 all again " .. i, { c:receive("*a") }, { nil, EOF, "" })
    check.equal("47 line again " .. i, { c:receive("*l") }, { nil, EOF, "" })
end
c:close()
c = connect({ options = { "all", "ignore_unexpected_eof" } })
check.equal("48 ignore_unexpected_eof", { c:receive("*a") }, { "one\r\ntwo\nlast", nil, nil })
check.equal("48 then closed", { c:receive("*a") }, { nil, "closed", "" })
c:close()

-- resets; earlier data is still readable when the reset arrives
c = connect()
check.equal("49 before", c:receive(3), "abc")
c:send("go\n")
check.equal("49 *a", { c:receive("*a") }, { nil, "closed", "" })
check.equal("49 *l", { c:receive("*l", "PP") }, { nil, "closed", "PP" })
local _, message = c:send("x")
check.ok("B13 send", message == "closed" or message == "Broken pipe", message)
c:close()
c = connect()
c:send("go\n")
local results = { c:receive("*a") }
check.ok("49 partial", results[1] == nil and results[2] == "closed" and (results[3] == "abc" or results[3] == ""), results[3])
c:close()

-- time limits
c = connect()
c:settimeout(1)
local time
time, results = timed(c.receive, c, "*l")
check.equal("59 block", { results[1], results[2] }, { nil, "wantread" })
check.ok("59 block: partial", results[3]:find("^xx?x?$"), results[3])
check.ok("59 block: in time", time > 0.95 and time < 10, time)
c:close()
c = connect()
c:settimeout(nil)
c:settimeout(1, "t")
time, results = timed(c.receive, c, "*l")
check.equal("59 total", { results[1], results[2] }, { nil, "wantread" })
check.ok("59 total: in time", time > 0.95 and time < 10, time)
c:close()

-- amounts
c = connect()
c:send("go\n")
check.equal("56 one byte", c:receive(1), "0")
check.ok("56 dirty", c:dirty())
local data = c:receive(5242879)
check.ok("56 the rest", data and #data == 5242879 and data == ("0123456789abcdef"):rep(327680):sub(2))
check.equal("56 end", { c:receive("*a") }, { nil, "closed", "" })
c:close()

local function pattern(size)
    local parts = {}
    for i = 1, size / 16 do parts[i] = ("%015d\n"):format(i) end
    return table.concat(parts)
end
local MEBIBYTE = pattern(1048576)
c = connect()
local sent, received = 0, {}
local count, strange = 0, nil
c:settimeout(0)
repeat
    if sent < #MEBIBYTE then
        local last, err, partial = c:send(MEBIBYTE, sent + 1)
        sent = last or partial
        if err and err ~= "wantwrite" and err ~= "wantread" then strange = err end
    end
    local bytes, err, partial = c:receive(65536)
    bytes = bytes or partial
    received[#received + 1] = bytes
    count = count + #bytes
    if err and #bytes == 0 then
        if err ~= "wantread" then strange = err end
        socket.select({ c }, sent < #MEBIBYTE and { c } or nil, 5)
    end
until count >= #MEBIBYTE or strange
check.equal("57 not waiting: nothing but wants", strange, nil)
check.ok("57 not waiting: the same bytes", table.concat(received) == MEBIBYTE)
c:close()
c = connect()
c:settimeout(20)
local same = true
for first = 1, #MEBIBYTE, 65536 do
    assert(c:send(MEBIBYTE, first, first + 65535))
    same = same and c:receive(65536) == MEBIBYTE:sub(first, first + 65535)
end
check.ok("57 waiting: the same bytes", same)
c:close()

-- a peer that does not read
c = connect()
c:settimeout(0.5)
local big = ("x"):rep(20000000)
time, results = timed(c.send, c, big)
check.equal("58", { results[1], results[2] }, { nil, "wantwrite" })
check.ok("58 some went out", results[3] > 0 and results[3] < #big, results[3])
check.ok("58 in time", time > 0.45 and time < 10, time)
check.equal("58 want", c:want(), "write")
local _, writable = socket.select(nil, { c }, 0)
check.equal("58 select", #writable, 0)
time = timed(c.close, c)
check.ok("close waits only briefly", time < 15, time)

-- maxsize, as for TCP (add.2)
c = connect()
check.equal("add.2 oversized", { c:receive("*l", nil, 4) }, { nil, "oversized", "1234" })
check.equal("add.2 nothing is lost", c:receive("*l", nil, 5), "5678")
check.equal("add.5 exactly", { c:receive("*a", nil, 5) }, { "rest\n", nil, nil })
check.raises("add.3 maxsize", "invalid maxsize", c.receive, c, "*l", nil, 0)
c:close()

-- scenario 63
c = connect()
socket.select({ c }, nil, 1)
c:settimeout(0)
check.equal("63 tickets are not data", { c:receive() }, { nil, "wantread", "" })
c:close()

-- one direction ended
c = connect()
check.equal("60 TCP's half-close is a truncation", { c:receive("*a") }, { nil, EOF, "" })
c:close()
c = connect()
check.equal("60 close_notify", { c:receive() }, { nil, "closed", "" })
check.equal("60 send goes on", { c:send("still\n") }, { 6, nil, nil })
c:close()

-- closed objects
check.equal("66 dohandshake", { c:dohandshake() }, { false, "closed" })
check.equal("66 getalpn", c:getalpn(), nil)
check.equal("66 getsniname", c:getsniname(), nil)
check.equal("66 sni", select("#", c:sni("x")), 0)
check.equal("66 getlocalchain", { c:getlocalchain() }, { nil, "closed" })
check.equal("66 getlocalcertificate", { c:getlocalcertificate() }, { nil, "closed" })
check.equal("66 getpeerchain", { c:getpeerchain() }, { nil, "closed" })
check.equal("66 getfd", c:getfd(), -1)
local r, w = socket.select({ c }, { c }, 0)
check.equal("66 select passes it over", { #r, #w }, { 0, 0 })

-- several records arrive in one read: select reports each, even when the descriptor is no longer readable
c = tls.connect(ssl, tls.peer("tls", "line", "send:a", "send:b", "send:c", "send:d", "send:e", "hold").port)
c:send("go\n")
local text = {}
for i = 1, 5 do
    local ready, _, problem = socket.select({ c }, nil, 10)
    check.equal("select sees record " .. i, { ready[1] == c, problem }, { true, nil })
    text[i] = c:receive(1)
end
check.equal("each record once", table.concat(text), "abcde")
c:settimeout(0)
check.equal("then it waits", { c:receive(1) }, { nil, "wantread", "" })
check.ok("nothing is left", not c:dirty())
c:close()

-- reads of the available data (`most`)
c = connect()
check.equal("add.46: at most n", (c:receive({ most = 4 })), "abcd")
check.equal("add.46: what there is", (c:receive({ most = 100 })), "ef")
c:close()

-- without verification, and without a client certificate
c = tls.connect(ssl, tls.peer("tls", "hold").port, { verify = "none" })
if tls.is_complete() then
    check.equal("B30 without verification the peer is still assessed", { c:getpeerverification() }, { true })
    check.equal("B32 getfinished", #c:getfinished(), 48)
    check.equal("B33 exportkeyingmaterial", #c:exportkeyingmaterial("x", 8), 8)
else
    local LACKING = { nil, "not supported by this TLS backend" }
    check.equal("B30 without verification", { c:getpeerverification() }, { false, "certificate not verified" })
    check.equal("B32 getfinished", { c:getfinished() }, LACKING)
    check.equal("B32 getpeerfinished", { c:getpeerfinished() }, LACKING)
    check.equal("B33 exportkeyingmaterial", { c:exportkeyingmaterial("x", 8) }, LACKING)
    check.equal("setdane", { c:setdane("localhost") }, LACKING)
    check.equal("settlsa", { c:settlsa(3, 1, 1, "") }, LACKING)
    check.equal("issued", { c:getpeercertificate():issued(c:getpeercertificate()) }, LACKING)
end
check.equal("getlocalchain of a client without", c:getlocalchain(), {})
check.equal("getlocalcertificate of a client without", c:getlocalcertificate(), nil)
check.equal("getpeerchain", #c:getpeerchain(), 1)
check.equal("getpeercertificate(2)", c:getpeercertificate(2), nil)
c:close()

check.done()
