-- A thousand tasks switch 400,000 times, inside every construct that can surround a wait, while the collector runs all
-- the time (tasks.s.4). On LuaJIT, with an eager compiler and without the compiler.
-- time limit: 180
local check = require("check")
local socket = require("socket")
local tasks = require("socket.tasks")

local TASKS, SWITCHES = 1000, 400

-- Each waits once and returns its argument.
local constructs = {
    function(n)
        tasks.yield()
        return n
    end,
    function(n)
        local _, result = pcall(function()
            socket.sleep(0)
            return n
        end)
        return result
    end,
    function(n)
        local ok, result = pcall(function()
            tasks.yield()
            error({ n })
        end)
        return not ok and result[1]
    end,
    function(n)
        local result
        string.gsub("x", "x", function()
            tasks.yield()
            result = n
        end)
        return result
    end,
    function(n)
        local waited
        local list = { n, n - 1 }
        table.sort(list, function(a, b)
            if not waited then
                waited = true
                tasks.yield()
            end
            return a < b
        end)
        return list[2]
    end,
    function(n)
        return setmetatable({}, { __index = function(_, key)
            tasks.yield()
            return key
        end })[n]
    end,
    function(n)
        return setmetatable({}, { __add = function(_, other)
            tasks.yield()
            return other
        end }) + n
    end,
    function(n)
        return coroutine.wrap(function()
            tasks.yield()
            coroutine.yield(n)
        end)()
    end,
    function(n)
        local result
        for value in function()
            if result then return nil end
            tasks.yield()
            return n
        end do
            result = value
        end
        return result
    end,
    function(n)
        return tonumber(tostring(setmetatable({}, { __tostring = function()
            tasks.yield()
            return tostring(n)
        end })))
    end,
}

-- The same numbers on every Lua.
local function generator(seed)
    return function(limit)
        seed = (seed * 16807) % 2147483647
        return seed % limit + 1
    end
end

-- Lua 5.5 names it otherwise.
local function set_pause(percent)
    if not pcall(collectgarbage, "setpause", percent) then collectgarbage("param", "pause", percent) end
end

local function stress(name)
    local right = 0
    set_pause(50)
    tasks.run(function()
        for number = 1, TASKS do
            tasks.start(function()
                local random, sum, expected = generator(number), 0, 0
                for _ = 1, SWITCHES do
                    local value = random(1000)
                    expected = expected + value
                    sum = sum + constructs[random(#constructs)](value)
                end
                if sum == expected then right = right + 1 end
            end)
        end
    end)
    set_pause(200)
    check.equal("s.4: right sums" .. name, right, TASKS)
end

local jit = rawget(_G, "jit")
if jit then
    jit.opt.start("hotloop=2", "hotexit=2")
    stress(", an eager compiler")
    jit.off()
    jit.flush()
    stress(", no compiler")
else
    stress("")
end
check.done()
