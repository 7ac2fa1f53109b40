-- needs: proftpd, certs
-- socket.ftp with ProFTPD over TLS 1.2 and 1.3. The server refuses each data connection that does not resume the session
-- of its control connection.
local check = require("check")
local programs = require("ftp_programs")
local ftp = require("socket.ftp")

local PORT, ROOT = tonumber(os.getenv("COMPAT_PROFTPD_PORT")), os.getenv("COMPAT_PROFTPD_ROOT")
local CA = os.getenv("COMPAT_CERTS") .. "/ca.crt"
local folder, bytes = programs.unique_folder(), programs.all_bytes()

for _, protocol in ipairs({ "tlsv1_2", "tlsv1_3" }) do
    local function request(values, session)
        values.host, values.port, values.user, values.password = "127.0.0.1", PORT, "luasocket", "password"
        values.starttls = { cafile = CA, protocol = protocol, session = session }
        return values
    end
    local function get(values, session) return programs.get(request(values, session)) end
    local function put(values, content) return programs.put(request(values), content) end

    check.equal(protocol .. ": make a folder",
        { ftp.command(request({ command = "mkd", argument = folder, check = 257 })) }, { 1 })
    check.equal(protocol .. ": bytes up", put({ path = folder .. "/bytes", type = "i" }, bytes), #bytes)
    local file = io.open(ROOT .. "/" .. folder .. "/bytes", "rb")
    check.ok(protocol .. ": the server has them", file and file:read("*a") == bytes)
    if file then file:close() end
    local results, content = get({ path = folder .. "/bytes", type = "i" })
    check.ok(protocol .. ": bytes down", results[1] == 1 and content == bytes, results[2] or #content)
    check.equal(protocol .. ": nlst", { get({ argument = folder, command = "nlst" }) },
        { { 1 }, folder .. "/bytes\r\n" })

    -- the server does what its configuration asks for
    local message = get({ path = folder .. "/bytes", type = "i" }, false)[2]
    check.ok(protocol .. ": refused without a session", tostring(message):find("^425 "), message)

    check.equal(protocol .. ": remove it all", { ftp.command(request({
        command = { "cwd", "dele", "cdup", "rmd" }, argument = { folder, "bytes", false, folder },
        check = { 250, 250, 250, 250 },
    })) }, { 1 })
end

check.done()
