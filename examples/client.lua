-- Fetches a page and prints the response:  luasocket examples/client.lua URL
local http = require("http")

local url = ...
if not url then
    io.stderr:write("usage: client.lua URL\n")
    return os.exit(1)
end

local response, message, phase, why = http.get(url)
if not response then
    io.stderr:write("client: ", message, why and ", " .. why or "", " (", tostring(phase), ")\n")
    return os.exit(1)
end
print(response.status, response.reason, response.headers["content-type"])
for _, step in ipairs(response.history) do print("redirected from", step.url) end
print(response.url, response.body_size .. " bytes")
io.write(response.body)
