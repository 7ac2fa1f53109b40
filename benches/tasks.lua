-- The cost of tasks, in one process:  lua benches/tasks.lua [URL of a file of 128 KB [how many at once]]
-- Figures are medians of five. They are compared with the interpreter's coroutines.
local socket = require("socket")
local tasks = require("socket.tasks")
local ltn12 = require("ltn12")

local function median(measure, ...)
    local samples = {}
    for i = 1, 5 do samples[i] = measure(...) end
    table.sort(samples)
    return samples[3]
end

local function resident()
    for line in io.lines("/proc/self/status") do
        local kilobytes = line:match("^VmRSS:%s*(%d+)")
        if kilobytes then return tonumber(kilobytes) end
    end
end

local function seconds(f, ...)
    local start = os.clock()
    f(...)
    return os.clock() - start
end

local SWITCHES = 300000
local switch = median(function()
    return seconds(tasks.run, function() for _ = 1, SWITCHES do tasks.yield() end end) / SWITCHES
end)
local resume = median(function()
    local wrapped = coroutine.wrap(function() while true do coroutine.yield() end end)
    return seconds(function() for _ = 1, SWITCHES do wrapped() end end) / SWITCHES
end)
print(("switch: %.0f ns; a coroutine's resume and yield %.0f ns; %.2f times"):format(switch * 1e9, resume * 1e9, switch / resume))

local STARTS = 50000
local function nothing() end
local start = median(function()
    return seconds(tasks.run, function() for _ = 1, STARTS do tasks.start(nothing):wait() end end) / STARTS
end)
local create = median(function()
    return seconds(function() for _ = 1, STARTS do coroutine.wrap(nothing)() end end) / STARTS
end)
print(("start and end: %.0f ns; a coroutine's %.0f ns; %.2f times"):format(start * 1e9, create * 1e9, start / create))

local function turn(parked)
    local time
    tasks.run(function()
        local all = {}
        for i = 1, parked do all[i] = tasks.start(function() socket.sleep(1000) end) end
        tasks.yield()
        tasks.yield()
        time = median(function()
            return seconds(function() for _ = 1, SWITCHES / 5 do tasks.yield() end end) / (SWITCHES / 5)
        end)
        for i = 1, parked do all[i]:cancel() end
    end)
    return time
end
local few, many = turn(100), turn(9990)
print(("a turn with one ready: %.0f ns among 100 parked, %.0f ns among 10,000; %.2f times"):format(few * 1e9, many * 1e9, many / few))

collectgarbage()
collectgarbage()
local before, parked = resident(), nil
tasks.run(function()
    local all = {}
    for i = 1, 9990 do all[i] = tasks.start(function() socket.sleep(1000) end) end
    tasks.yield()
    tasks.yield()
    collectgarbage()
    parked = (resident() - before) / 9990
    for i = 1, 9990 do all[i]:cancel() end
end)
print(("a parked task: %.1f KB"):format(parked))

local url, count = ...
if url then
    local http = require("socket.http")
    count = tonumber(count) or 1000
    local urls = {}
    for i = 1, count do urls[i] = url end
    tasks.map({ url }, 1, function(address) return http.request({ url = address, sink = ltn12.sink.null() }) end)
    collectgarbage()
    collectgarbage()
    before = resident()
    local most, good = 0, 0
    local clock, wall = os.clock(), socket.gettime()
    tasks.map(urls, count, function(address)
        local ok, code = http.request({ url = address, sink = ltn12.sink.null() })
        if ok and code == 200 then good = good + 1 end
        if good == math.floor(count / 2) then most = resident() end
        return true
    end)
    print(("%d downloads at once: %d good, %.3f s of CPU, %.3f s, %.1f KB each half way"):format(count, good, os.clock() - clock,
        socket.gettime() - wall, (most - before) / count))
    clock = os.clock()
    for i = 1, count do http.request({ url = urls[i], sink = ltn12.sink.null() }) end
    print(("the same one after the other: %.3f s of CPU"):format(os.clock() - clock))
end
