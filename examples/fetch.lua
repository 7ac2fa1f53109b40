-- Fetches a page and prints it:  luasocket examples/fetch.lua URL
local http = require("socket.http")

local function stop(...)
    io.stderr:write(table.concat({ ... }), "\n")
    os.exit(1)
end

local address = ...
if not address then return stop("usage: fetch.lua URL") end
local body, code, headers, status = http.request(address)
-- No response at all: `code` is the error. For a refused certificate, `status` says what is wrong with it.
if not body then return stop("fetch: ", code, status and ", " .. status or "") end

-- "404 Not Found" is a response too: check the code.
if code ~= 200 then io.stderr:write(status, "\n") end
io.stderr:write("type: ", headers["content-type"] or "not told", "\n")
io.write(body)
