-- needs: lua-sec
-- time limit: 300
-- The catalogue lists servers for which LuaSocket's result differs. This test checks that it does. Each case ends.
local check = require("check")
local hostile = require("hostile")
local show = require("show")

-- Each case ends, but a loaded machine may need time.
local PATIENCE = 20

local PROGRAM = [[
local hostile, show = require("hostile"), require("show")
local name, port, number = ...
hostile.PATIENCE = 3
for _, case in ipairs(require(name)) do
    if case[1] == number then
        local ok, results, last = pcall(hostile.ask, { port = tonumber(port) }, case)
        if not ok then results, last = { "raised", results }, nil end
        print(show.plain({ results[1], results[2] }))
        print(show.plain(results[3]))
        print(show.plain(last))
    end
end
]]

local program = os.tmpname()
local file = assert(io.open(program, "w"))
file:write(PROGRAM)
file:close()

local support = package.path:match("[^;]*support/%?%.lua")
local luasocket = ("env -u LUA_CPATH LUA_PATH='%s;;' timeout %s %s %s "):format(
    support, PATIENCE, os.getenv("COMPAT_LUA") or "lua", program)

-- LuaSocket's result, the headers and the sink's calls; nothing when it takes too long.
local function ask_luasocket(name, server, number)
    local process = io.popen(luasocket .. name .. " " .. server.port .. " " .. number .. " 2>&1")
    local answer, headers, last = process:read("*l"), process:read("*l"), process:read("*l")
    process:close()
    return answer, headers, last
end

-- One case of each module in which LuaSocket agrees. A module that failed to load would look like a difference.
local AGREED = { hostile_heads = "3.1", hostile_bodies = "10.14", hostile_redirects = "13.1" }

local function check_agreed(name, server)
    for _, case in ipairs(server.cases) do
        if case[1] == AGREED[name] then
            local label = case[1] .. " " .. case[2]
            local answer, headers, last = ask_luasocket(name, server, case[1])
            check.ok(label .. ": LuaSocket is said to agree", not case.differs)
            check.equal(label .. ": its answer", answer, show.plain(case.expect))
            if case.headers then check.equal(label .. ": its headers", headers, show.plain(case.headers)) end
            check.equal(label .. ": its sink", last, show.plain("the sink was ended with nil"))
            local seen = hostile.seen(server)
            if case.seen then check.equal(label .. ": asked", seen, table.concat(case.seen, "\n")) end
        end
    end
end

for _, name in ipairs({ "hostile_heads", "hostile_bodies", "hostile_redirects" }) do
    local server = hostile.serve(name)
    check_agreed(name, server)
    for _, case in ipairs(server.cases) do
        if case.differs then
            local results, told = hostile.ask(server, case)
            local seen = hostile.seen(server)
            local answer, headers, last = ask_luasocket(name, server, case[1])
            local same = answer == show.plain({ results[1], results[2] }) and headers == show.plain(results[3])
                and last == show.plain(told) and hostile.seen(server) == seen
            local agrees = case.differs_on and case.differs_on ~= _VERSION or false
            check.equal(case[1] .. " " .. case[2] .. ": the same answer", same, agrees)
        end
    end
    hostile.stop(server)
end

os.remove(program)
check.done()
