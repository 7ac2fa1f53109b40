-- needs: python3
-- smtp.send to a real server: Python's email parser returns every part byte for byte
local check = require("check")
local folders = require("folders")
local peer = require("peer")
local ltn12 = require("ltn12")
local mime = require("mime")
local smtp = require("socket.smtp")

folders.make("mail")
local server = peer.python(os.getenv("COMPAT_SERVERS") .. "/loopback.py", "smtp", 0, "mail")

local function write(name, content)
    local file = assert(io.open(name, "wb"))
    file:write(content)
    file:close()
end
local function read(name)
    local file = assert(io.open(name, "rb"))
    local content = file:read("*a")
    file:close()
    return content
end

-- 10 MiB with every byte value; no two blocks are the same
local block = {}
for i = 1, 4096 do block[i] = string.char((i * i * 7 + i) % 256) end
block = table.concat(block)
local function all_blocks()
    local blocks = {}
    for i = 1, 2560 do
        blocks[i] = ("%08d"):format(i) .. block:sub(i % 64 + 1, i % 64 + 4024) .. ("\r\n.\0\255"):rep(12) .. "1234"
    end
    return table.concat(blocks)
end
local attachment = all_blocks()
write("attachment", attachment)
check.ok("an attachment of 10 MB", #attachment > 10000000, #attachment)

local TEXT = "Dear reader,\r\n.\r\n..two dots\r\nF\252r dich.\r\n"

local function message()
    return smtp.message({
        headers = {
            from = '"Jo\195\171" <jo@example.org>', to = "Ann <ann@example.org>", subject = "10 MB",
            ["content-type"] = "multipart/mixed",
        },
        body = {
            preamble = "This is MIME.",
            { headers = { ["content-type"] = 'text/plain; charset="iso-8859-1"' }, body = TEXT },
            {
                headers = { ["content-type"] = "multipart/alternative" },
                body = { { body = "inner text" }, { headers = { ["content-type"] = "text/html" }, body = "<p>inner html</p>" } },
            },
            {
                headers = {
                    ["content-type"] = 'application/octet-stream; name="a.bin"',
                    ["content-disposition"] = 'attachment; filename="a.bin"',
                    ["content-transfer-encoding"] = "BASE64",
                },
                body = ltn12.source.chain(
                    ltn12.source.file(io.open("attachment", "rb")),
                    ltn12.filter.chain(mime.encode("base64"), mime.wrap())
                ),
            },
            { body = ltn12.source.empty() },
            epilogue = "That was MIME.",
        },
    })
end

collectgarbage()
local before, peak, steps = collectgarbage("count"), 0, 0
check.equal("mail with the attachment", smtp.send({
    from = "<jo@example.org>", rcpt = { "<ann@example.org>", "<bob@example.org>" },
    server = "127.0.0.1", port = server.port, source = message(),
    step = function(source, sink)
        steps = steps + 1
        if steps % 500 == 0 then
            collectgarbage()
            peak = math.max(peak, collectgarbage("count"))
        end
        return ltn12.pump.step(source, sink)
    end,
}), 1)
check.ok("Lua's memory stays flat", steps > 1000 and peak - before < 1024, peak - before)

-- writes each part's content to a file, and prints one line about it
write("parse.py", [[
import email, sys
with open(sys.argv[1], "rb") as folder:
    folder.readline()
    message = email.message_from_bytes(folder.read())
for name in ("From", "To", "Subject", "MIME-Version", "X-Mailer"):
    print(name, "=", message[name])
print("preamble", "=", message.preamble.strip(), "; epilogue", "=", message.epilogue.strip())
print("defects", "=", [d for part in message.walk() for d in part.defects])
for number, part in enumerate(message.walk()):
    if not part.is_multipart():
        with open("part%d" % number, "wb") as out:
            out.write(part.get_payload(decode=True))
    print(number, part.get_content_type(), part.get_filename())
]])
local parser = peer.read_python("parse.py", "mail/ann")
local found = parser:read("*a")
parser:close()
local expected = [[
From = "Jo\195\171" <jo@example.org>
To = Ann <ann@example.org>
Subject = 10 MB
MIME-Version = 1.0
X-Mailer = VERSION
preamble = This is MIME. ; epilogue = That was MIME.
defects = []
0 multipart/mixed None
1 text/plain None
2 multipart/alternative None
3 text/plain None
4 text/html None
5 application/octet-stream a.bin
6 text/plain None
]]
check.equal("45: structure", found:gsub("From = [^\n]*\n", ""):gsub("X%-Mailer = [^\n]*", "X-Mailer = VERSION") .. "",
    (expected:gsub("From = [^\n]*\n", "")))
check.ok("45: attachment, byte for byte", read("part5") == attachment)
-- the server stores LF line ends
check.equal("45: text with dots", read("part1"), (TEXT:gsub("\r\n", "\n")))
check.equal("45: nested parts", { read("part3"), read("part4"), read("part6") }, { "inner text", "<p>inner html</p>", "" })
check.ok("both recipients have the same", read("mail/ann"):gsub("^.-\n", "") == read("mail/bob"):gsub("^.-\n", ""))

check.equal("sender refused", { smtp.send({
    from = ' " " (( _ * ', rcpt = "<ann@example.org>", server = "127.0.0.1", port = server.port, source = message(),
}) }, { [2] = "501 bad sender address" })

-- dots in both directions: the received text equals the sent text
local lines = {}
for i = 1, 500 do lines[i] = ("."):rep(i % 5) .. (i % 3 == 0 and "" or "text") end
local body = table.concat(lines, "\r\n")
check.equal("mail full of dots", smtp.send({
    from = "<jo@example.org>", rcpt = "<dots@example.org>", server = "127.0.0.1", port = server.port, source = ltn12.source.string(body),
}), 1)
check.equal("22: dots arrive", read("mail/dots"):gsub("^.-\n", "") .. "", body:gsub("\r\n", "\n") .. "\n\n")

check.done()
