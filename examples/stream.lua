-- Prints the lines of a response as they arrive, without a time limit:  luasocket examples/stream.lua URL [LINES]
local http = require("http")

local url, most = ...
if not url then
    io.stderr:write("usage: stream.lua URL [LINES]\n")
    return os.exit(1)
end
most = tonumber(most) or math.huge

local response, message, _, why = http.get(url, { stream = true, timeouts = { idle = false } })
if not response then
    io.stderr:write("stream: ", message, why and ", " .. why or "", "\n")
    return os.exit(1)
end

local rest, count = "", 0
while count < most do
    local piece, problem = response:read()
    if not piece then
        if problem then io.stderr:write("stream: ", problem, "\n") end
        break
    end
    rest = rest .. piece
    for line in rest:gmatch("(.-)\n") do
        if count >= most then break end
        count = count + 1
        print(line)
    end
    rest = rest:match("[^\n]*$") or ""
end
response:close()
