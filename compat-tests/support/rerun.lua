-- Runs scripts of own/ again under other conditions, each in a separate process.
local rerun = {}

local folder = arg[0]:match("^(.*)/") or "."

---The command of the interpreter that runs this script, quoted for the shell.
function rerun.interpreter()
    local i = 0
    while arg[i - 1] do i = i - 1 end
    return os.getenv("COMPAT_LUA") or arg[i]
end

---Runs a script by its name. `before` is the command up to the script's path, `after` is its argument. Returns whether
---the script passed, and its output.
function rerun.run(before, name, after)
    local child = assert(io.popen(("%s '%s/%s.lua' %s 2>&1; echo \"status $?\""):format(before, folder, name, after or "")))
    local output = child:read("*a")
    child:close()
    local status = output:match("status (%d+)%s*$")
    return status == "0" and output:find("%d+ passed, 0 failed") ~= nil, output
end

return rerun
