-- Heads with random damage: always an answer or the end in time, never 500, and no invalid request reaches a handler
-- (server.s.52). MUTATIONS=200000 for a long run.
-- time limit: 600
local check = require("check")
local serve = require("serve")

local ROUNDS = tonumber(os.getenv("MUTATIONS") or 3000)
local SEED = tonumber(os.getenv("SEED") or 7)

local SEEDS = {
    "GET /a/b?c=d HTTP/1.1\r\nHost: example.com:80\r\nUser-Agent: x\r\nAccept: */*\r\nCookie: a=b; c=d\r\n\r\n",
    "POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\nContent-Type: text/plain\r\n\r\nhello world",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nTrailer: t\r\n\r\n",
    "PUT http://h:1/x HTTP/1.1\r\nHost: h:1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
    "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nDELETE / HTTP/1.1\r\nHost: [::1]\r\n\r\n",
}
local PIECES = { "\r\n", "\n", "\r", "\0", " ", "\t", ":", ",", ";", "HTTP/1.1", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n",
    "Host: b\r\n", "chunked", "100-continue", "\255", "%00", "../", "0", "ffffffffffffffff", "-1", "[", "]", "@", "#", "?" }

-- The same numbers on every Lua.
local state = SEED
local function random(n)
    state = (state * 16807) % 2147483647
    return state % n + 1
end

local function mutate(text)
    for _ = 1, random(3) do
        local at, kind = random(#text + 1), random(6)
        if kind == 1 then
            text = text:sub(1, at - 1) .. string.char(random(256) - 1) .. text:sub(at + 1)
        elseif kind == 2 then
            text = text:sub(1, at - 1) .. PIECES[random(#PIECES)] .. text:sub(at)
        elseif kind == 3 then
            text = text:sub(1, at - 1) .. text:sub(at + random(5))
        elseif kind == 4 then
            local length = random(20)
            text = text:sub(1, at + length) .. text:sub(at)
        elseif kind == 5 then
            local other = SEEDS[random(#SEEDS)]
            text = text:sub(1, at - 1) .. other:sub(random(#other))
        else
            text = text:sub(1, at - 1)
        end
        if text == "" then text = "G" end
    end
    return text
end

local STATUSES = { [200] = true, [100] = true, [400] = true, [413] = true, [417] = true, [431] = true, [501] = true, [505] = true }

local problems = {}
local function note(what, text) problems[#problems + 1] = ("%s: %q"):format(what, text) end

local told = 0
local server = serve.listen({ on_error = function() told = told + 1 end, maxrequests = false })
local current

local function handler(request)
    if not request.method:find("^[%w!#$%%&'*+.^_`|~-]+$") then note("method", current) end
    if request.path:find("[%z\1-\32\127-\255#]") then note("path", current) end
    if request.host and not request.host:find("^[%w%[%]:.!$&'()*+,;=%%_~-]+$") then note("host", current) end
    for name, value in pairs(request.headers) do
        if name:find("[%z\1-\32\127-\255:]") or value:find("[%z\1-\8\10-\31\127]") then note("field", current) end
    end
    local _, _, _ = request.params, request.cookies, request.header_list
    return { body = "ok" }
end

collectgarbage()
local before
local requests, refused = 0, 0
for round = 1, ROUNDS do
    current = mutate(SEEDS[random(#SEEDS)])
    local text, _, count = serve.bytes(server, current, handler)
    requests = requests + count
    for _, answer in ipairs(serve.answers(text)) do
        if not STATUSES[answer.status or 0] and not answer.raw then note("status " .. tostring(answer.status), current) end
        if answer.status ~= 200 and answer.status ~= 100 then refused = refused + 1 end
    end
    if round == math.floor(ROUNDS / 2) then
        collectgarbage()
        collectgarbage()
        before = collectgarbage("count")
    end
end
collectgarbage()
collectgarbage()
local growth = collectgarbage("count") - before

check.equal("nothing odd", problems, {})
check.equal("no error of the server", told, 0)
check.ok("some were served", requests > ROUNDS / 10, requests)
check.ok("some were refused", refused > ROUNDS / 4, refused)
check.ok("no growth", growth < 200, growth)
server:close()
check.done()
