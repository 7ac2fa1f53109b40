-- Random HTTP responses, some of them damaged. Each request gets a well-formed result, the same for any split into
-- pieces, and leaves no descriptor open.
local check = require("check")
local random_http = require("random_http")
local show = require("show")
local socket = require("socket")

-- The number that the next descriptor gets.
local function lowest()
    local sock = assert(socket.udp4())
    local descriptor = sock:getfd()
    sock:close()
    return descriptor
end

local function well_formed(answer)
    if not answer.ok then return false end
    if answer.result == nil then return type(answer.code) == "string" end
    return answer.result == 1 and type(answer.code) == "number"
end

local server = random_http.serve()
collectgarbage()
collectgarbage("stop")
local before, wrong, counts = lowest(), {}, { answered = 0, failed = 0 }
local function examine(number)
    local whole, pieces = random_http.ask(server, number), random_http.ask(server, number, 4)
    if not well_formed(whole) then wrong[#wrong + 1] = number .. ": " .. show.text(whole) end
    if show.text(whole) ~= show.text(pieces) then
        wrong[#wrong + 1] = ("%d: whole %s, in pieces %s"):format(number, show.text(whole), show.text(pieces))
    end
    local kind = whole.result and "answered" or "failed"
    counts[kind] = counts[kind] + 1
    if lowest() ~= before then wrong[#wrong + 1] = number .. ": a descriptor is left" end
    if number % 100 == 0 then collectgarbage() end
end
for number = 1, 200 do examine(number) end
for number = random_http.DAMAGED, random_http.DAMAGED + 700 do examine(number) end
check.equal("answers that are not as they must be", wrong, {})
check.ok("both kinds of answers were there", counts.answered > 200 and counts.failed > 200, show.text(counts))
random_http.stop(server)
check.done()
