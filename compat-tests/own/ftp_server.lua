-- needs: pyftpdlib-tls, certs
-- socket.ftp with pyftpdlib: text and bytes, listings, refusals, aborted transfers, active mode, TLS
local check = require("check")
local peer = require("peer")
local ltn12 = require("ltn12")
local socket = require("socket")
local ftp = require("socket.ftp")

local program, certs = os.getenv("COMPAT_SERVERS") .. "/ftpd.py", os.getenv("COMPAT_CERTS")
local plain = peer.python(program, "root")
local secured = peer.python(program, "root", certs)
local port = plain.port

local function request(values)
    values.host, values.port = values.host or "127.0.0.1", values.port or port
    values.user, values.password = values.user or "luasocket", values.password or "password"
    return values
end
local function get(values)
    local sink, chunks = ltn12.sink.table()
    values.sink = values.sink or sink
    local results = { ftp.get(request(values)) }
    return results, table.concat(chunks)
end
local function put(name, content, values)
    values = values or {}
    values.path, values.source = name, ltn12.source.string(content)
    return ftp.put(request(values))
end
local function stored(name)
    local file = io.open("root/luasocket/" .. name, "rb")
    if not file then return nil end
    local content = file:read("*a")
    file:close()
    return content
end

local bytes = {}
for i = 0, 255 do bytes[i + 1] = string.char(i) end
bytes = table.concat(bytes):rep(400)
check.equal("59: bytes up", put("/bytes", bytes, { type = "i" }), #bytes)
check.ok("59: bytes arrive", stored("bytes") == bytes)
local results, content = get({ path = "/bytes", type = "i" })
check.ok("46: bytes down", results[1] == 1 and content == bytes, results[2])
check.equal("59: empty up", put("/empty", "", { type = "i" }), 0)
check.equal("59: empty arrives", stored("empty"), "")
check.equal("50: empty down", { get({ path = "/empty", type = "i" }) }, { { 1 }, "" })
check.equal("F10: text up", put("/text", "one\r\ntwo\r\n", { type = "a" }), 10)
check.equal("F10: text has the server's line ends", stored("text"), "one\ntwo\n")
check.equal("F10: text down", { get({ path = "/text", type = "a" }) }, { { 1 }, "one\r\ntwo\r\n" })
check.equal("60: append", put("/text", "three\r\n", { type = "a", command = "appe" }), 7)
check.equal("60: appended", stored("text"), "one\ntwo\nthree\n")
check.equal("48: an odd name", put("/a%20b%23%3f%c3%a9", "odd"), 3)
check.equal("48: an odd name, arrived", stored("a b#?\195\169"), "odd")

results, content = get({ path = "/", command = "nlst", type = "a" })
check.ok("F21: nlst", results[1] == 1 and content:find("bytes\r\n", 1, true) and content:find("text\r\n", 1, true), content)
results, content = get({ path = "", command = "list", type = "a" })
check.ok("F21: list", results[1] == 1 and content:find("^[d-]rw") and content:find(" text\r\n", 1, true), content)
results, content = get({ command = "stat", argument = "text" })
check.ok("51: an immediate reply", results[1] == 1 and content:find("^213"), content)

check.ok("52: no such file", (get({ path = "/none" }))[2]:find("^550 "))
check.ok("52: wrong password", (get({ path = "/text", password = "wrong" }))[2]:find("^530 "))
check.ok("52: unknown user", (get({ path = "/text", user = "someone" }))[2]:find("^530 "))
check.ok("52: no such type", (get({ path = "/text", type = "x" }))[2]:find("^504 "))
local anonymous = { ftp.put("ftp://127.0.0.1:" .. port .. "/x", "x") }
check.ok("F22: anonymous may not write", anonymous[1] == nil and anonymous[2]:find("^550 "), anonymous[2])

-- the client aborts: the server keeps the received data and continues
results = get({ path = "/bytes", type = "i", sink = function() return nil, "sink full" end })
check.equal("53: a sink that refuses", results, { [2] = "sink full" })
local left = 3
check.equal("F24: a source that fails", { ftp.put(request({ path = "/part", type = "i", source = function()
    left = left - 1
    if left < 0 then return nil, "disk gone" end
    return "part"
end })) }, { [2] = "disk gone" })
check.equal("46: and then", { get({ path = "/text", type = "i" }) }, { { 1 }, "one\ntwo\nthree\n" })

check.equal("61: commands", ftp.command(request({
    command = { "mkd", "cwd", "pwd", "cdup", "rmd", "rnfr", "rnto", "dele" },
    argument = { "sub", "sub", false, false, "sub", "empty", "renamed", "renamed" },
    check = { 257, 250, 257, "2..", "2..", 350, 250, 250 },
})), 1)
check.equal("61: done", { stored("empty"), stored("renamed") }, {})

-- active mode, and both modes in one session
local session = socket.protect(function()
    local f = ftp.open("127.0.0.1", port)
    f:greet()
    f:login("luasocket", "password")
    f:type("i")
    for i, prepare in ipairs({ "port", "eprt", "epsv", "pasv", "port" }) do
        f[prepare](f, prepare == "eprt" and 1 or nil)
        f:send({ argument = "s" .. i, source = ltn12.source.string(bytes) })
        f[prepare](f, prepare == "eprt" and 1 or nil)
        local kept, chunks = ltn12.sink.table()
        f:receive({ argument = "s" .. i, sink = kept })
        check.ok("65: up and down by " .. prepare, table.concat(chunks) == bytes)
    end
    f:quit()
    return f:close()
end)
check.equal("65: one session", { session() }, { 1 })

-- TLS, which this server requires for control and data
port = secured.port
local trusting = { cafile = certs .. "/ca.crt" }
check.ok("starttls: needed", (get({ path = "/text" }))[2]:find("^550 "))
for i = 1, 5 do
    local text = bytes:rep(4):sub(1, 10 ^ i * 3)
    local size = #text
    check.equal("starttls: up, " .. size .. " bytes", put("/secret", text, { type = "i", starttls = trusting }), #text)
    check.ok("starttls: arrives, " .. size .. " bytes", stored("secret") == text)
    results, content = get({ path = "/secret", type = "i", starttls = trusting })
    check.ok("starttls: down, " .. size .. " bytes", results[1] == 1 and content == text, results[2])
end
results, content = get({ path = "", command = "nlst", starttls = trusting })
check.ok("starttls: nlst", results[1] == 1 and content:find("secret", 1, true), results[2])
check.ok("starttls: unknown authority", (get({ path = "/secret", starttls = true }))[2]:find("certificate verify failed"))

check.done()
