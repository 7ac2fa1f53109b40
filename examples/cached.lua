-- Fetches a page only when it has changed:  luasocket examples/cached.lua URL FILE
-- FILE.date keeps the date that the server sent.
local http = require("http")

local function stop(...)
    io.stderr:write(table.concat({ ... }), "\n")
    os.exit(1)
end

local url, path = ...
if not path then return stop("usage: cached.lua URL FILE") end

local known = io.open(path .. ".date", "r")
local date = known and known:read("*l")
if known then known:close() end

local response, message, _, why = http.get(url, { headers = { ["If-Modified-Since"] = date or false } })
if not response then return stop("cached: ", message, why and ", " .. why or "") end
if response.status == 304 then
    print("not changed since " .. date)
elseif response.ok then
    local file, refusal = io.open(path, "wb")
    if not file then return stop("cached: ", refusal) end
    file:write(response.body)
    file:close()
    local stamp = response.headers["last-modified"] or http.format_date()
    local beside = assert(io.open(path .. ".date", "w"))
    beside:write(stamp, "\n")
    beside:close()
    print("fetched " .. response.body_size .. " bytes")
else
    return stop("cached: ", response.status, " ", response.reason)
end
