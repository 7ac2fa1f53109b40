-- Options of UDP objects (udp.option, S97 to S100).
local show = require("show")
local socket = require("socket")

local v4, v6 = socket.udp4(), socket.udp6()
local flags = { "dontroute", "broadcast", "reuseaddr", "reuseport", "ip-multicast-loop", "ipv6-multicast-loop", "ipv6-v6only" }
for _, name in ipairs(flags) do
    for label, object in pairs({ v4 = v4 }) do
        show(label .. " " .. name, object:getoption(name))
        show(label .. " " .. name .. " on", object:setoption(name, true))
        show(label .. " " .. name, object:getoption(name))
        show(label .. " " .. name .. " off", object:setoption(name, false))
        show(label .. " " .. name, object:getoption(name))
    end
    show("v6 " .. name, v6:getoption(name))
    show("v6 " .. name .. " off", v6:setoption(name, false))
    show("v6 " .. name, v6:getoption(name))
    show.raise(name .. " with a number", function() local _ = v6:setoption(name, 1) end)
    show.raise(name .. " without a value", function() local _ = v6:setoption(name) end)
end
show("S100", socket.udp6():getoption("ipv6-v6only"))

-- Numbers.
show("ipv6-unicast-hops", v6:getoption("ipv6-unicast-hops"), v6:setoption("ipv6-unicast-hops", 9), v6:getoption("ipv6-unicast-hops"))
show("ipv6-unicast-hops, v4", v4:getoption("ipv6-unicast-hops"))
show("ipv6-unicast-hops, v4", v4:setoption("ipv6-unicast-hops", 9))
show("ip-multicast-ttl", v4:setoption("ip-multicast-ttl", "3"), v4:setoption("ip-multicast-ttl"), v4:setoption("ip-multicast-ttl", 300))
show("ip-multicast-ttl, v6", v6:setoption("ip-multicast-ttl", 4))
show.raise("ip-multicast-ttl is not read", function() local _ = v4:getoption("ip-multicast-ttl") end)
for _, name in ipairs({ "recv-buffer-size", "send-buffer-size" }) do
    show(name, v4:setoption(name, 65536), v4:getoption(name))
end
show("error", v4:getoption("error"))
show.raise("error is not set", function() local _ = v4:setoption("error", 1) end)

-- S97
local face = "ip-multicast-if"
show("S97", v4:getoption(face), v4:setoption(face, "127.0.0.1"), v4:getoption(face))
show("S97", v4:setoption(face, "*"), v4:getoption(face))
show("udp.option.3", v4:setoption(face, "203.0.113.7"))
show.raise("S97", function() local _ = v4:setoption(face, "abc") end)
show.raise("udp.option.3", function() local _ = v4:setoption(face, "localhost") end)
show.raise("udp.option.3", function() local _ = v4:setoption(face) end)

-- S98, S99
local join, leave = "ip-add-membership", "ip-drop-membership"
local group = { multiaddr = "224.0.0.251", interface = "127.0.0.1" }
show("S98", v4:setoption(leave, group))
show("S98", v4:setoption(join, group))
show("S98", v4:setoption(join, group))
show("S98", v4:setoption(leave, group))
show.raise("S99", function() local _ = v4:setoption(join) end)
show.raise("S99", function() local _ = v4:setoption(join, "x") end)
show.raise("S99", function() local _ = v4:setoption(join, {}) end)
show.raise("S99", function() local _ = v4:setoption(join, { multiaddr = "x", interface = "*" }) end)
show.raise("S99", function() local _ = v4:setoption(join, { multiaddr = "224.0.0.251" }) end)
show.raise("S99", function() local _ = v4:setoption(join, { multiaddr = "224.0.0.251", interface = "x" }) end)
show("S99: not a group", v4:setoption(join, { multiaddr = "127.0.0.1", interface = "127.0.0.1" }))
show.raise("not read", function() local _ = v4:getoption(join) end)

-- udp.option.5
join, leave = "ipv6-add-membership", "ipv6-drop-membership"
show("udp.option.5", v6:setoption(join, { multiaddr = "ff02::fb", interface = 1 }))
show("udp.option.5", v6:setoption(join, { multiaddr = "ff02::fb", interface = "1" }))
show("udp.option.5", v6:setoption(leave, { multiaddr = "ff02::fb", interface = "1" }))
show("udp.option.5", v6:setoption(leave, { multiaddr = "ff02::fb", interface = 1 }))
show("udp.option.2", v4:setoption(join, { multiaddr = "ff02::fb", interface = 1 }))
show.raise("udp.option.5", function() local _ = v6:setoption(join) end)
show.raise("udp.option.5", function() local _ = v6:setoption(join, {}) end)
show.raise("udp.option.5", function() local _ = v6:setoption(join, { multiaddr = "224.0.0.251" }) end)

-- Names that are not options here.
local others = { "keepalive", "linger", "bindtodevice", "tcp-nodelay", "nosuch", "", ("x"):rep(50) }
for _, name in ipairs(others) do
    show.raise("udp.option.1: get " .. name, function() local _ = v4:getoption(name) end)
    show.raise("udp.option.1: set " .. name, function() local _ = v4:setoption(name, true) end)
end

-- No interface has an index out of range: zero would mean any interface.
for _, index in ipairs({ -1, -2, 99999, "-1" }) do
    show("udp.option.5: index " .. index, socket.udp6():setoption(join, { multiaddr = "ff02::fb", interface = index }))
end
show.raise("udp.option: plain type", function() local _ = v4:setoption("broadcast", io.stdout) end)
show.raise("udp.option.4: plain type", function() local _ = v4:setoption("ip-add-membership", io.stdout) end)
show.raise("udp.option.5: plain type", function() local _ = v6:setoption(join, v6) end)
