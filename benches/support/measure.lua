-- Runs one case of a script and prints its cost; `benches/run` reads that line.
--
--     lua5.4 benches/cases/url.lua parse 100000
--
-- A case prepares its data and returns the work and its amount (calls or bytes). Only the work is timed: wall time by
-- the socket library's clock, CPU time of this process by Lua's.
local error, io, os, tonumber = error, io, os, tonumber

local measure = {}

---Memory of this process in bytes; 0 where the system does not report it.
---@param name? string which figure: "VmRSS" for the present; the peak by default
---@return number
function measure.memory(name)
    local file = io.open("/proc/self/status")
    if not file then return 0 end
    local text = file:read("*a")
    file:close()
    return (tonumber(text:match((name or "VmHWM") .. ":%s*(%d+) kB")) or 0) * 1024
end

---A port or path that the driver has set.
---@param name string without its prefix `BENCH_`
---@return string
function measure.setting(name)
    local value = os.getenv("BENCH_" .. name)
    return value or error("run by benches/run only: BENCH_" .. name .. " is not set")
end

---Prints a measurement.
---@param wall number seconds
---@param cpu number seconds
---@param amount number calls or bytes
---@param memory? number in bytes; the peak by default
function measure.report(wall, cpu, amount, memory)
    print(("wall=%.9f cpu=%.9f amount=%.0f peak=%.0f"):format(wall, cpu, amount, memory or measure.memory()))
end

---Runs the case named on the command line, with the numbers after it.
---@param cases table<string, fun(...: number): function, number>
function measure.run(cases)
    local prepare = assert(cases[arg[1]], "no such case")
    local work, amount = prepare(tonumber(arg[2]), tonumber(arg[3]))
    local gettime, clock = require("socket").gettime, os.clock
    collectgarbage()
    collectgarbage()
    local wall, cpu = gettime(), clock()
    work()
    cpu, wall = clock() - cpu, gettime() - wall
    measure.report(wall, cpu, amount)
end

return measure
