-- Reading a stream: S52-S76, tcp.receive.
local show = require("show")
local socket = require("socket")

local server = assert(socket.bind("127.0.0.1", 0))
local _, port = server:getsockname()

-- A connected pair with `data` sent. The sender is closed or reset if `ending` says so.
local function with(data, ending)
    local client = assert(socket.connect("127.0.0.1", port))
    local peer = assert(server:accept())
    if #data > 0 then peer:send(data) end
    if ending == "close" then peer:close() end
    if ending == "reset" then
        socket.select({ client }, nil, 5)
        peer:setoption("linger", { on = true, timeout = 0 })
        peer:close()
    end
    client:settimeout(ending and 5 or 0.05)
    return client, peer
end

local function each(label, data, ending, ...)
    local client, peer = with(data, ending)
    for i = 1, select("#", ...) do
        local call = select(i, ...)
        show(label .. " " .. i, client:receive((table.unpack or unpack)(call, 1, call.n or #call)))
    end
    show(label .. " dirty", client:dirty())
    client:close()
    peer:close()
end

each("S52", "ab\ncd", nil, {}, {})
each("S53", "a\rb\r\r\ncd", nil, { "*l" })
each("S54", "\r\n", nil, {})
each("S55", "abc", nil, {})
each("S56", "ab\r", "close", {})
each("S57", "", "close", {}, {})
each("S58", "a\0b\n", nil, {})
each("S59", "cd\n", nil, { "*l", "ab" })
each("S59 prefix kept", "cd\n", nil, { "*l", "\r\n" })
each("S60", "cd", nil, { "*l", "ab" })
each("S61", "data\r\nmore", "close", { "*a" }, { "*a" })
each("S62", "", "close", { "*a" }, { "*a", "xy" })
each("S63", "ab", nil, { "*a" })
each("S64", "ab", "close", { "*a", "xy" })
each("S65", "data", "reset", { "*a" }, { "*a" })
each("S66", "abcdef", nil, { 3 }, { "3" })
each("S66 hex", "abcdef", nil, { "0x2" }, { " 2 " })
each("S67", "abcdef", nil, { 2.7 }, { 0.5 })
each("S68 data", "ab", nil, { 0 }, { 1 }, { 0 })
each("S68 none", "", nil, { 0 })
each("S68 closed", "", "close", { 0 }, { 0.5 })
each("S69", "ab", nil, { 5 })
each("S69 closed", "ab", "close", { 5 }, { 5 })
each("S70", "abcdef", nil, { 5, "xy" })
each("S71", "ab", nil, { 2, "xy" }, { 1, "xy" }, { 0, "xy" })
each("S71 closed", "", "close", { 2, "xy" })
each("S73", "one\ntwo\nrest", "close", { "*line" }, { "*lx" }, { "*all" })
each("numbers as prefix", "cd\n", nil, { "*l", 12 })
each("nil pattern", "cd\nef\n", nil, { nil, "p", n = 2 })
each("no newline at the end", "one\ntwo", "close", {}, {}, {})
each("only carriage returns", "\r\r\r\r", "close", {})
each("empty lines", "\n\n\r\n", "close", {}, {}, {}, {})

local client, peer = with("abcdef\nghi", nil)
for _, bad in ipairs({ "l", "a", "*n", "*L", "*", "", -1, "-1", 0 / 0 }) do
    local shown = bad == bad and tostring(bad) or "not a number"
    show.raise("S72 " .. shown, function() return client:receive(bad) end)
end
for _, bad in ipairs({ {}, true, print, client }) do
    show.raise("pattern of type " .. type(bad), function() return client:receive(bad) end)
    show.raise("prefix of type " .. type(bad), function() return client:receive("*l", bad) end)
end
show("nothing consumed", client:dirty(), (client:getstats()))
show("S74", client:receive(2))
show("S74 dirty", client:dirty(), (client:getstats()))
show("S74 line", client:receive())
show("S74 stats", (client:getstats()))
peer:close()

-- Larger than any buffer, in several pieces.
local long = ("0123456789abcdef"):rep(4096)
local function bulk(label, pattern, tail)
    local a, b = with("", nil)
    a:settimeout(5)
    b:settimeout(5)
    b:send(long:sub(1, 30000))
    b:send(long:sub(30001))
    b:send(tail)
    b:close()
    show(label, a:receive(pattern))
    show(label .. " rest", a:receive("*a"))
end
bulk("long line", "*l", "\nrest")
bulk("long count", #long, "rest")
bulk("long all", "*a", "")
bulk("count beyond the end", #long + 100, "rest")
bulk("odd count", 12345, "")

-- Many short lines from one buffer, and the statistics.
local a, b = with("", nil)
local lines = {}
for i = 1, 3000 do lines[i] = "line " .. i .. (i % 3 == 0 and "\r\n" or "\n") end
b:send(table.concat(lines))
b:close()
a:settimeout(5)
local count, sum = 0, 0
while true do
    local line, problem, partial = a:receive()
    if not line then
        show("lines", count, sum, problem, partial)
        break
    end
    count, sum = count + 1, sum + #line
end
show("stats", (a:getstats()))
