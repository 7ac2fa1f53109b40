-- needs: python3
-- smtp.message: for any tree of parts, Python's email parser returns the input, byte for byte (45)
local check = require("check")
local ltn12 = require("ltn12")
local mime = require("mime")
local peer = require("peer")
local smtp = require("socket.smtp")

local MESSAGES = 300
local seed = 20
local function random(n)
    seed = seed * 16807 % 2147483647
    return seed % n + 1
end

-- Text of a part: no bare line ends, which mail does not have, but all sequences that a parser could misread.
local PIECES = { "text", "\r\n", "--", "\r\n--\r\n", ".", "\r\n.\r\n", " ", "\t", "Subject: x\r\n", "From a\r\n", "\r\n\r\n", "==00001",
    "\255\128", "=3D", "boundary=\"x\"" }
local function text()
    local list = {}
    for i = 1, random(8) - 1 do list[i] = PIECES[random(#PIECES)] end
    return table.concat(list)
end
local function binary()
    local list = {}
    for i = 1, random(200) - 1 do list[i] = string.char(random(256) - 1) end
    return table.concat(list)
end

-- A part, and the expected result of parsing it: a list of lines.
local function build(depth, found)
    local kind = random(depth > 3 and 3 or 5)
    if kind == 1 then
        local body = text()
        found[#found + 1] = "text/plain - " .. (mime.b64(body) or "")
        return { body = body }
    elseif kind == 2 then
        local body = text()
        found[#found + 1] = "text/x-odd - " .. (mime.b64(body) or "")
        return { headers = { ["Content-TYPE"] = "text/x-odd; a=\"b;c\"" }, body = ltn12.source.string(body) }
    elseif kind == 3 then
        local body, name = binary(), "file" .. random(1000)
        found[#found + 1] = ("application/octet-stream %s %s"):format(name, mime.b64(body) or "")
        return {
            headers = {
                ["content-type"] = "application/octet-stream",
                ["content-disposition"] = ('attachment;\r\n\tfilename="%s"'):format(name),
                ["content-transfer-encoding"] = "base64",
            },
            body = ltn12.source.chain(ltn12.source.string(body), ltn12.filter.chain(mime.encode("base64"), mime.wrap())),
        }
    end
    local subtype = kind == 4 and "mixed" or "alternative"
    local count = random(4)
    found[#found + 1] = ("multipart/%s - %d"):format(subtype, count)
    local body = { preamble = random(2) == 1 and "before" or nil, epilogue = random(2) == 1 and "after" or nil }
    for i = 1, count do body[i] = build(depth + 1, found) end
    return { headers = kind == 5 and { ["content-type"] = "multipart/alternative" } or nil, body = body }
end

for i = 1, MESSAGES do
    local found = {}
    local message = build(1, found)
    message.headers = message.headers or {}
    message.headers.Subject, message.headers["X-Number"] = "message " .. i, i
    local file = assert(io.open("message" .. i, "wb"))
    local ok, err = ltn12.pump.all(smtp.message(message), ltn12.sink.file(file))
    if not ok then check.equal("message " .. i, err, nil) end
    file = assert(io.open("expected" .. i, "w"))
    file:write("Subject: message ", i, " X-Number: ", i, " defects: 0\n", table.concat(found, "\n"), "\n")
    file:close()
end

local script = assert(io.open("parse.py", "w"))
script:write([==[
import base64, email, sys
wrong = 0
for number in range(1, int(sys.argv[1]) + 1):
    with open("message%d" % number, "rb") as file:
        message = email.message_from_bytes(file.read())
    defects = sum(len(part.defects) for part in message.walk())
    found = ["Subject: %s X-Number: %s defects: %d" % (message["Subject"], message["X-Number"], defects)]
    for part in message.walk():
        if part.is_multipart():
            found.append("%s - %d" % (part.get_content_type(), len(part.get_payload())))
        else:
            content = base64.b64encode(part.get_payload(decode=True)).decode()
            found.append("%s %s %s" % (part.get_content_type(), part.get_filename() or "-", content))
    with open("expected%d" % number) as file:
        expected = file.read().splitlines()
    if found != expected:
        wrong += 1
        print("message", number, [pair for pair in zip(expected, found) if pair[0] != pair[1]][:2], len(expected), len(found))
print(wrong, "wrong")
]==])
script:close()
local parser = peer.read_python("parse.py", MESSAGES)
check.equal("45: messages that were parsed to something else", parser:read("*a"), "0 wrong\n")
parser:close()

check.done()
