-- Mails a file:  luasocket examples/mail.lua SERVER PORT FROM TO FILE
-- With MAIL_USER and MAIL_PASSWORD in the environment it starts TLS (STARTTLS) and then logs in.
local smtp = require("socket.smtp")
local mime = require("mime")
local ltn12 = require("ltn12")

-- Ends the program with one sentence; `error` would add a traceback.
local function stop(...)
    io.stderr:write(table.concat({ ... }), "\n")
    os.exit(1)
end

local server, port, from, to, path = ...
if not path then return stop("usage: mail.lua SERVER PORT FROM TO FILE") end
local file, missing = io.open(path, "rb")
if not file then return stop("mail: ", missing) end
local name = path:match("[^/\\]*$"):gsub('[%c"\\]', "_")

local message = smtp.message({
    headers = { From = from, To = to, Subject = "a file: " .. name },
    body = {
        {
            headers = { ["Content-Type"] = 'text/plain; charset="utf-8"' },
            -- mail needs CRLF line ends
            body = mime.eol(0, "Hello,\n\nthe file is attached.\n"),
        },
        {
            headers = {
                ["Content-Type"] = ('application/octet-stream; name="%s"'):format(name),
                ["Content-Disposition"] = ('attachment; filename="%s"'):format(name),
                ["Content-Transfer-Encoding"] = "base64",
            },
            -- read, encoded and sent piece by piece
            body = ltn12.source.chain(
                ltn12.source.file(file),
                ltn12.filter.chain(mime.encode("base64"), mime.wrap("base64"))),
        },
    },
})

local user, password = os.getenv("MAIL_USER"), os.getenv("MAIL_PASSWORD")
local ok, refusal, _, why = smtp.send({
    server = server, port = tonumber(port),
    from = "<" .. from .. ">", rcpt = "<" .. to .. ">",
    user = user, password = password, starttls = user ~= nil,
    source = message,
})
-- the fourth result of a failure says what is wrong with a certificate
if not ok then return stop("mail: ", refusal, why and ", " .. why or "") end
print("sent")
