-- receive{ most = n }: the available data, at least one byte, at most n (add.46).
local check = require("check")
local socket = require("socket")

local listener = assert(socket.bind("127.0.0.1", 0))
local client = assert(socket.connect("127.0.0.1", (select(2, listener:getsockname()))))
local server = assert(listener:accept())
client:settimeout(20)

server:send("abcdef")
check.equal("add.46: at most n", { client:receive({ most = 4 }) }, { "abcd" })
check.equal("add.46: what there is", { client:receive({ most = 100 }) }, { "ef" })
server:send(("x"):rep(20000))
local pieces, total = 0, 0
while total < 20000 do
    local piece = assert(client:receive({ most = 15000 }))
    pieces, total = pieces + 1, total + #piece
    if #piece < 1 or #piece > 15000 then check.ok("add.46: size of a piece", false, #piece) end
end
check.ok("add.46: more than one piece, and no byte alone", pieces > 1 and pieces < 100, pieces)
server:send("line\nrest")
check.equal("add.46: beside lines", { client:receive("*l") }, { "line" })
check.equal("add.46: what a line has left", { client:receive({ most = 9 }, ">") }, { ">rest" })
client:settimeout(0)
check.equal("add.46: nothing there", { client:receive({ most = 9 }) }, { nil, "timeout", "" })
client:settimeout(20)
for _, number in ipairs({ 0, -1, 0.5, 0 / 0 }) do
    check.raises("add.46: " .. tostring(number), "invalid receive pattern", client.receive, client, { most = number })
end
for _, pattern in ipairs({ {}, { most = "x" } }) do
    check.raises("add.46: no number", "string expected, got table", client.receive, client, pattern)
end
server:send("end")
server:close()
check.equal("add.46: before the end", { client:receive({ most = math.huge }) }, { "end" })
check.equal("add.46: the end", { client:receive({ most = 9 }) }, { nil, "closed", "" })
client:close()

-- socket.source returns data as it arrives
client = assert(socket.connect("127.0.0.1", (select(2, listener:getsockname()))))
server = assert(listener:accept())
local source = socket.source("until-closed", client)
for _, event in ipairs({ "one", "two" }) do
    server:send(event)
    check.equal("add.46: until-closed, " .. event, { source() }, { event })
end
server:close()
check.equal("add.46: until-closed, the end", { source(), source() }, {})
listener:close()

-- Unix streams, which Windows lacks
if package.config:sub(1, 1) == "/" then
    local unix = require("socket.unix")
    local local_server = unix()
    assert(local_server:bind("most.sock"))
    assert(local_server:listen())
    client = unix()
    assert(client:connect("most.sock"))
    server = assert(local_server:accept())
    server:send("abcdef")
    check.equal("add.46: at most n, Unix", { client:receive({ most = 4 }) }, { "abcd" })
    check.equal("add.46: what there is, Unix", { client:receive({ most = 100 }) }, { "ef" })
end
check.done()
