-- UDP objects as scripts see them: class tables, receivers, argument errors, use after close (class, udp).
local show = require("show")
local socket = require("socket")

local u = socket.udp()
show("class.2", u, tostring(u):find("^udp{unconnected}: ") ~= nil, u.class, u.nosuch)
show.raise("class.5", function() u.field = 1 end)
show("new.2", u:getfd(), u:getfamily(), u:getsockname())
show("new.2: option", u:getoption("broadcast"))
show("new.3", socket.udp4():getfamily(), socket.udp6():getfamily(), socket.udp4():getfd() > 0)
show("new.1", socket.udp4(1, 2, 3))
show("S114", u:dirty(), socket.udp4():dirty())
show("tcp.timeout", u:settimeout(3), u:settimeout("0.5", "total"), u:gettimeout())
show.raise("tcp.timeout.2", function() local _ = u:settimeout(1, "x") end)

local connected = socket.udp4()
show("udp.peer.1", connected:setpeername("127.0.0.1", 9), connected.class, tostring(connected):match("^[^:]+"))

-- Receivers and arguments: each method on the wrong class, without arguments, and with a table.
local names = {}
for name in pairs(getmetatable(u).__index) do names[#names + 1] = name end
table.sort(names)
local quiet = { close = true, receive = true, receivefrom = true }
for _, name in ipairs(names) do
    if name ~= "class" then
        local method = u[name]
        show.raise("class.8: " .. name .. " of a file", method, io.stdout)
        show.raise("class.8: " .. name .. " of tcp", function() local _ = method(socket.tcp()) end)
        local fresh = socket.udp4()
        local peered = socket.udp4()
        peered:setpeername("127.0.0.1", 9)
        if not quiet[name] then
            show.raise("arg: unconnected " .. name .. "()", function() local _ = fresh[name](fresh) end)
            show.raise("arg: connected " .. name .. "()", function() local _ = peered[name](peered) end)
        end
        show.raise("arg: unconnected " .. name .. "({})", function() local _ = fresh[name](fresh, {}) end)
        show.raise("arg: connected " .. name .. "({})", function() local _ = peered[name](peered, {}) end)
    end
end
show.raise("arg: sendto", function() local _ = u:sendto("x") end)
show.raise("arg: sendto", function() local _ = u:sendto("x", "127.0.0.1") end)
show.raise("udp.peer.3", function() local _ = u:setpeername("127.0.0.1") end)
show.raise("arg: setsockname", function() local _ = u:setsockname("127.0.0.1") end)

-- Use after close; the result of receive there is repaired (FIX-11).
local closed = socket.udp4()
show("class.11", closed:close(), closed:close(), closed.class, closed:getfd())
show("closed: names", closed:getsockname())
show("closed: getoption", closed:getoption("broadcast"))
show("closed: setoption", closed:setoption("broadcast", true))
show("S111", closed:sendto("x", "127.0.0.1", 9))
show("closed: sendto a name", closed:sendto("x", "localhost", 9))
show("closed: peer *", closed:setpeername("*"))
show("closed: rest", closed:settimeout(1), closed:gettimeout())
show("closed: rest", closed:dirty(), closed:getfamily(), closed:setfd(-1))
show("closed: setpeername", closed:setpeername("127.0.0.1", 9), closed:getfd() >= 0, closed.class)
show("closed: getpeername", closed:close(), closed:getpeername())
show("S111: send", closed:send("x"))
local undecided = socket.udp()
undecided:close()
show("closed: undecided sendto", undecided:sendto("x", "127.0.0.1", 9), undecided:getfd() >= 0)
local bound = socket.udp4()
bound:close()
show("closed: setsockname", bound:setsockname("127.0.0.1", 0), bound:getfd() >= 0)

-- Foreign descriptors.
local odd = socket.udp4()
odd:close()
show("class.fd.2", odd:setfd("-7"), odd:getfd())
show("class.fd.5", odd:receive())
show("class.fd.5", odd:receivefrom())
show("class.fd.5", odd:sendto("x", "127.0.0.1", 9))
show("class.fd.2: fraction", odd:setfd(-1.9), odd:getfd())
local owner, borrower = socket.udp4(), socket.udp()
borrower:setfd(owner:getfd())
show("class.fd.4", borrower:getfd() == owner:getfd(), borrower:getfamily(), (borrower:getsockname()))
borrower:setfd(-1)
show("class.fd.3", owner:setsockname("127.0.0.1", 0))
getmetatable(owner).__gc(owner)
show("class.12", owner:getfd(), owner:close(), owner.class)
