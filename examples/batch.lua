-- Fetches many URLs, at most MOST at a time:  luasocket examples/batch.lua MOST URL...
local http = require("http")

local most = tonumber((...))
if not most or select("#", ...) < 2 then
    io.stderr:write("usage: batch.lua MOST URL...\n")
    return os.exit(1)
end

local list = {}
for i = 2, select("#", ...) do list[#list + 1] = { "GET", (select(i, ...)), { timeout = "1m", retries = 1 } } end
local responses, messages = http.request_batch(list, { most = most })
for i, entry in ipairs(list) do
    local response = responses[i]
    if response then
        print(entry[2], response.status, response.body_size)
    else
        print(entry[2], "failed: " .. messages[i])
    end
end
