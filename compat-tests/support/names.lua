-- Makes a name server of one's own the only one. For a network and mount namespace of its own.
local check = require("check")

---Puts a hosts file, the resolver's configuration, and "files, then the name server", in place.
return function(options)
    -- What is mounted here must not reach the machine itself: a namespace of its own has no routes.
    local routes = assert(io.open("/proc/net/route")):read("*a")
    assert(select(2, routes:gsub("\n", "")) <= 1, "needs a network and a mount namespace of its own")
    local path = os.tmpname()
    for name, text in pairs({
        ["/etc/hosts"] = "127.0.0.1 localhost hosts-file.test\n",
        ["/etc/resolv.conf"] = "nameserver 127.0.0.1\noptions " .. options .. "\n", ["/etc/nsswitch.conf"] = "hosts: files dns\n",
    }) do
        local file = assert(io.open(path .. name:gsub("/", "."), "w"))
        file:write(text)
        file:close()
        local status = os.execute(("mount --bind %s %s"):format(path .. name:gsub("/", "."), name))
        check.ok("the configuration is in use: " .. name, status == 0 or status == true)
    end
end
