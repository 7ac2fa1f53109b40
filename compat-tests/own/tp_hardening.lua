-- socket.tp: repaired defects, refused arguments, bounded replies
local check = require("check")
local dialogue = require("dialogue")
local peer = require("peer")
local socket = require("socket")
local tp = require("socket.tp")

-- T4: getsockname is this side's address
local listener = assert(socket.bind("127.0.0.1", 0))
local _, port = listener:getsockname()
local c = assert(tp.connect("127.0.0.1", port, 5))
local here, mine = c:getsockname()
local accepted = listener:accept()
local there, theirs = accepted:getpeername()
check.equal("T4: getsockname", { here, tonumber(mine) }, { there, tonumber(theirs) })
local peer_address, peer_port = c:getpeername()
check.equal("T4: getpeername", { peer_address, tonumber(peer_port) }, { "127.0.0.1", tonumber(port) })
check.equal("T4: getfd", c:getfd(), c:getcontrol():getfd())
check.equal("T4: dirty", c:dirty(), false)
check.equal("T4: close twice", { c:close(), c:close() }, { 1, 1 })
accepted:close()
listener:close()

-- add.26: no byte of a refused command reaches the wire
local server = dialogue.serve({ { { lines = 1 } } })
c = assert(tp.connect("127.0.0.1", server.port, 5))
for _, argument in ipairs({ "a\r\nDELE b", "a\nb", "a\rb", "a\0b" }) do
    local sent, message = c:command("retr", argument)
    check.ok("add.26: argument refused", sent == nil and message:find("invalid command"), message)
end
check.equal("add.26: command refused", (c:command("noop\r\nquit")), nil)
check.ok("add.26: plain text passes", c:command("noop", "fine") == 11)
c:close()
local seen = {}
server:transcript(function(line) seen[#seen + 1] = line end)
check.equal("add.26: on the wire", seen, { "connection", "  NOOP fine", "  end: closed" })

check.raises("T6: check without an argument", "bad argument", function()
    tp.connect("", 0, 0, function()
        return setmetatable({}, { __index = function() return function() return 1 end end })
    end):check()
end)

-- An endless reply does not fill the memory.
local endless = [[
local socket = require("socket")
local server = assert(socket.bind("127.0.0.1", 0))
print((select(2, server:getsockname())))
for _, text in ipairs({ ("250-%s\r\n"):format(("x"):rep(1000)):rep(100), "250-\r\n" .. ("\r\n"):rep(50000), ("y"):rep(100000) }) do
    local client = server:accept()
    if text:sub(1, 1) == "y" then client:send("250 ") end
    while client:send(text) do end
    client:close()
end
]]
server = peer.lua(endless)
for _, kind in ipairs({ "long lines", "empty lines" }) do
    c = assert(tp.connect("127.0.0.1", server.port, 5))
    local code, message = c:check("2..")
    check.equal("reply of endless " .. kind, { code == nil, message }, { true, "oversized" })
    c:close()
end
c = assert(tp.connect("127.0.0.1", server.port, 5))
local code, message = c:check("2..")
check.equal("reply of one endless line", { code == nil, message }, { true, "oversized" })
c:close()

-- add.30: a connection object that raises is closed at once
local closed = 0
local raising = { settimeout = function() end, connect = function() error("no such port", 0) end,
    close = function() closed = closed + 1 end }
check.raises("add.30: raised unchanged", "^no such port$", tp.connect, "h", 1, 1, function() return raising end)
check.equal("add.30: closed", closed, 1)

check.done()
