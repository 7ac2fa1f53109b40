-- Hostile HTTP servers: a response cut off at each byte, by a close, by a reset or by silence.
local check = require("check")
local cuts = require("http_cuts")
local http = require("socket.http")

local server = cuts.serve()

-- Silence takes time. Separate processes wait for it, each at every third byte of one response.
local STEP = 3
local PROGRAM = [[
local port, name, first, step = ...
local cuts, socket, http = require("http_cuts"), require("socket"), require("socket.http")
local response = cuts.RESPONSES[name]
local asked, wrong = 0, {}
for count = tonumber(first), #response, tonumber(step) do
    -- without an announced end the whole response, too, waits for more
    local whole = count == #response and name ~= "closed"
    http.TIMEOUT = whole and 10 or 0.15
    local started = socket.gettime()
    local body, code = http.request(cuts.url(port, name, count, "stall"))
    local took = socket.gettime() - started
    local expected_body, expected_code = whole and cuts.BODY or nil, whole and 200 or "timeout"
    if body ~= expected_body or code ~= expected_code or not whole and took > 2 then
        wrong[#wrong + 1] = ("%d bytes: %s, %s in %.2f s"):format(count, tostring(body), tostring(code), took)
    end
    asked = asked + 1
end
print(asked, table.concat(wrong, "; "))
]]
local program = os.tmpname()
local file = assert(io.open(program, "w"))
file:write(PROGRAM)
file:close()
local waiting = {}
for _, name in ipairs(cuts.NAMES) do
    waiting[name] = {}
    for first = 0, STEP - 1 do
        waiting[name][first + 1] = io.popen(("%s %s %d %s %d %d 2>&1"):format(
            os.getenv("COMPAT_LUA") or "lua", program, server.port, name, first, STEP))
    end
end

http.TIMEOUT = 5
for _, name in ipairs(cuts.NAMES) do
    local response = cuts.RESPONSES[name]
    local body_starts = #response - #cuts.BODY
    for _, ending in ipairs({ "close", "reset" }) do
        local wrong = {}
        for count = 0, #response do
            local body, code = http.request(cuts.url(server.port, name, count, ending))
            local expected_body, expected_code = nil, "closed"
            if count == #response then
                expected_body, expected_code = cuts.BODY, 200
            elseif name == "closed" and count >= body_starts then
                -- without an announced end, any end of the connection is valid
                expected_body, expected_code = cuts.BODY:sub(1, count - body_starts), 200
            end
            if body ~= expected_body or code ~= expected_code then
                wrong[#wrong + 1] = ("%d bytes: %s, %s"):format(count, tostring(body), tostring(code))
            end
        end
        check.ok(name .. ", " .. ending .. " at each byte", #wrong == 0, table.concat(wrong, "; "))
    end
end

for _, name in ipairs(cuts.NAMES) do
    local asked, wrong = 0, ""
    for _, process in ipairs(waiting[name]) do
        local output = process:read("*a")
        process:close()
        local count, text = output:match("^(%d+)\t(.*)\n$")
        asked, wrong = asked + (tonumber(count) or 0), wrong .. (text or output)
    end
    check.equal(name .. ": bytes after which there was silence", asked, #cuts.RESPONSES[name] + 1)
    check.equal(name .. ", silence at each byte", wrong, "")
end
os.remove(program)
cuts.stop(server)
check.done()
