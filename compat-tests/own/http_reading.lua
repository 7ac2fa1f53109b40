-- Bodies are read by bytes, lines or as a whole: response:read and request:read (B.response.7).
local check = require("check")
local http = require("http")
local tasks = require("socket.tasks")

local TEXT = "one\r\ntwo\n\nlast"

-- What `read` returns for each pattern in turn.
local function reads(object, ...)
    local results = {}
    for i = 1, select("#", ...) do
        local data, message = object:read((select(i, ...)))
        results[i] = data or message or "the end"
    end
    return results
end

local PATTERNS = { "*l", 2, "*l", "l", "*a", "*l", 1, 0 }
local EXPECTED = { "one", "tw", "o", "", "last", "the end", "the end", "" }
local unpack = table.unpack or unpack

tasks.run(function()
    local seen
    local server = assert(http.listen("127.0.0.1", 0, function(request, writer)
        if request.method == "POST" then
            seen = reads(request, unpack(PATTERNS))
            return {}
        end
        -- in pieces that end within lines
        for piece in TEXT:gmatch("..?.?") do
            writer:write(piece)
            writer:flush()
        end
    end, { stream = function(_, path) return path == "/stream" end }))
    local base = "http://127.0.0.1:" .. select(2, server:getsockname())
    for _, options in ipairs({ { stream = true }, {} }) do
        local response = assert(http.get(base .. "/", options))
        check.equal("response:read, stream " .. tostring(options.stream), reads(response, unpack(PATTERNS)), EXPECTED)
        response:close()
        check.equal("after close", { response:read() }, { nil, "closed" })
    end
    for _, path in ipairs({ "/stream", "/whole" }) do
        assert(http.post(base .. path, { body = TEXT }))
        check.equal("request:read, " .. path, seen, EXPECTED)
    end
    local response = assert(http.get(base .. "/", { stream = true }))
    local rest = { response:read(2) }
    for piece in response:source() do rest[#rest + 1] = piece end
    check.equal("response:source goes on where response:read has stopped", table.concat(rest), TEXT)
    check.raises("an invalid pattern", "http_reading%.lua:%d+: bad argument #1 to 'read' %(invalid pattern%)", function()
        local data = response:read("*x")
        return data
    end)
    assert(http.post(base .. "/whole", { body = "last\r" }))
    check.equal("a CR without LF at the end", seen[1], "last")
    server:close()
end)

-- Lines of a body that was read whole: nothing is copied but the lines.
if not jit then
    local lines = ("x"):rep(49) .. "\n"
    local response = require("socket.http_reading").new((function()
        local body = lines:rep(2000)
        return function()
            local piece = body
            body = nil
            return piece
        end
    end)())
    collectgarbage()
    collectgarbage("stop")
    local before, count = collectgarbage("count"), 0
    while response:read("*l") do count = count + 1 end
    local used = collectgarbage("count") - before
    collectgarbage("restart")
    check.equal("lines", count, 2000)
    check.ok("memory for lines", used < 4000, used)
end
check.done()
