-- Module http and the newer fields of socket.http: a time limit holds for retries without end and for sources that give
-- nothing; wrong values of options are named.
local check = require("check")
local http = require("http")
local old = require("socket.http")
local socket = require("socket")
local tasks = require("socket.tasks")

local closed = assert(socket.bind("127.0.0.1", 0))
local nowhere = "http://127.0.0.1:" .. select(2, closed:getsockname()) .. "/"
closed:close()

-- A server in a task that reads everything and answers nothing. It ends with the client.
local function silent()
    local listener = assert(socket.bind("127.0.0.1", 0))
    tasks.start(function()
        local client = listener:accept()
        listener:close()
        client:settimeout(20)
        repeat local data = client:receive({ most = 65536 }) until not data
        client:close()
    end)
    return "http://127.0.0.1:" .. select(2, listener:getsockname()) .. "/"
end

-- Calls f in a task while another one counts its turns. Returns its results; the other one must have had turns.
local function beside(label, f)
    local turns, done, results = 0, false, nil
    tasks.run(function()
        tasks.start(function()
            while not done do
                turns = turns + 1
                if not tasks.yield() then break end
            end
        end)
        results = { f() }
        done = true
    end)
    check.ok(label .. ": others ran", turns > 0, turns)
    return results
end

-- B.retry.1, B.retry.2: the total limit holds
for _, count in ipairs({ math.huge, 1e9 }) do
    local options = { retries = count, retrywait = 0.01, timeout = 0.1 }
    local response, message = http.get(nowhere, options)
    check.ok(count .. " retries end with the time limit", response == nil and (message == "timeout" or message == "connection refused"),
        message)
    local results = beside(count .. " retries", function() return http.get(nowhere, options) end)
    check.ok(count .. " retries in a task", results[1] == nil and results[2], results[2])
    check.ok(count .. " retries of socket.http", old.request({ url = nowhere, retries = count, deadline = 0.1 }) == nil)
end

-- a cancelled task, and one past its own deadline, does not retry: each attempt would fail at once
beside("a cancelled task with retries", function()
    local task = tasks.start(http.get, nowhere, { retries = math.huge, retrywait = 0.01 })
    tasks.yield()
    task:cancel("enough")
    local ended, response, message = task:wait(20)
    check.equal("retries end with the cancellation", { ended, response, message }, { true, nil, "enough" })
    local fails, why = tasks.deadline(0.1, http.get, nowhere, { retries = math.huge, retrywait = 0.01 })
    check.equal("retries end with tasks.deadline", { fails, why }, { nil, "timeout" })
end)

-- B.body.6: sources that give nothing, again and again
local function nothing() return "" end
local forms = {
    body = { body = nothing }, multipart = { multipart = { { name = "a", source = nothing } } },
    ["body with a length"] = { body = nothing, headers = { ["Content-Length"] = 5 } },
}
for name, form in pairs(forms) do
    form.timeout = 0.1
    check.equal(name .. ": empty pieces", beside(name, function() return http.post(silent(), form) end), { nil, "timeout", "send" })
end
check.equal("socket.http: empty pieces", beside("socket.http", function()
    return old.request({ url = silent(), method = "POST", source = nothing, headers = { ["content-length"] = 5 }, deadline = 0.1 })
end), { nil, "timeout" })
beside("empty pieces and tasks.deadline", function()
    check.equal("empty pieces and tasks.deadline", { tasks.deadline(0.1, http.post, silent(), { body = nothing }) },
        { nil, "timeout", "send" })
end)

-- the server's side: other requests go on, and the server can stop
tasks.run(function()
    local server = assert(http.listen("127.0.0.1", 0, function(request)
        return { body = request.path == "/" and "other" or nothing }
    end))
    local url = "http://127.0.0.1:" .. select(2, server:getsockname()) .. "/"
    local task = tasks.start(http.get, url .. "nothing", { timeout = 20 })
    check.equal("a handler's source of empty pieces: others go on", assert(http.get(url, { timeout = 20 })).body, "other")
    server:close()
    local _, response, message = task:wait(20)
    check.equal("a handler's source of empty pieces ends with the server", { response, message }, { nil, "closed" })
end)

