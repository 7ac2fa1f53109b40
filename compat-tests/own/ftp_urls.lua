-- socket.ftp: user and password of a URL are percent-encoded (F6)
local check = require("check")
local dialogue = require("dialogue")
local ltn12 = require("ltn12")
local url = require("socket.url")
local ftp = require("socket.ftp")

-- The arguments of USER and PASS, for one call with the server's port.
local function credentials(call)
    local server = dialogue.serve({ { "220 hi", "331 password", "530 no" } })
    call(server.port)
    local seen = {}
    server:transcript(function(line) seen[#seen + 1] = line:match("^  (%u+ .*)") end)
    return seen
end
local function encoded(port) return "ftp://joe%40home:p%2fw%3a%25@127.0.0.1:" .. port .. "/f" end
local EXPECTED = { "USER joe@home", "PASS p/w:%" }

check.equal("F6: get", credentials(function(port) return ftp.get(encoded(port)) end), EXPECTED)
check.equal("F6: put", credentials(function(port) return ftp.put(encoded(port), "content") end), EXPECTED)
check.equal("F6: a table's url", credentials(function(port)
    return ftp.get({ url = encoded(port), path = "/f", sink = ltn12.sink.null() })
end), EXPECTED)
check.equal("F6: command", credentials(function(port) return ftp.command({ url = encoded(port), command = "noop" }) end), EXPECTED)
check.equal("F6: the table of a URL", credentials(function(port)
    local request = ftp.genericform(encoded(port))
    request.sink = ltn12.sink.null()
    return ftp.get(request)
end), EXPECTED)

-- every byte except line ends
local bytes = {}
for code = 1, 255 do
    if code ~= 10 and code ~= 13 then bytes[#bytes + 1] = string.char(code) end
end
bytes = table.concat(bytes)
local seen = credentials(function(port)
    return ftp.get("ftp://" .. url.escape("joe") .. ":" .. url.escape(bytes) .. "@127.0.0.1:" .. port .. "/f")
end)
check.equal("F6: a password of all bytes", seen[2], "PASS " .. bytes:gsub("[%c\\\127-\255]", function(c)
    return ("\\%03d"):format(c:byte())
end) .. "")

check.equal("F6: no percent-encoding", credentials(function(port) return ftp.get("ftp://joe:50%@127.0.0.1:" .. port .. "/f") end),
    { "USER joe", "PASS 50%" })
check.equal("F6: fields of a table are as they stand", credentials(function(port)
    return ftp.get({ host = "127.0.0.1", port = port, user = "j%41", password = "p%42", path = "/f", sink = ltn12.sink.null() })
end), { "USER j%41", "PASS p%42" })

-- add.26: an encoded line break is refused before connecting
for _, field in ipairs({ "joe%0d%0aDELE x:p", "joe:p%0aDELE x", "joe:%00" }) do
    local content, message = ftp.get("ftp://" .. field .. "@host.invalid/f")
    check.ok("add.26: " .. field, content == nil and message:find("^invalid [up]"), message)
end

check.done()
