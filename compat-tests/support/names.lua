-- Makes a given name server the only one. For use in a separate network and mount namespace.
local check = require("check")

---Installs a hosts file, the resolver's configuration, and the order "files, then the name server".
return function(options)
    -- The mounts here must not affect the machine itself: a separate network namespace has no routes.
    local routes = assert(io.open("/proc/net/route")):read("*a")
    assert(select(2, routes:gsub("\n", "")) <= 1, "needs a separate network and mount namespace")
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
