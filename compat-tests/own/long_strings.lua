-- Large results are ordinary strings, and their memory is freed. On Lua 5.5 they use memory of this library.
-- time limit: 240
local check = require("check")
local footprint = require("footprint")
local peer = require("peer")
local socket = require("socket")
local http = require("socket.http")
local mime = require("mime")
http.TIMEOUT = 60

-- A request names the size of the answer in megabytes. Each megabyte is this block.
local BLOCK = ("0123456789abcde\n"):rep(65536)
local SERVER = [[
local socket = require("socket")
local listener = assert(socket.bind("127.0.0.1", 0))
print((select(2, listener:getsockname())))
local block = ("0123456789abcde\n"):rep(65536)
while true do
    local client = assert(listener:accept())
    local path = client:receive() or ""
    local megabytes = tonumber(path:match("/(%d+)"))
    if not megabytes then break end
    repeat until client:receive() == ""
    if path:find("http", 1, true) then
        client:send("HTTP/1.1 200 OK\r\nContent-Length: " .. megabytes * #block .. "\r\n\r\n")
    end
    for _ = 1, megabytes do
        if not client:send(block) then break end
    end
    client:close()
end
]]
local server = peer.lua(SERVER)

local function received(megabytes, pattern, ...)
    local client = assert(socket.connect("127.0.0.1", server.port))
    client:settimeout(60)
    assert(client:send("GET /" .. megabytes .. " HTTP/1.0\r\n\r\n"))
    local text, problem, partial = client:receive(pattern or "*a", ...)
    client:close()
    return text, problem, partial
end

check.ok("64 MB are received", received(64) == BLOCK:rep(64))

-- Lua's operations work on these strings as on others.
do
    local text, other, built = received(1), received(1), table.concat({ BLOCK:sub(1, 1000), BLOCK:sub(1001) })
    check.ok("equal strings are equal", text == other and text == built and built == text)
    check.ok("different strings differ", text ~= received(2) and text ~= built .. "x")
    check.ok("order", text >= other and text <= other and text < other .. "x")
    local found = { [text] = 1 }
    check.ok("it is a key like an equal string", found[other] == 1 and found[built] == 1)
    found[built] = 2
    check.equal("also for a change", found[text], 2)
    check.ok("concatenation", text .. "x" == built .. "x" and "x" .. text == "x" .. built)
    check.ok("parts", text:sub(-16) == "0123456789abcde\n" and text:byte(#text + 1) == nil)
    check.ok("a search", text:find("x", 1, true) == nil)
    check.ok("patterns", select(2, text:gsub("e\n", "")) == 65536)
    check.ok("a format", ("%s"):format(text) == built)
    check.ok("upper case", text:upper() == built:upper())
    local name = os.tmpname()
    local file = assert(io.open(name, "wb"))
    file:write(text)
    file:close()
    file = assert(io.open(name, "rb"))
    check.ok("it is written to a file", file:read("*a") == built)
    file:close()
    os.remove(name)
    local load = loadstring or load
    local code = "local s = '" .. text:gsub("\n", " "):sub(1, 200000) .. "' return s"
    local encoded = mime.b64(code)
    local decoded = mime.unb64(encoded)
    check.ok("a codec's result", decoded == code)
    check.ok("its use as source", load(decoded)() == code:match("'(.*)'"))
    check.ok("a constant in a dumped function", load(string.dump(load(decoded)))() == code:match("'(.*)'"))
    check.ok("an argument", mime.b64(text) == mime.b64(built))
    local sum, message, partial = received(1, 2 * #BLOCK)
    check.ok("a partial result", sum == nil and message == "closed" and partial == built)
    check.ok("a prefix", received(1, "*a", "prefix") == "prefix" .. built)
    check.ok("a body", http.request("http://127.0.0.1:" .. server.port .. "/3/http") == BLOCK:rep(3))
end

-- Returns the largest growth of memory after any of these rounds, in MB.
local function most_memory(rounds, megabytes)
    collectgarbage()
    collectgarbage()
    local before, most = footprint.resident(), 0
    for _ = 1, rounds do
        assert(#received(megabytes) == megabytes * #BLOCK)
        most = math.max(most, footprint.resident() - before)
    end
    return most / 1024
end
local modes = { "incremental" }
if _VERSION == "Lua 5.5" then modes[2] = "generational" end
for _, mode in ipairs(modes) do
    if _VERSION == "Lua 5.5" then collectgarbage(mode) end
    local large_rounds, small_rounds = most_memory(20, 32), most_memory(200, 2)
    check.ok(mode .. ": the garbage of large strings is bounded", large_rounds < 240, large_rounds .. " MB")
    check.ok(mode .. ": so is that of smaller ones", small_rounds < 80, small_rounds .. " MB")
end

if _VERSION == "Lua 5.5" then
    -- A program that has stopped the collector expects no finalizers.
    local ran = false
    setmetatable({}, { __gc = function() ran = true end })
    collectgarbage("stop")
    for _ = 1, 40 do received(2) end
    check.ok("a stopped collector stays stopped", not ran)
    collectgarbage("restart")
    for _ = 1, 40 do received(2) end
    check.ok("afterwards it works", ran)
end

-- Another process has less memory than the result needs. It gets a failure or an error, and its state closes while
-- strings are in use. Windows has no such limit.
if package.config:sub(1, 1) == "/" then
    local limited = peer.lua(([[
        local socket = require("socket")
        print(1)
        kept = {}
        local function received(megabytes)
            local client = assert(socket.connect("127.0.0.1", %d))
            assert(client:send("GET /" .. megabytes .. " HTTP/1.0\r\n\r\n"))
            local ok, text, problem, partial = pcall(client.receive, client, "*a")
            client:close()
            if not ok then return nil, text end
            kept[#kept + 1] = text or partial
            return text, problem
        end
        assert(received(1))
        for _ = 1, 4 do
            local text, problem = received(1000)
            assert(not text and (problem:find("not enough memory") or problem == "Cannot allocate memory"))
        end
        kept = {}
        collectgarbage()
        kept = { received(3) }
        print(#kept[1])
    ]]):format(server.port), "ulimit -v 300000")
    check.equal("out of memory", limited.output:read("*l"), tostring(3 * #BLOCK))
    check.ok("the state closes with strings in use", limited:close())
end

local last = assert(socket.connect("127.0.0.1", server.port))
last:close()
server:close()
check.done()
