-- Fetches a page and prints it:  luasocket examples/fetch.lua URL
local http = require("socket.http")

local body, code, headers, status = http.request((assert(..., "usage: fetch.lua URL")))
if not body then
    -- no answer at all: `code` says why
    io.stderr:write("fetch: ", code, "\n")
    os.exit(1)
end

-- "404 Not Found" is an answer too: look at the code.
if code ~= 200 then io.stderr:write(status, "\n") end
io.stderr:write("type: ", headers["content-type"] or "not told", "\n")
io.write(body)
