-- Random numbers that are the same on every Lua, and random HTTP responses: well-formed, odd and truncated.
local answers = {}

-- Park and Miller's generator: every Lua computes its numbers exactly.
local state

-- Restarts the sequence of numbers.
function answers.seed(number) state = number end
-- A number from 1 to n.
function answers.random(n)
    state = state * 16807 % 2147483647
    return state % n + 1
end
local random = answers.random

function answers.pick(list) return list[random(#list)] end
local pick = answers.pick

function answers.chance(percent) return random(100) <= percent end
local chance = answers.chance

local FIELDS = { "A: b", "a:c", "Set-Cookie: z", "X-Y:  q  ", ":e", "Connection: close", "B:", "c : \t d" }
local LOCATIONS = { "/n", "rel", "?q", "../x", "http://o.test/z", "http://o.test:82/z", "//o.test/y", "", "ftp://x/", "/space" }

-- Header lines; `folded`: with continuation lines.
local function fields(folded)
    local lines = {}
    for i = 1, random(4) - 1 do
        local more = not folded and "" or pick({ "", "", "\r\n cont", "\r\n\tx\r\n \r\n  y" })
        lines[i] = pick(FIELDS) .. more .. "\r\n"
    end
    return table.concat(lines)
end

local function chunks()
    local parts = {}
    for i = 1, random(4) - 1 do
        local size = random(30)
        parts[i] = ("%x%s\r\n%s\r\n"):format(size, pick({ "", ";x=y", " " }), ("d"):rep(size))
    end
    return table.concat(parts) .. pick({ "0\r\n\r\n", "0 \r\n\r\n", "00\r\n\r\n", "0\r\n", "zz\r\n", "", "\r\n" })
end

local function answer(code, folded, extra)
    local head = pick({ "HTTP/1.1 %d OK\r\n", "HTTP/1.0 %d\r\n", "HTTP/1.1 %d x\n" }):format(code) .. fields(folded) .. (extra or "")
    local framing = random(4)
    if framing == 1 then
        local size = random(20) - 1
        return ("%sContent-Length: %d\r\n\r\n%s"):format(head, size, ("b"):rep(size + random(4) - 2))
    elseif framing == 2 then
        return head .. "Transfer-Encoding: chunked\r\n\r\n" .. chunks()
    elseif framing == 3 then
        return head .. "Content-Length: " .. pick({ "abc", "0", "5" }) .. "\r\n\r\nhello world"
    end
    return head .. "\r\n" .. ("c"):rep(2048 * (random(3) - 1) + random(3))
end

-- A response that does not redirect.
function answers.final(folded) return answer(pick({ 200, 201, 204, 206, 304, 400, 404, 500, 101, 501 }), folded) end

-- Interim responses, usually none.
function answers.interim(folded)
    local parts = {}
    for i = 1, chance(20) and random(2) or 0 do parts[i] = "HTTP/1.1 100 C\r\n" .. fields(folded) .. "\r\n" end
    return table.concat(parts)
end

-- A response with a Location.
function answers.moved(folded)
    return answer(pick({ 300, 301, 302, 303, 305, 307 }), folded, "Location: " .. pick(LOCATIONS) .. "\r\n")
end

-- Data that is not a response, or only the start of one.
answers.ODD = { "", "HT", "hello", "hello world", "HTTP/", "HTTP/1.1 200", "HTTP/2 200 OK\r\n\r\n", "\r\n\r\n\n", "HTTP/1.1 200 x\r\nA" }

return answers
