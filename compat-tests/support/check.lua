-- Assertions for the scripts in own/: each name states the behaviour that it checks.
local show = require("show")

local check = {}
local passed, failed = 0, 0

local function report(ok, name, why)
    if ok then
        passed = passed + 1
    else
        failed = failed + 1
        print("not ok - " .. name .. (why and (": " .. why) or ""))
    end
    return ok
end

-- Passes when `condition` is true (not nil or false).
function check.ok(name, condition, message)
    return report(condition and true or false, name, message and tostring(message))
end

-- Passes when both values print the same. Tables are compared deeply; number subtypes are ignored.
function check.equal(name, got, expected)
    got, expected = show.plain(got), show.plain(expected)
    return report(got == expected, name, "got " .. got .. ", expected " .. expected)
end

-- Passes when f(...) raises a string that matches `pattern`.
function check.raises(name, pattern, f, ...)
    local ok, message = pcall(f, ...)
    if ok then return report(false, name, "did not raise") end
    return report(type(message) == "string" and message:find(pattern) ~= nil, name, "raised " .. show.text(message))
end

---The number of threads of this process, where the system tells it.
---@return integer|nil count
function check.threads()
    local file = io.open("/proc/self/status")
    if not file then return nil end
    local text = file:read("*a")
    file:close()
    return tonumber(text:match("Threads:%s*(%d+)"))
end

-- A thread that has looked a name up waits for more work. When it ends, the C library frees the thread's memory.
local function wait_for_threads()
    local sleep = require("socket").sleep
    for _ = 1, 600 do
        if (check.threads() or 1) == 1 then break end
        sleep(0.05)
    end
end

-- Prints the totals and ends the script. The exit status is 1 when a check failed. Memory that the script no longer uses
-- is freed first, so that memcheck sees leaks of our objects: the first run finalizes, the second one frees.
function check.done()
    collectgarbage()
    collectgarbage()
    if os.getenv("COMPAT_ONE_THREAD") then wait_for_threads() end
    io.stdout:write(("%d passed, %d failed\n"):format(passed, failed))
    io.stdout:flush()
    os.exit(failed == 0 and 0 or 1)
end

return check
