-- Chunk header lines, valid and mutated. The accepted sizes are compared with a rule that reads the line byte by byte
-- (add.27, http.bugs.17).
local check = require("check")
local peer = require("peer")
local random = require("random_answers")
local http = require("socket.http")
local ltn12 = require("ltn12")
local show = require("show")
local socket = require("socket")
http.TIMEOUT = 20

local LINES = {
    -- sizes
    "0", "1", "4", "9", "a", "F", "10", "1f", "ff", "0fF", "04", "00", "000a", "0000000000000004", "000000000000004",
    "0000000000000000", " 4", "4 ", "\t4\t", " \t 4 \t ", "4;x", "4 ;x", "4\t;", "4;", "4;\255", "0;x", "4;a=\"b;c\"",
    "4;4", "4; \0", "4;\r", "\r4", "4\r4", "0b1",
    -- the largest sizes, and larger
    "100000", "7fffffff", "80000000", "ffffffff", "100000000", "1fffffffffffff", "20000000000000", "20000000000001",
    "fffffffffffff", "fffffffffffffff", "0fffffffffffffff", "ffffffffffffffff", "1000000000000000", "7fffffffffffffff",
    "00fffffffffffffff", "10000000000000000", "00000000000000004", "00000000000000000", "ffffffffffffffffffff",
    -- not sizes
    "-4", "+4", "-0", "--4", " -4", "4-", "0x4", "0X4", "x4", "4x", "4h", "4 4", "4\t4", "4 4;x", "4.0", "4.",
    ".4", "4e0", "4e", "1e+1", "4g", "g", "", " ", "\t", ";", ";4", " ;4", "4,", "4:", "4=", "4\"", "\"4\"", "'4'",
    "4\0", "\0004", "\0", "4\0;", "4\v", "\v4", "4\f", "\f4", "4\127", "4\128", "\2554", "\194\1604", "\217\164",
    "4\239\187\191", "inf", "nan", "0x1p4", "1_0", "4/", "/", "@", "`", "G", "4(5)", "\0314", "#4", "%34", "\\x34",
}

-- The digits.
local VALUES = {}
for value = 0, 15 do
    VALUES[("%x"):format(value)] = value
    VALUES[("%X"):format(value)] = value
end

-- Blanks, digits, at most 15 of them after leading zeros (add.47), blanks; then nothing, or a semicolon and anything.
-- Returns the size, or nil when the line does not match. No line may contain a CR.
local function size_of(line)
    local state, digits, significant, size = "before", 0, 0, 0
    for byte in line:gsub("\r", ""):gmatch(".") do
        local digit = VALUES[byte]
        local blank = byte == " " or byte == "\t"
        if digit and state ~= "after" then
            state, digits, size = "digits", digits + 1, size * 16 + digit
            if significant > 0 or digit > 0 then significant = significant + 1 end
        elseif state == "digits" and blank then
            state = "after"
        elseif state ~= "before" and byte == ";" then
            break
        elseif not blank then
            return nil
        end
    end
    if digits < 1 or significant > 15 then return nil end
    return size
end

local USUAL = "0123456789abcdefABCDEF xX\t;+-.\0\r"

-- Changes, adds, removes or doubles a few bytes.
local function mutated(line)
    for _ = 1, random.random(2) do
        local at, byte = random.random(#line + 1), random.random(256) - 1
        if random.chance(70) then byte = USUAL:byte(random.random(#USUAL)) end
        if byte ~= 10 then
            local from = random.pick({ at, at + 1, at + 1, at + 2 })
            line = line:sub(1, at - 1) .. string.char(byte) .. line:sub(from)
        end
        if random.chance(10) then line = line:sub(1, at) .. line:sub(at) end
        if random.chance(10) then line = line:sub(1, at - 1) .. line:sub(at + 1) end
    end
    return line
end

-- Sends back the bytes that it receives.
local server = peer.lua([[
local socket = require("socket")
local listener = assert(socket.bind("127.0.0.1", 0))
print((select(2, listener:getsockname())))
while true do
    local client = listener:accept()
    client:settimeout(20)
    local length
    repeat
        local field = client:receive()
        length = field and field:match("^[Cc]ontent%-[Ll]ength: (%d+)") or length
    until not field or field == ""
    if not length then break end
    client:send((client:receive(tonumber(length))))
    client:close()
end
]])

-- Larger chunks are not sent. The socket records how many bytes the client waits for.
local MOST = 512

-- A socket that records the last number of bytes requested.
local function noting(notes)
    return function()
        local sock = assert(socket.tcp())
        local methods = {}
        function methods.receive(_, pattern, ...)
            if type(pattern) == "number" then notes.asked = pattern end
            return sock:receive(pattern, ...)
        end
        return setmetatable(methods, { __index = function(_, name)
            return function(_, ...) return sock[name](sock, ...) end
        end })
    end
end

-- If all numbers are doubles, numbers above 2^53 are rounded, and not in the same way everywhere.
local function is_size(number, size)
    return number == size or size > 2 ^ 53 and not math.type and math.abs(number - size) <= size / 2 ^ 50
end

local counts, wrong = { sizes = 0, ends = 0, large = 0, refused = 0 }, {}
local told, sent, sizes = {}, {}, {}

-- One response: small chunks, and a line after which no more data comes.
local function exchange(line, size)
    local expected = { 1, 200, sizes }
    if not size then
        expected[1], expected[2], counts.refused = nil, "invalid chunk size", counts.refused + 1
    elseif size > 0 then
        expected[1], expected[2], counts.large = nil, "closed", counts.large + 1
        expected[4] = true
    else
        counts.ends = counts.ends + 1
    end
    told[#told + 1], sent[#sent + 1] = line, line .. "\r\n\r\n"
    local response = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" .. table.concat(sent)
    local got, notes = {}, { asked = 0 }
    local result, code = http.request({
        url = "http://127.0.0.1:" .. server.port .. "/",
        method = "POST",
        headers = { ["content-length"] = #response },
        source = ltn12.source.string(response),
        sink = function(chunk)
            if chunk then got[#got + 1] = #chunk end
            return 1
        end,
        create = expected[4] and noting(notes) or nil,
    })
    local answer = { result, code, got, expected[4] and (is_size(notes.asked, size) or notes.asked) }
    if show.plain(answer) ~= show.plain(expected) then
        wrong[#wrong + 1] = ("%s: %s, not %s"):format(show.text(told), show.plain(answer), show.plain(expected))
    end
    told, sent, sizes = {}, {}, {}
end

local function try(line)
    local size = size_of(line)
    if not size or size == 0 or size > MOST then return exchange(line, size) end
    counts.sizes = counts.sizes + 1
    told[#told + 1], sizes[#sizes + 1] = line, size
    -- none of these bytes is part of a size
    sent[#sent + 1] = line .. "\r\n" .. ("~"):rep(size) .. "\r\n"
end

for _, line in ipairs(LINES) do try(line) end
random.seed(27)
for _ = 1, 80 do
    for _, line in ipairs(LINES) do try(mutated(line)) end
end
exchange("0", 0)
check.equal("lines that are not taken as they must be", wrong, {})
check.ok("all kinds of lines were there", counts.sizes > 1500 and counts.ends > 100 and counts.large > 500 and
    counts.refused > 5000, show.text(counts))

socket.connect("127.0.0.1", server.port):close()
server:close()
check.done()
