-- needs: vsftpd, certs
-- socket.ftp with vsftpd, in the clear and over TLS: bytes and text, listings, refusals, EPSV, PASV and active mode
local check = require("check")
local programs = require("ftp_programs")
local ltn12 = require("ltn12")
local socket = require("socket")
local ftp = require("socket.ftp")

local port, root = tonumber(os.getenv("COMPAT_VSFTPD_PORT")), os.getenv("COMPAT_VSFTPD_ROOT")
local folder, bytes = programs.unique_folder(), programs.all_bytes()

for name, parameters in pairs({ clear = false, starttls = { cafile = os.getenv("COMPAT_CERTS") .. "/ca.crt" } }) do
    local function request(values)
        values.host, values.port, values.starttls = "127.0.0.1", port, parameters
        return values
    end
    local function get(values) return programs.get(request(values)) end
    local function put(values, content) return programs.put(request(values), content) end

    check.equal(name .. ": make a folder", { ftp.command(request({ command = "mkd", argument = folder, check = 257 })) }, { 1 })
    check.equal(name .. ": bytes up", put({ path = "/" .. folder .. "/bytes", type = "i" }, bytes), #bytes)
    local results, content = get({ path = "/" .. folder .. "/bytes", type = "i" })
    check.ok(name .. ": bytes down", results[1] == 1 and content == bytes, results[2])
    check.equal(name .. ": text up", put({ argument = folder .. "/text", type = "a" }, "one\r\ntwo\r\n"), 10)
    local file = io.open(root .. "/" .. folder .. "/text", "rb")
    check.equal(name .. ": text has the server's line ends", file and file:read("*a"), "one\ntwo\n")
    if file then file:close() end
    check.equal(name .. ": text down", { get({ argument = folder .. "/text", type = "a" }) }, { { 1 }, "one\r\ntwo\r\n" })
    check.equal(name .. ": nlst", { get({ argument = folder, command = "nlst" }) },
        { { 1 }, folder .. "/bytes\r\n" .. folder .. "/text\r\n" })
    results, content = get({ argument = folder, command = "list" })
    check.ok(name .. ": list", results[1] == 1 and content:find(" bytes\r\n", 1, true), results[2] or content)
    check.equal(name .. ": no such file", { get({ path = "/none" }) }, { { [2] = "550 Failed to open file." }, "" })
    check.ok(name .. ": no such user", (get({ path = "/none", user = "somebody" }))[2]:find("^530 "))
    check.equal(name .. ": remove it all", { ftp.command(request({
        command = { "cwd", "dele", "dele", "cdup", "rmd" }, argument = { folder, "bytes", "text", false, folder },
        check = { 250, 250, 250, 250, 250 },
    })) }, { 1 })
end

local session = socket.protect(function()
    local f = ftp.open("127.0.0.1", port)
    f:greet()
    f:login()
    f:type("i")
    for _, prepare in ipairs({ "pasv", "epsv", "port", "eprt" }) do
        f[prepare](f, prepare == "eprt" and 1 or nil)
        f:send({ argument = folder .. prepare, source = ltn12.source.string(bytes) })
        f[prepare](f, prepare == "eprt" and 1 or nil)
        local sink, chunks = ltn12.sink.table()
        f:receive({ argument = folder .. prepare, sink = sink })
        check.ok("65: up and down by " .. prepare, table.concat(chunks) == bytes)
        os.remove(root .. "/" .. folder .. prepare)
    end
    f:quit()
    return f:close()
end)
check.equal("65: one session", { session() }, { 1 })

check.done()
