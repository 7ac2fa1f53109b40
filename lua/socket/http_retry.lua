-- Decides which failures the client in module `http` retries, and when. Internal to HTTP.
local socket = require("socket")
local date = require("socket.http_date")
local duration = require("socket.http_duration")
local exchange = require("socket.http_exchange")

local tonumber = tonumber
local match = string.match

local LONGEST_WAIT = 60
local STATUSES = { [429] = true, [502] = true, [503] = true, [504] = true }
local SAFE = { GET = true, HEAD = true, OPTIONS = true, TRACE = true, PUT = true, DELETE = true }
-- Phases in which no byte of the request was sent.
local BEFORE = { resolve = true, connect = true, proxy = true, tls = true }

local retry = {}

-- Checks and stores the options. Returns true, or nil and a message.
function retry.take(call, given)
    local count = given.retries
    if count == true then count = 1 end
    if count == nil or count == false or count == 0 then return true end
    local wait, err = duration.seconds(given.retrywait or 0.5)
    if not wait then return nil, err end
    call.retries, call.retrywait = count, wait
    return true
end

-- The counters of one hop's attempts; nil without retries.
function retry.begin(call)
    return call.retries and { left = call.retries, wait = call.retrywait }
end

-- The seconds in the server's Retry-After header.
local function asked(answer)
    local text = answer and answer.headers["Retry-After"]
    if not text then return nil end
    local seconds = tonumber(match(text, "^%s*(%d+)%s*$"))
    if seconds then return seconds end
    local time = date.parse(text)
    if not time then return nil end
    local left = time - socket.gettime()
    return left > 0 and left or 0
end

-- Seconds to wait before the next attempt; nil when there is none. After the time limit of the whole request there is
-- none: it would fail at once, again and again.
function retry.wait(tries, call, answer, err, phase, why)
    if tries.left <= 0 or call.deadline and exchange.now() >= call.deadline then return nil end
    local repeats
    if not answer and BEFORE[phase] then
        repeats = why == nil and err ~= "certificate verify failed" and err ~= "cancelled"
    else
        local safe = SAFE[call.method] and (not call.body or call.body.text ~= nil)
        if answer then
            repeats = safe and STATUSES[answer.status]
        else
            repeats = safe and err == "closed" and (phase == "send" or phase == "response")
        end
    end
    if not repeats then return nil end
    local wait = asked(answer)
    if wait and wait > LONGEST_WAIT then return nil end
    wait = wait or tries.wait
    tries.left, tries.wait = tries.left - 1, tries.wait * 2
    return wait
end

-- Waits, but not beyond the deadline of the whole request. Returns true. If the task is cancelled, or its own deadline
-- has passed, returns nil and a message, because every further attempt would fail at once.
function retry.sleep(call, seconds)
    if call.deadline then
        local left = call.deadline - exchange.now()
        if left < seconds then seconds = left end
    end
    local _, stopped = socket.sleep(seconds > 0 and seconds or 0)
    if stopped then return nil, stopped end
    return true
end

return retry