-- a source may wait with empty pieces as long as it likes
tasks.run(function()
    local server = assert(http.listen("127.0.0.1", 0, function(request) return { body = request.body } end))
    local url, turns = "http://127.0.0.1:" .. select(2, server:getsockname()) .. "/", 0
    local response = assert(http.post(url, { body = function()
        turns = turns + 1
        if turns == 300 then return "late" elseif turns < 300 then return "" end
    end }))
    check.equal("empty pieces before a full one", response.body, "late")
    server:close()
end)

-- B.calls.9: wrong values
local nan = 0 / 0
for _, case in ipairs({
    { { maxbody = "10MB" }, "maxbody' (number from 0 expected, got string)" }, { { maxbody = nan }, "maxbody' (number from 0" },
    { { maxbody = -1 }, "maxbody' (number from 0 expected, got -1)" }, { { retries = "x" }, "retries' (true or number from 0" },
    { { retries = -1 }, "retries' (true or number from 0 expected, got -1)" }, { { retries = nan }, "retries' (true or number" },
    { { redirect = "x" }, "redirect' (true or number from 0 expected, got string)" },
    { { decode = "gzip" }, "decode' (true, 'strict' or table expected, got 'gzip')" },
    { { noproxy = "x" }, "noproxy' (table expected, got string)" }, { { file = 5 }, "file' (string expected, got 5)" },
    { { query = 5 }, "query' (string or table expected, got 5)" }, { { proxy = {} }, "proxy' (string expected, got table)" },
    { { timeouts = { conect = 5 } }, "timeouts.conect'" }, { { timeouts = 5 }, "timeouts' (table expected" },
}) do
    local options, expected = case[1], "invalid option '" .. case[2]
    local ok, message = pcall(http.get, nowhere, options)
    check.ok("raised: " .. expected, not ok and message:find(expected, 1, true), message)
    ok, message = pcall(http.session, options)
    check.ok("in a session: " .. expected, not ok and message:find(expected, 1, true), message)
end
check.equal("false removes an option", select(2, http.get(nowhere, {
    maxbody = false, retries = false, redirect = false, decode = false, noproxy = false, file = false, query = false, body = false,
})), "connection refused")
for _, name in ipairs({ "timeout", "retrywait" }) do
    local options = { [name] = nan, retries = 1 }
    local message = select(2, http.get(nowhere, options))
    check.ok(name .. ": a time that is no number", message:find("^invalid duration '%-?nan"), message)
end
check.equal("a limit of a phase below zero is up", { http.get(nowhere, { timeouts = { connect = -1 } }) }, { nil, "timeout", "connect" })
check.equal("a table in a query", { http.get(nowhere, { query = { a = { b = {} } } }) }, { nil, "invalid query", "request" })
for field, value in pairs({ maxbody = nan, retries = "x", decode = "gzip", noproxy = "x" }) do
    local ok, message = pcall(old.request, { url = nowhere, [field] = value })
    check.ok("socket.http, raised: " .. field, not ok and tostring(message):find("bad field '" .. field .. "'", 1, true), message)
end
check.raises("a batch of none at once", "invalid option 'most' %(number from 1 expected, got 0%)", http.request_batch, {}, { most = 0 })
check.raises("an unknown option of a batch", "invalid option 'mst'", http.request_batch, {}, { mst = 1 })
check.raises("an unknown option of a jar", "invalid option 'file'", http.jar, { file = "x" })

-- B.calls.10: a URL without its scheme
check.equal("the scheme is missing", { http.get("example.com/a") },
    { nil, "unsupported scheme ''", "request", "missing http:// before 'example.com/a'" })
check.equal("the scheme is missing before a port", { http.get("localhost:80", { query = "a" }) },
    { nil, "unsupported scheme 'localhost'", "request", "missing http:// before 'localhost:80'" })
check.equal("no URL", { http.get() }, { nil, "unsupported scheme ''", "request" })
check.done()
