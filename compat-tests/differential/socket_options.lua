-- TCP options: S91-S96, tcp.option.
local show = require("show")
local socket = require("socket")

local t = socket.tcp4()
for _, name in ipairs({ "keepalive", "reuseaddr", "reuseport", "tcp-nodelay" }) do
    show("S91 " .. name, t:getoption(name), t:setoption(name, true), t:getoption(name), t:setoption(name, false),
        t:getoption(name))
    for _, bad in ipairs({ 1, "true", {} }) do
        show.raise("S92 " .. name .. " " .. type(bad), function() return t:setoption(name, bad) end)
    end
    show.raise("S92 nothing", function() return t:setoption(name) end)
end
show("S93", t:setoption("linger", { on = true, timeout = 5 }), t:getoption("linger"))
show("S93 off", t:setoption("linger", { on = false, timeout = 0 }), t:getoption("linger"))
show("S93 string", t:setoption("linger", { on = true, timeout = "7" }), t:getoption("linger"))
for _, bad in ipairs({ 1, "x", true }) do
    show.raise("linger " .. type(bad), function() return t:setoption("linger", bad) end)
end
show.raise("linger nothing", function() return t:setoption("linger") end)
show.raise("linger no on", function() return t:setoption("linger", { timeout = 1 }) end)
show.raise("linger bad on", function() return t:setoption("linger", { on = 1, timeout = 1 }) end)
show.raise("linger no timeout", function() return t:setoption("linger", { on = true }) end)
show.raise("linger bad timeout", function() return t:setoption("linger", { on = true, timeout = "x" }) end)
for _, name in ipairs({ "nosuch", "", "KEEPALIVE", ("x"):rep(60) }) do
    show.raise("S94 set " .. #name, function() return t:setoption(name, true) end)
    show.raise("S94 get " .. #name, function() return t:getoption(name) end)
end
for _, bad in ipairs({ {}, true }) do
    show.raise("S94 name " .. type(bad), function() return t:setoption(bad, true) end)
    show.raise("S94 get name " .. type(bad), function() return t:getoption(bad) end)
end
show.raise("S94 nothing", function() return t:setoption() end)
show.raise("S94 number", function() return t:getoption(12) end)
for _, name in ipairs({ "tcp-keepidle", "tcp-keepcnt", "tcp-keepintvl" }) do
    for _, value in ipairs({ 7, "9", 5.9, 0, "x", true, {} }) do
        show("S95 " .. name .. " " .. type(value), t:setoption(name, value))
        show("S95 get", t:getoption(name))
    end
    show("S95 nothing", t:setoption(name))
end
show("buffers", t:setoption("recv-buffer-size", 8192), t:getoption("recv-buffer-size"),
    t:setoption("send-buffer-size", 8192), t:getoption("send-buffer-size"))
show("S96", t:getoption("error"))
show.raise("error is read only", function() return t:setoption("error", true) end)
show("v6only on inet", t:setoption("ipv6-v6only", true))
show("v6only on inet6", socket.tcp6():setoption("ipv6-v6only", true))
show("defer-accept", t:setoption("tcp-defer-accept", 1), t:setoption("tcp-fastopen", 1))
for _, name in ipairs({ "tcp-defer-accept", "tcp-fastopen", "tcp-fastopen-connect" }) do
    show.raise("write only " .. name, function() return t:getoption(name) end)
end
for _, name in ipairs({ "broadcast", "ip-multicast-ttl", "dontroute" }) do
    show.raise("not on tcp " .. name, function() return t:setoption(name, true) end)
end
-- tcp.option.3: the message names the basic type, even when a metatable gives another name.
for _, bad in ipairs({ io.stdout, socket.udp(), setmetatable({}, { __name = "My.Type" }), print }) do
    show.raise("S92 plain type", function() local r = t:setoption("keepalive", bad) return r end)
    show.raise("S93 plain type", function() local r = t:setoption("linger", bad) return r end)
end
-- In messages a name ends at a zero byte.
show.raise("S94 zero byte", function() local r = t:setoption("no\0such", true) return r end)
show.raise("S94 zero byte", function() local r = t:getoption("\0") return r end)
