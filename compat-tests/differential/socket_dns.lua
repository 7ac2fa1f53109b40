-- dns: S147-S154.
local show = require("show")
local dns = require("socket").dns

show("S147", dns.toip("localhost"))
show("S148", dns.tohostname("127.0.0.1"))
show("S149", dns.getaddrinfo("127.0.0.1"))
show("S149 v6", dns.getaddrinfo("::1"))
show("getaddrinfo localhost", dns.getaddrinfo("localhost"))
show("S150", dns.toip("::1"))
show("S150 empty", dns.toip(""))
show("toip number", dns.toip("127.1"), (dns.toip("0x7f000001")))
show("toip blank", dns.toip("127.0.0.1 "))
show("tohostname localhost", dns.tohostname("localhost"))
show("S151", dns.getaddrinfo(""))
show("getaddrinfo star", dns.getaddrinfo("*"))
show("getaddrinfo bad", dns.getaddrinfo("256.1.1.1"))
show("getaddrinfo short", dns.getaddrinfo("127.1"))
show("getaddrinfo scope", dns.getaddrinfo("fe80::1%lo"))
show("S152", dns.getnameinfo("127.0.0.1"))
show("S152 service", dns.getnameinfo("127.0.0.1", "http"))
show("S152 number", dns.getnameinfo(nil, 80))
show("unlisted port", dns.getnameinfo("127.0.0.1", 54321))
show.raise("S153", function() return dns.getnameinfo() end)
show("unknown service", dns.getnameinfo("127.0.0.1", "no-such-svc"))
show("unknown service alone", dns.getnameinfo(nil, "no-such-svc"))
show("S154", type(dns.gethostname()), #dns.gethostname() > 0, select("#", dns.gethostname()))
for _, name in ipairs({ "toip", "tohostname", "getaddrinfo" }) do
    show.raise(name .. " nothing", function() local x = dns[name]() return x end)
    for _, bad in ipairs({ {}, true }) do
        show.raise(name .. " " .. type(bad), function() local x = dns[name](bad) return x end)
    end
    show(name .. " number", type(dns[name](127)))
end
show.raise("getnameinfo table", function() local x = dns.getnameinfo({}) return x end)
show.raise("getnameinfo service table", function() local x = dns.getnameinfo("127.0.0.1", {}) return x end)
