-- needs: certs, python3
-- The objects of `ssl`: their texts, metatables and methods, and the initial state of a new object.
local show = require("show")
local tls = require("tls")
local ssl = require("ssl")
local socket = require("socket")

local CERTS = tls.certificates

local function keys(t)
    local list = {}
    for key in pairs(t) do list[#list + 1] = tostring(key) end
    table.sort(list)
    return list
end
local function text(object) return (tostring(object):gsub("0x%x+", "0x")) end

local context = assert(ssl.newcontext(tls.client()))
show("A3, 67 tostring", text(context))
show("A3 metatable", keys(getmetatable(context)))
show("A3 methods", keys(getmetatable(context).__index))
show("A3 setverifyext", context:setverifyext())
show("A3 setverifyext, wrong", context:setverifyext("bogus"))

local port = tls.peer("tls", "send:one\\ntwo\\n", "line", "hold").port
local function connect(changes)
    local tcp = assert(socket.connect("127.0.0.1", port))
    -- A7: this is not inherited
    tcp:settimeout(0)
    local c = assert(ssl.wrap(tcp, changes and tls.client(changes) or context))
    c:sni("localhost")
    return c
end

local c = connect()
show("67 tostring, new", text(c))
show("1.2 metatable", keys(getmetatable(c)))
local methods = {}
for name, method in pairs(getmetatable(c).__index) do
    -- some LuaSec versions lack the methods of 1.3
    if not name:find("^getlocal") and name ~= "reused" then methods[name] = method end
end
show("1.2 methods", keys(methods))
show("A7 handshake", c:dohandshake())
show("B26 getalpn", c:getalpn())
show("B20 want", c:want())
-- the data after the handshake may be session tickets, so the test waits for application data
repeat
    socket.select({ c }, nil, 10)
    c:settimeout(0)
    local line, err = c:receive()
until line or err ~= "wantread"
show("B19 dirty, a line is left", c:dirty())
show("B19 select", #socket.select({ c }, nil, 10))
c:settimeout(10)
show("B9 receive", c:receive())
show("B19 dirty, none is left", c:dirty())
c:settimeout(0)
show("B14 receive", c:receive())
show("B20 want", c:want())
show("B14 number", c:receive(5, "ab"))
show("B22 send", c:send("go\n"))
show("B34 getstats", (select(2, c:getstats())) >= 3)
show("B15 close", select("#", c:close()))
show("67 tostring, closed", text(c))

local pem = assert(io.open(CERTS .. "good.pem")):read("*a")
local certificate = assert(ssl.loadcertificate(pem))
show("67 tostring, certificate", text(certificate))
show("1.3 methods", keys(getmetatable(certificate).__index))

-- A context serves many connections, and its connections outlive it.
local first, second = connect(), connect()
context = nil
collectgarbage()
collectgarbage()
show("A3 one context, two connections", first:dohandshake(), second:dohandshake())
first:close()
show("A3 one closed, the other goes on", second:receive())
second:close()

show("A15 a client without a key", (connect({ key = nil }):dohandshake()))
show("B28 index 0", (function()
    local object = connect({ verify = "none" })
    assert(object:dohandshake())
    local none, message = object:getpeercertificate(0)
    return none, message, text(object:getpeercertificate()), object:getpeercertificate(7) == nil
end)())
