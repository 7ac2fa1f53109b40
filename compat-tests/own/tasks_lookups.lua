-- Thousands of tasks give up their lookups of names whose server is silent. Lookups that have not begun are then left
-- out, so that the next name is not behind them.
-- needs: network-namespace, root, python3
-- not on: lua5.1, lua5.2, lua5.3, runner, lua5.5
local check = require("check")
local peer = require("peer")
local socket = require("socket")
local tasks = require("socket.tasks")

require("names")("timeout:1 attempts:1")
local server = peer.python(os.getenv("COMPAT_SERVERS") .. "/name_server.py")

local MANY = 3000
tasks.run(function()
    local ended = 0
    for i = 1, MANY do
        tasks.start(function()
            local client = socket.tcp()
            client:settimeout(0.2)
            local _, problem = client:connect("silent" .. i .. ".test", 80)
            if problem == "timeout" then ended = ended + 1 end
            client:close()
        end)
    end
    repeat socket.sleep(0.05) until ended == MANY
    local started = socket.gettime()
    check.equal("the next name", socket.dns.toip("slow.test"), "127.0.0.1")
    -- 128 at a time, each for a second or more, would take more than 20 seconds
    check.ok("is not behind the others", socket.gettime() - started < 12, socket.gettime() - started)
end)
check.ok("the server was there", server.port)
check.done()
