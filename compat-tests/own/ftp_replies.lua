-- socket.ftp accepts replies of real servers as curl does (add.52)
local check = require("check")
local dialogue = require("dialogue")
local ltn12 = require("ltn12")
local socket = require("socket")
local ftp = require("socket.ftp")

ftp.TIMEOUT = 5
local EPSV, after_login = dialogue.EPSV, dialogue.after_login
local FILE = { download = "content", reply = "226 done" }

local function serve(steps, call)
    local server = dialogue.serve({ steps })
    local results = { call(server.port) }
    local seen = {}
    server:transcript(function(line) seen[#seen + 1] = line:gsub("^  ", "") end)
    return results, table.concat(seen, "; ")
end
local function get(kind)
    return function(port) return ftp.get("ftp://127.0.0.1:" .. port .. "/f" .. (kind or "")) end
end
local function list(command)
    return function(port)
        local ended = 0
        local sink, chunks = ltn12.sink.table()
        local ok, message = ftp.get({ host = "127.0.0.1", port = port, command = command, sink = function(chunk, err)
            if not chunk then ended = ended + 1 end
            return sink(chunk, err)
        end })
        return ok, message, table.concat(chunks), ended
    end
end

-- any 2xx is success
for _, code in ipairs({ "200", "202", "226", "250" }) do
    check.equal("F10: TYPE " .. code, (serve(after_login(code .. " fine", EPSV, "150 coming", FILE, "221 bye"),
        get(";type=i"))), { "content" })
end
check.equal("F10: TYPE 504", (serve(after_login("504 no"), get(";type=i"))), { [2] = "504 no" })

-- 450 to a listing: there are no files
for _, command in ipairs({ "nlst", "LIST", "list -a", "mlsd" }) do
    check.equal("450: " .. command, (serve(after_login(EPSV, "450 nothing there", "221 bye"), list(command))), { 1, nil, "", 1 })
end
check.equal("450: retr", (serve(after_login(EPSV, "450 busy"), list("retr"))), { nil, "450 busy", "", 0 })
check.equal("450: another command", (serve(after_login(EPSV, "450 busy"), list("listen"))), { nil, "450 busy", "", 0 })
check.equal("550: nlst", (serve(after_login(EPSV, "550 no such folder"), list("nlst"))), { nil, "550 no such folder", "", 0 })

-- add.52: replies to QUIT
local function put(port) return ftp.put("ftp://127.0.0.1:" .. port .. "/f", "four") end
local function command(port)
    return ftp.command({ host = "127.0.0.1", port = port, command = { "noop", "pwd" }, check = { 200, 257 } })
end
for what, last in pairs({
    ["421"] = "421 busy, closing", ["500"] = "500 stay", ["hangs up"] = { quit = true }, ["no reply"] = { raw = "so long\r\n" },
}) do
    check.equal("add.52: get: " .. what, (serve(after_login(EPSV, "150 coming", FILE, last), get())), { "content" })
    check.equal("add.52: put: " .. what, (serve(after_login(EPSV, "150 go", { upload = true, reply = "226 done" }, last), put)), { 4 })
    check.equal("add.52: command: " .. what, (serve(after_login("200 ok", "257 here", last), command)), { 1 })
end
check.equal("add.52: what is not confirmed is no success", (serve(after_login(EPSV, "150 coming", { download = "content",
    reply = "426 broken" }),
    get())), { [2] = "426 broken" })
-- F27: a command without `check`: its reply is read instead of the reply to QUIT
local function unchecked(port) return ftp.command({ host = "127.0.0.1", port = port, command = "dele", argument = "f" }) end
check.equal("F27: refused", (serve(after_login("550 no"), unchecked)), { [2] = "550 no" })
check.equal("F27: done", (serve(after_login("250 gone", "221 bye"), unchecked)), { 1 })

-- the last line of a reply may be a code alone
check.equal("add.52: bare codes", (serve({ "220-hi\r\n220", "331", "230", EPSV, "150", { download = "content",
    reply = "226" }, "221" }, get())),
    { "content" })

-- the greeting says that the client is already logged in
local results, seen = serve({ "230 hi, you are in", EPSV, "150 coming", FILE, "221 bye" }, get())
check.equal("230 as greeting", results, { "content" })
check.ok("230 as greeting: no USER", not seen:find("USER", 1, true), seen)

-- PASV after any other reply to EPSV, but not after the server closes
for _, reply in ipairs({ "200 fine", "227 what", "425 cannot", "500 what" }) do
    check.equal("F11: EPSV " .. reply, (serve(after_login(reply, "227 here (127,0,0,1,%PASV%)", "150 coming", FILE,
        "221 bye"), get())), { "content" })
end
results, seen = serve(after_login("421 closing"), get())
check.ok("F11: EPSV 421", results[2] == "421 closing" and not seen:find("PASV", 1, true), seen)

-- the positions of the numbers in replies to EPSV and PASV
local function session(reply, method)
    return (serve({ "220 hi", reply }, socket.protect(function(port)
        local f = ftp.open("127.0.0.1", port)
        f:greet()
        local address, number = f[method](f)
        f:close()
        return address, number
    end)))
end
for reply, port in pairs({
    ["229 (|||6446|)"] = 6446, ["229 (!!!6446!)"] = 6446, ["229 (|1|1.2.3.4|6446|)"] = 6446, ["229 (here) (|||1|) bye"] = 1,
    ["229 mode (|||65535|)."] = 65535, ["229 ((|||21|))"] = 21,
}) do
    check.equal("F11: " .. reply, session(reply, "epsv"), { "127.0.0.1", port })
end
for _, reply in ipairs({ "229 ()", "229 (", "229 |||21|", "229 (|||21)", "229 (||21|)", "229 (|||021345|)", "229 (|||2 1|)", "229 (|||-1|)",
    "229 (|||0|)", "229 (|||65536|)", "229 (|||21|x)", "229" }) do
    check.equal("F11: " .. reply, session(reply, "epsv"), { [2] = "invalid epsv response" })
end
for reply, expected in pairs({
    ["227 (1,2,3,4,5,6)"] = { "1.2.3.4", 1286 }, ["227 1,2,3,4,0,21"] = { "1.2.3.4", 21 },
        ["227 at 10.0.0.1:4:1 ok"] = { "10.0.0.1", 1025 },
    ["227 7 = 1,2,3,4,5,6"] = { "1.2.3.4", 1286 }, ["227 300,1,2,3,4,5,6"] = { "1.2.3.4", 1286 },
        ["227 =1,2,3,4,5,6,7"] = { "1.2.3.4", 1286 },
}) do
    check.equal("F31: " .. reply, session(reply, "pasv"), expected)
end
for _, reply in ipairs({ "227 here", "227 (1,2,3,4,5)", "227 (1,2,3,4,256,1)", "227 (1,2,3,4,0,0)", "227 (1,,2,3,4,5,6)",
    "227 (99999999999999999999,2,3,4,5,6)", "227" }) do
    check.equal("F31: " .. reply, session(reply, "pasv"), { [2] = reply })
end

-- an invalid sink or source is refused before connecting
local created = 0
local function create()
    created = created + 1
    return nil, "must not connect"
end
check.equal("sink is missing", { ftp.get({ host = "h", path = "/f", create = create }) },
    { [2] = "invalid sink (function expected, got nil)" })
check.equal("source is text", { ftp.put({ host = "h", path = "/f", create = create, source = "text" }) },
    { [2] = "invalid source (function expected, got string)" })
check.equal("cafile beside starttls", { ftp.get({ host = "h", path = "/f", create = create, sink = ltn12.sink.null(),
    starttls = true, cafile = "x" }) },
    { [2] = "invalid cafile (belongs in the table: starttls = { cafile = … })" })
check.equal("no connection", created, 0)

check.done()
