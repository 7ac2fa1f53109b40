-- socket.ftp: refused arguments, repaired defects, PASV after EPSV
local check = require("check")
local dialogue = require("dialogue")
local ltn12 = require("ltn12")
local socket = require("socket")
local ftp = require("socket.ftp")

local EPSV, after_login = dialogue.EPSV, dialogue.after_login
local FILE = { download = "content", reply = "226 done" }

-- Serves one connection to `call(port)`; returns its results and what the server saw.
local function serve(steps, call, address)
    local server = dialogue.serve({ steps }, address)
    local results = { call(server.port) }
    local seen = {}
    server:transcript(function(line) seen[#seen + 1] = line:gsub("^  ", "") end)
    return results, table.concat(seen, "; ")
end
local function location(port, path) return "ftp://127.0.0.1:" .. port .. path end

-- F2: unknown parameters do not raise
for _, params in ipairs({ "foo=bar", "type=", "type=a;x" }) do
    local content, message = ftp.get("ftp://host/f;" .. params)
    check.ok("F2: ;" .. params, content == nil and message:find("^invalid type"), message)
end

-- F16, add.26: refused before connecting
local created = 0
local function create()
    created = created + 1
    return nil, "must not connect"
end
local function refuse(what, result, message)
    check.ok(what, result == nil and type(message) == "string" and message:find("^invalid "), message)
end
for name, bad in pairs({ CRLF = "f\r\nNOOP", CR = "f\ry", LF = "f\ny", NUL = "f\0y" }) do
    local function request(field)
        return { host = "h", create = create, sink = ltn12.sink.null(), source = ltn12.source.empty(), [field] = bad }
    end
    for _, field in ipairs({ "argument", "path", "user", "password", "type", "command" }) do
        refuse("add.26: get, " .. name .. " in " .. field, ftp.get(request(field)))
        refuse("add.26: put, " .. name .. " in " .. field, ftp.put(request(field)))
    end
    for _, field in ipairs({ "argument", "user", "password" }) do
        local cmdt = request(field)
        cmdt.command = "noop"
        refuse("add.26: command, " .. name .. " in " .. field, ftp.command(cmdt))
    end
    refuse("add.26: command, " .. name .. " in the word", ftp.command(request("command")))
    refuse("add.26: command, " .. name .. " in a later one", ftp.command({
        host = "h", create = create, command = { "noop", "dele" }, argument = { nil, bad },
    }))
end
refuse("F16: percent-encoded path", ftp.get("ftp://h/x%0d%0aNOOP"))
refuse("F16: percent-encoded NUL", ftp.put("ftp://h/x%00", "content"))
check.equal("add.26: no connection", created, 0)

-- F23: a whole number
local results, seen
results = serve(after_login(EPSV, "150 send", { upload = true, reply = "226 done" }, "221 bye"), function(port)
    return ftp.put(location(port, "/f"), "twelve bytes")
end)
check.equal("F23: bytes sent", results[1], 12)
check.equal("F23: integer", tostring(results[1]), "12")

-- F24: the server aborts the upload
local function endless() return ("x"):rep(65536) end
results = serve(after_login(EPSV, "150 send", { abort = true, reply = "552 disk full" }), function(port)
    return ftp.put({ host = "127.0.0.1", port = port, path = "/f", source = endless })
end)
check.equal("F24: the server's reason", results, { [2] = "552 disk full" })
-- ... between two chunks, while the server continues to read
results = serve(after_login(EPSV, "150 send", { early = "426 stopped" }), function(port)
    return ftp.put({ host = "127.0.0.1", port = port, path = "/f", source = function() return "chunk" end })
end)
check.equal("F24: noticed between chunks", results, { [2] = "426 stopped" })

-- F25: an early final reply is read once. The source ends after that read.
local replies, chunks = 0, 0
results, seen = serve(after_login(EPSV, "150 send", { early = "226 enough" }, "221 bye"), function(port)
    return ftp.put({
        host = "127.0.0.1", port = port, path = "/f",
        create = function()
            local inner = socket.tcp()
            return setmetatable({}, { __index = function(_, method)
                if method == "receive" then replies = replies + 1 end
                return function(_, ...) return inner[method](inner, ...) end
            end })
        end,
        source = function()
            -- greeting, USER, PASS, EPSV, STOR; then the early reply
            if replies == 6 then return nil end
            chunks = chunks + 1
            return "chunk"
        end,
    })
end)
check.equal("F25: success", results, { chunks * 5 })
check.equal("F25: replies read", replies, 7)
check.ok("F25: QUIT has its own reply", seen:find("STOR f; QUIT; end: closed", 1, true), seen)

-- F20: a sink rejects an immediate reply
results = serve(after_login(EPSV, "213 status"), function(port)
    return ftp.get({ host = "127.0.0.1", port = port, command = "stat", sink = function() return nil, "sink full" end })
end)
check.equal("F20: immediate reply refused", results, { [2] = "sink full" })

-- F11: PASV when the server does not know EPSV, always to the address of the control connection
results, seen = serve(after_login("500 what", "227 passive (10,9,8,7,%PASV%)", "150 coming", FILE, "221 bye"), function(port)
    return ftp.get(location(port, "/f"))
end)
check.equal("F11: PASV instead", results, { "content" })
check.ok("F11: order", seen:find("EPSV; PASV; RETR f; QUIT; end", 1, true), seen)
for what, steps in pairs({
    ["not known either"] = after_login("500 what", "502 what"),
    ["without an address"] = after_login("500 what", "227 somewhere"),
    ["connection lost"] = after_login("500 what", { quit = true }),
}) do
    results = serve(steps, function(port) return ftp.get(location(port, "/f")) end)
    check.equal("F11: PASV " .. what, results, { [2] = "500 what" })
end
results, seen = serve(after_login("421 closing"), function(port) return ftp.get(location(port, "/f")) end)
check.equal("F11: no PASV after 421", { results[2], seen:find("PASV", 1, true) == nil }, { "421 closing", true })
for _, port_text in ipairs({ "0", "65536", "x", "" }) do
    results = serve(after_login("229 (|||" .. port_text .. "|)"), function(port) return ftp.get(location(port, "/f")) end)
    check.equal("F11: port '" .. port_text .. "'", results, { [2] = "invalid epsv response" })
end

-- F31, F32: the low-level session
local function session(steps, body, address)
    return serve(steps, socket.protect(function(port)
        local f = ftp.open(address or "127.0.0.1", port)
        f:greet()
        return body(f)
    end), address)
end
results, seen = session({ "220 hi", "200 fine", "500 no" }, function(f)
    check.equal("64: port", f:port("1.2.3.4", 1027), 1)
    return f:port("10.20.30.40", "65535")
end)
check.equal("64: port refused", results, { [2] = "500 no" })
check.equal("64: wire form", seen, "connection; PORT 1,2,3,4,4,3; PORT 10,20,30,40,255,255; end: closed")

for _, announce in ipairs({ "port", "eprt" }) do
    local sink, received = ltn12.sink.table()
    results = session({ "220 hi", "200 fine", "150 coming", FILE, "221 bye" }, function(f)
        f[announce](f, announce == "eprt" and 1 or nil)
        check.equal("F32: own address, " .. announce, (f.server:getsockname()), (f.tp:getsockname()))
        f:receive({ path = "/f", sink = sink })
        f:quit()
        return f:close()
    end)
    check.equal("F31: active download, " .. announce, { results, table.concat(received) }, { { 1 }, "content" })
end
results, seen = session({ "220 hi", "200 fine", "150 send", { upload = true, reply = "226 done" }, "221 bye" }, function(f)
    f:port()
    local sent = f:send({ argument = "f", source = ltn12.source.string("active upload") })
    f:quit()
    f:close()
    return sent
end)
check.equal("F31: active upload", results, { 13 })
check.ok("F31: active upload arrives", seen:find("uploaded: active upload", 1, true), seen)

results = session({ "220 hi", "227 (127,0,0,1,%PASV%)", "150 coming", FILE, "221 bye" }, function(f)
    local address, port = f:pasv()
    check.equal("63: pasv", { address, type(port), tostring(port):find("%.") }, { "127.0.0.1", "number" })
    local sink, received = ltn12.sink.table()
    f:receive({ path = "/f", sink = sink })
    f:quit()
    f:close()
    return table.concat(received)
end)
check.equal("F31: download over PASV", results, { "content" })
results = session({ "220 hi", "200 fine", "229 (|||6446|)", "200 fine" }, function(f)
    f:port()
    check.ok("F31: port listens", f.server)
    f:epsv()
    check.ok("F31: epsv drops the listener", f.server == nil and f.pasvt)
    f:port()
    check.ok("F31: port drops the passive address", f.server and f.pasvt == nil)
    return f:close()
end)
check.equal("F31: back and forth", results, { 1 })

-- 67: IPv6
if socket.bind("::1", 0) then
    results = serve(after_login("229 (|||%EPSV%|)", "150 coming", FILE, "221 bye"), function(port)
        return ftp.get("ftp://[::1]:" .. port .. "/f")
    end, "::1")
    check.equal("67: EPSV over ::1", results, { "content" })
    results, seen = serve(after_login("522 use EPRT"), function(port) return ftp.get("ftp://[::1]:" .. port .. "/f") end, "::1")
    check.equal("F11: no PASV over ::1", { results[2], seen:find("PASV", 1, true) == nil }, { "522 use EPRT", true })
end

-- add.31: the caller's tables can be reused
local request = { url = "ftp://joe:pw@127.0.0.1/f", sink = ltn12.sink.null(), create = create }
local before = {}
for name, value in pairs(request) do before[name] = value end
ftp.get(request)
check.equal("add.31: table unchanged", request, before)

check.done()
