-- Hostile HTTP servers, in a separate process, and the runner for the catalogue.
--
--   local server = hostile.serve("hostile_heads")     -- the module that lists the cases
--   local outcome = hostile.ask(server, case)          -- makes the case's request
--
-- A case is { number, the server's behaviour, field = value … } with these fields:
--   replies   one reply per connection; the last one repeats for all later connections. A reply is a list of
--             strings to send, and of  { times = n, text }  { pause = seconds }  { beyond = text }. The last
--             sends more text than any limit allows. "%PORT%" and "%OTHER%" in a string stand for the ports
--             of this server and of a second one
--   ending    the end of the connection: "close" (default), "reset", "stall" (until the client closes)
--   request   fields of the request
--   expect    the results of http.request: body, code (strings and numbers are compared exactly), or nil, message
--   headers   the response's headers, when they matter
--   stalls    true when the result is that of an expired time limit
--   differs   why LuaSocket's result is different: a contract item, or a stricter rule of this library
--   differs_on  the _VERSION on which it differs, when it is not all
--   seen      the requests that the servers must receive: a list of request lines and chosen headers
local hostile = {}

-- The time limits of requests: of those that must end in a timeout, and of the others.
hostile.TIMEOUT, hostile.PATIENCE = 0.5, 20

-- More bytes than `http.MAXHEADERSIZE` allows, the largest limit of a head.
local BEYOND = 300000

local function transmit(client, reply, ports)
    for _, item in ipairs(reply) do
        if type(item) == "string" then
            if not client:send((item:gsub("%%(%u+)%%", ports))) then return end
        elseif item.times then
            if not client:send(item[1]:rep(item.times)) then return end
        elseif item.pause then
            require("socket").select(nil, nil, item.pause)
        else
            -- a bounded number of bytes, so that a client that reads all of them also ends
            local block = item.beyond:rep(math.ceil(8192 / #item.beyond))
            for _ = 1, math.ceil(BEYOND / #block) do
                if not client:send(block) then return end
            end
        end
    end
end

-- One connection: answers it according to its case.
local function answer(client, cases, turns, ports)
    local line = client:receive()
    if not line then return end
    local asked = { line }
    while true do
        local field = client:receive()
        if not field then return end
        if field == "" then break end
        if field:find("^[Aa]uthorization:") or field:find("^[Cc]ookie:") then asked[#asked + 1] = field end
    end
    local number = line:match("^%S+ /([%d.]+)") or turns.latest
    if line:find("^GET /end ") then
        turns.ended = true
        return
    end
    if line:find("^GET /log ") then
        client:send("HTTP/1.0 200 OK\r\n\r\n" .. table.concat(turns.log, "\n"))
        turns.log = {}
        return
    end
    turns.latest = number
    turns[number] = (turns[number] or 0) + 1
    table.sort(asked, function(a, b) return a == line or b ~= line and a < b end)
    turns.log[#turns.log + 1] = table.concat(asked, " | ")
    local case = cases[number]
    transmit(client, case.replies[math.min(turns[number], #case.replies)], ports)
    if case.ending == "stall" then
        client:receive("*a")
    elseif case.ending == "reset" then
        client:setoption("linger", { on = true, timeout = 0 })
    end
end

---Runs in the servers' process.
function hostile.run(name)
    local socket = require("socket")
    local cases = {}
    for _, case in ipairs(require(name)) do cases[case[1]] = case end
    local first, second = assert(socket.bind("127.0.0.1", 0)), assert(socket.bind("127.0.0.1", 0))
    local ports = { PORT = (select(2, first:getsockname())), OTHER = (select(2, second:getsockname())) }
    local turns = { log = {}, latest = "" }
    print(ports.PORT)
    while not turns.ended do
        local ready = socket.select({ first, second }, nil, 20)
        if #ready == 0 then break end
        for _, listener in ipairs(ready) do
            local client = listener:accept()
            client:settimeout(10)
            answer(client, cases, turns, ports)
            client:close()
        end
    end
end

---Ends the servers.
function hostile.stop(server)
    require("socket.http").request("http://127.0.0.1:" .. server.port .. "/end")
    server:close()
end

---Starts the servers for a module of cases.
function hostile.serve(name)
    local server = require("peer").lua(("require('hostile').run(%q)"):format(name))
    server.cases = require(name)
    return server
end

---Makes a case's request. Returns the result of `http.request` as { body, code, headers, status }, the sink's calls as
---text, and the seconds.
function hostile.ask(server, case)
    local http, socket = require("socket.http"), require("socket")
    http.TIMEOUT = case.stalls and hostile.TIMEOUT or hostile.PATIENCE
    local pieces, last = {}, "the sink was not called"
    local reqt = {
        url = ("http://127.0.0.1:%d/%s"):format(server.port, case[1]),
        sink = function(chunk, err)
            if chunk then pieces[#pieces + 1] = chunk else last = "the sink was ended with " .. tostring(err) end
            return 1
        end,
    }
    for name, value in pairs(case.request or {}) do
        reqt[name] = type(value) == "string" and value:gsub("%%PORT%%", server.port) or value
    end
    local started = socket.gettime()
    local results = { http.request(reqt) }
    local took = socket.gettime() - started
    if results[1] then results[1] = table.concat(pieces) end
    return results, last, took
end

---The requests that the servers received since the last call, one per line, without ports.
function hostile.seen(server)
    local http = require("socket.http")
    -- the server may still be busy with the previous request
    http.TIMEOUT = 20
    return (assert(http.request("http://127.0.0.1:" .. server.port .. "/log")))
end

---Checks a module of cases against their expectations. Each case must also keep the time limit and leave no descriptor
---open.
function hostile.check(name)
    local check, socket = require("check"), require("socket")
    local server = hostile.serve(name)
    local function lowest()
        local sock = assert(socket.udp4())
        local fd = sock:getfd()
        sock:close()
        return fd
    end
    collectgarbage()
    collectgarbage("stop")
    hostile.seen(server)
    local before = lowest()
    for _, case in ipairs(server.cases) do
        local label = case[1] .. " " .. case[2]
        local results, last, took = hostile.ask(server, case)
        check.equal(label, { results[1], results[2] }, case.expect)
        if case.headers then check.equal(label .. ": headers", results[3], case.headers) end
        local least = case.stalls and hostile.TIMEOUT - 0.1 or 0
        check.ok(label .. ": in time", took >= least and took < 15, took)
        check.equal(label .. ": closed at once", lowest(), before)
        if not case.expect[1] and last ~= "the sink was not called" then
            check.equal(label .. ": the sink was told", last, "the sink was ended with " .. tostring(case.expect[2]))
        end
        local seen = hostile.seen(server)
        if case.seen then check.equal(label .. ": asked", seen, table.concat(case.seen, "\n")) end
    end
    collectgarbage("restart")
    hostile.stop(server)
end

---Prints the results of a module's cases in which LuaSocket agrees.
function hostile.compare(name)
    local show = require("show")
    local server = hostile.serve(name)
    for _, case in ipairs(server.cases) do
        if not case.differs then
            local results, last = hostile.ask(server, case)
            local label = case[1] .. " " .. case[2]
            for field, value in pairs(results[3] or {}) do
                results[3][field] = value:gsub("127%.0%.0%.1:%d+", "127.0.0.1:port")
            end
            show(label, results[1], results[2], results[3], results[4])
            print(label .. ": " .. last)
            print(label .. ": asked\n" .. hostile.seen(server))
        end
    end
    hostile.stop(server)
end

return hostile
