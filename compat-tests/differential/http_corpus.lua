-- Random requests to random responses, with sockets, sources, sinks and steps that may fail at any call. The test
-- compares the calls, their order and arguments, and the results. Cases that a repair changes (http.bugs) are not
-- generated.
local show = require("show")
local answers = require("random_answers")
local socket = require("socket")
local http = require("socket.http")

http.USERAGENT = "test"

local random, pick, chance = answers.random, answers.pick, answers.chance
answers.seed(20250303)

-- The events of one request, in order.
local log
local function note(...)
    local words = {}
    for i = 1, select("#", ...) do words[i] = show.text((select(i, ...))) end
    log[#log + 1] = table.concat(words, " ")
end

-- Sockets -------------------------------------------------------------------------------------------------------

local replies, sockets, failing, ending

-- The results of a method, or a failure when this call is set to fail.
local function results(self, name, ...)
    self.calls[name] = (self.calls[name] or 0) + 1
    if failing and failing.name == name and failing.at == self.calls[name] then
        note("fails")
        return nil, failing.message
    end
    return ...
end

local methods = {}

function methods:settimeout(...)
    note("settimeout", ...)
    return results(self, "settimeout", 1)
end

function methods:connect(...)
    note("connect", ...)
    return results(self, "connect", 1)
end

function methods:send(...)
    local data = ...
    local lines = {}
    for line in data:gmatch("[^\r\n]+") do lines[#lines + 1] = line end
    -- the order of header lines is not fixed
    table.sort(lines)
    note("send", select("#", ...), #data, lines)
    return results(self, "send", #data)
end

function methods:receive(...)
    note("receive", select("#", ...), ...)
    local pattern, prefix = ...
    local left = self.left
    local last = pattern
    if type(pattern) ~= "number" then last = left:find("\n", 1, true) or #left + 1 end
    if #left < last then
        self.left = ""
        return results(self, "receive", nil, ending, left)
    end
    self.left = left:sub(last + 1)
    local piece = left:sub(1, last)
    if type(pattern) ~= "number" then piece = (prefix or "") .. piece:gsub("[\r\n]", "") end
    return results(self, "receive", piece)
end

function methods:close(...)
    note("close", ...)
    return results(self, "close", 1)
end

function socket.tcp(...)
    sockets = sockets + 1
    note("tcp", ...)
    return setmetatable({ left = replies[sockets] or answers.final(not failing), calls = {} }, { __index = methods })
end

-- Sources, sinks, steps -----------------------------------------------------------------------------------------

local function source(may_fail)
    local pieces, i, fate = random(4) - 1, 0, may_fail and random(4) or 0
    return function(...)
        i = i + 1
        note("source", select("#", ...))
        if i <= pieces then return ("s"):rep(random(20)) end
        if fate == 1 then return nil, "source failed" end
        if fate == 2 then return false end
        return nil
    end
end

local FATES = { { nil, "failed" }, { nil }, { false, "failed" }, {}, { true }, { "x", "not looked at" }, { nil, { "table" } } }

local function sink()
    local due, fate, i = random(4), FATES[random(20)], 0
    return function(chunk, ...)
        i = i + 1
        note("sink", select("#", ...), chunk and #chunk, ...)
        if i == due and fate then return fate[1], fate[2] end
        return 1
    end
end

local function step()
    local due, fate, i = random(4), FATES[random(12)], 0
    return function(from, to, ...)
        i = i + 1
        note("step", type(from), type(to), select("#", ...))
        if i == due and fate then return fate[1], fate[2] end
        local chunk, err = from()
        local ok, problem = to(chunk, err)
        if chunk and ok then return 1 end
        return nil, err or problem
    end
end

-- Requests ------------------------------------------------------------------------------------------------------

local URLS = {
    "http://h.test", "http://h.test/", "http://h.test:81/a/b;p?q", "http://u:p@h.test/x", "http://h.test:80/",
    "http://u:@h.test/", "//h.test/z", "http://h.test/a?b/../c",
}

for i = 1, 1500 do
    log, sockets = {}, 0
    ending = chance(80) and "closed" or "timeout"
    failing = chance(20) and {
        name = pick({ "settimeout", "connect", "send", "receive", "receive", "close" }), at = random(5),
        message = pick({ "failed", "timeout", "closed" }),
    } or nil
    -- http.receive.14: a read that fails after a continuation
    local folded = not failing
    local redirects = chance(30)
    local url = pick(URLS)
    -- url.authority.1: a query right after a host
    if redirects and url == "http://h.test" then url = "http://h.test/" end
    local reqt = { url = url, sink = sink() }
    if redirects then
        replies = { answers.interim(folded) .. answers.moved(folded), chance(20) and answers.moved(folded) or nil }
        if chance(20) then reqt.redirect = pick({ false, true, 1 }) end
        if chance(20) then reqt.maxredirects = pick({ 0, 1, false, 3 }) end
        if chance(20) then reqt.nredirects = random(6) end
        if chance(10) then reqt.method = pick({ "", "GET", "POST", "get" }) end
    else
        local odd = chance(10)
        replies = { odd and pick(answers.ODD) or answers.interim(folded) .. answers.final(folded) }
        -- add.30: an HTTP/0.9 response that is stopped
        if odd then reqt.sink = http.genericform(url).sink end
        if chance(20) then reqt.method = pick({ "", "GET", "HEAD", "POST", "get", "PUT" }) end
        if not odd and chance(25) then reqt.step = step() end
        if chance(10) then reqt.host = "x.test" end
        if chance(10) then reqt.port = pick({ 99, "98", 80, "" }) end
        if chance(10) then reqt.path = pick({ "", "z", "/zz" }) end
        if chance(10) then reqt.query = "qq" end
        if chance(10) then reqt.uri = pick({ "*", "", "/u v" }) end
        if chance(10) then reqt.create = socket.tcp end
        -- http.bugs.3
        if not url:find("@") and chance(10) then reqt.proxy = pick({ "http://px.test", "http://a:b@px.test:3", "//px.test:9" }) end
    end
    -- add.45: a failing body
    if chance(20) and not (failing and failing.name == "send") then
        local known = chance(50)
        reqt.source = source(known)
        if known then reqt.headers = { ["Content-Length"] = pick({ 3, "v", "" }) } end
    end
    if chance(20) then
        reqt.headers = reqt.headers or {}
        reqt.headers[pick({ "Accept", "range", "CONTENT-TYPE", "transfer-encoding" })] = pick({ "v", 3, "" })
    end
    show.raise("request " .. i .. " " .. url .. " " .. show.text(replies[1]), http.request,
        chance(10) and not reqt.source and url or reqt, chance(50) and "body" or nil)
    for _, line in ipairs(log) do print("  " .. line) end
end
