-- Downloads several URLs at once, in tasks:  luasocket examples/parallel.lua URL...
local http, tasks = require("socket.http"), require("socket.tasks")
if not ... then
    io.stderr:write("usage: parallel.lua URL...\n")
    return os.exit(1)
end
tasks.map({ ... }, 20, function(address)
    local body, code, _, why = http.request(address)
    if body then print(address, code, #body) else print(address, "failed: " .. code .. (why and ", " .. why or "")) end
    return true
end)
