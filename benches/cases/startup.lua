-- The cost of a program before its first request: finding, loading and running the modules.
local clock = os.clock
local start = clock()

local MODULES = {
    socket = { "socket" },
    all = { "socket", "socket.http", "socket.ftp", "socket.smtp", "socket.url", "socket.headers", "ltn12", "mime" },
    tls = { "socket", "socket.http", "ssl", "ssl.https" },
}

for _, name in ipairs(MODULES[arg[1]]) do
    require(name)
end
local cpu = clock() - start

-- Loading never waits, so the CPU time is the whole time.
require("measure").report(cpu, cpu, 1)
