-- socket.tp: commands, replies, pumps (T1 to T8)
local show = require("show")
local dialogue = require("dialogue")
local socket = require("socket")
local ltn12 = require("ltn12")
local tp = require("socket.tp")

local fields = {}
for name, value in pairs(tp) do fields[name] = type(value) end
show("L4 fields", fields)
show("L1 socket.tp", socket.tp == tp)
show("T1 TIMEOUT", tp.TIMEOUT)

local function connected(steps)
    local server = dialogue.serve({ steps })
    return assert(tp.connect("127.0.0.1", server.port, 5)), server
end

-- a port without a listener
local port = require("ports").refusing()
show("1 closed port", tp.connect("127.0.0.1", port))

show("2 create fails", tp.connect("127.0.0.1", port, 5, function() return nil, "no create" end))

local function recorder(connects)
    local calls = {}
    local object = setmetatable({}, { __index = function(_, method)
        return function(_, ...)
            calls[#calls + 1] = method .. "(" .. show.text({ ... }) .. ")"
            if method == "connect" then return connects, not connects and "no way" or nil end
            return method
        end
    end })
    return object, calls
end

local object, calls = recorder(nil)
show("3 failed connect", tp.connect("host", 99, 7, function(...)
    show("3 create gets", ...)
    return object
end))
show("3 calls", calls)
object, calls = recorder(1)
local c = tp.connect("host", "99", nil, function() return object end)
show("3 control", c:getcontrol() == object, c.c == object)
show("4 passed on", c:send("data"), c:receive("*l"), c:receive(5, "prefix"), c:getpeername(), c:getfd(), c:dirty())
show("4 close", c:close())
show("3 calls", calls)

local server
c, server = connected({ { lines = 7 } })
show("4 command", c:command("noop") == 6)
show("4 command with number", c:command("noop", 5) == 8)
show("4 command with empty argument", c:command("noop", "") == 7)
show("4 command with text", c:command("Mail", "From:<a>") == 15)
show("4 command, false is no argument", c:command("noop", false) == 6)
show("4 command, a number", c:command(5) == 3)
show("4 send", c:send("raw\r\n") == 5)
c:close()
server:transcript(print)

local replies = {
    { "5 no text", "220\r\n" },
    { "5 text", "220 x\r\n" },
    { "5 tab", "220\tx\r\n" },
    { "7 more digits", "2200 x\r\n" },
    { "6 many lines", "250-a\r\n251 x\r\nplain\r\n250-more\r\n 250 indented\r\n\r\n250 end\r\n" },
    { "7 bare LF and stray CR", "250-a\rb\n250 c\r\r\n" },
    { "8 no code", "hello\r\n" },
    { "8 two digits", "22 x\r\n" },
    { "8 empty line", "\r\n" },
    { "9 lost", "250-a\r\n250-b\r\n" },
    { "9 lost inside a line", "250-a\r\n250 b" },
}
local lists = {}
for i, reply in ipairs(replies) do lists[i] = { { raw = reply[2] }, { quit = true } } end
server = dialogue.serve(lists)
for _, reply in ipairs(replies) do
    c = assert(tp.connect("127.0.0.1", server.port, 5))
    show(reply[1], c:check("2.."))
    c:close()
end
server:transcript(print)

c, server = connected({ { raw = "250-a\r\n250 b\r\n331 pass\r\n250 c\r\n250 d\r\n250 e\r\n250 f\r\n" } })
show("11 pattern that does not match", c:check("9"))
show("11 table", c:check({ "5..", 331 }))
show("11 number", c:check(250))
show("11 unanchored", c:check("5"))
show("12 function", c:check(function(code, reply) return "judged", code, reply end))
show("12 function may refuse", c:check(function() return nil, "refused" end))
c.c:settimeout(0.1)
show("10 silence", c:check("2.."))
c:close()
server:transcript(print)

c, server = connected({ { raw = "one\r\ntwo\r\n" }, { lines = 1 } })
local function keep(...)
    show("14 sink gets", ...)
    return "kept", "twice"
end
show("14 sink", c:sink(keep))
show("14 sink with a pattern", c:sink(keep, 2))
show("14 source", c:source(ltn12.source.cat(ltn12.source.string("from "), ltn12.source.string("source"))))
show("14 failing source", c:source(function() return nil, "no more" end))
local steps = 0
show("14 step", c:source(ltn12.source.string("!\r\n"), function(source, sink)
    steps = steps + 1
    return ltn12.pump.step(source, sink)
end), steps)
show("14 still open", c:send("x") == 1)
c:close()
server:transcript(print)
show("14 sending fails", (c:source(ltn12.source.string("late"))))
