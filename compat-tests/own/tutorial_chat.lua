-- The chat of the tutorial with guests that write at the same time and one that does not read: no line is lost, and the
-- silent reader is dropped (tasks.objects.2).
local check = require("check")
local manual = require("manual")
local socket = require("socket")
local tasks = require("socket.tasks")

local code = manual.page("tutorials/chat"):match("```lua\n(.-\n)tasks%.run%(")
local guests, accept = assert((loadstring or load)(code .. "return guests, accept", "chat"))()

local GUESTS, LINES, LENGTH = 4, 1000, 2000

tasks.run(function()
    local server = assert(socket.bind("127.0.0.1", 0))
    local host, port = server:getsockname()
    tasks.start(accept, server)

    local function join(name)
        local guest = assert(socket.connect(host, port))
        guest:settimeout(30)
        guest:receive()
        guest:send(name .. "\n")
        return guest
    end

    local reader, deaf = join("reader"), join("deaf")
    check.equal("both are here", { reader:receive(), reader:receive() }, { "reader is here", "deaf is here" })
    for i = 1, GUESTS do
        local name = "guest" .. i
        tasks.start(function()
            local guest = join(name)
            -- a guest who writes reads too
            tasks.start(function() repeat until not guest:receive() end)
            for n = 1, LINES do
                guest:send(n .. " " .. ("x"):rep(LENGTH) .. "\n")
                if n % 10 == 0 then socket.sleep(0.001) end
            end
            guest:send("/quit\n")
        end)
    end
    local heard, left, dropped = {}, 0, false
    while left < GUESTS or not dropped do
        local line = reader:receive()
        if not line then break end
        local name, n, text = line:match("^(guest%d): (%d+) (x+)$")
        if name then
            local next_one = (heard[name] or 0) + 1
            if tonumber(n) == next_one and #text == LENGTH then heard[name] = next_one end
        end
        if line:find("^guest%d has left") then left = left + 1 end
        dropped = dropped or line == "deaf has left"
    end
    check.equal("every line arrives, in order", heard, { guest1 = LINES, guest2 = LINES, guest3 = LINES, guest4 = LINES })
    check.ok("the guest who does not read is dropped", dropped)
    reader:close()
    deaf:close()
    server:close()
end)
check.equal("nobody is left", next(guests), nil)
check.done()
