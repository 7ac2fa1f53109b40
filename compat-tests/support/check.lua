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

-- Prints the totals and ends the script. The exit status is 1 when a check failed. What the script no longer uses is
-- freed first, so that memcheck sees what our objects leave behind: the first run finalizes, the second one frees.
function check.done()
    collectgarbage()
    collectgarbage()
    io.stdout:write(("%d passed, %d failed\n"):format(passed, failed))
    io.stdout:flush()
    os.exit(failed == 0 and 0 or 1)
end

return check
