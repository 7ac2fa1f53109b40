-- smtp and ftp with servers that fall silent, close the connection or send false replies at each stage. The result is
-- an error in time, or success if the server confirmed everything. Nothing stays open.
local check = require("check")
local footprint = require("footprint")
local dialogue = require("dialogue")
local ltn12 = require("ltn12")
local socket = require("socket")
local ftp = require("socket.ftp")
local smtp = require("socket.smtp")

-- The time limits of calls that must end in a timeout, of those that may wait for a reply to QUIT, and of the others.
local SHORT, GOODBYE, LONG = 0.1, 1.5, 30

local function send(port)
    return smtp.send({ from = "<a>", rcpt = "<b>", server = "127.0.0.1", port = port, user = "u", password = "p",
        source = ltn12.source.string("text") })
end
local function get(port)
    return ftp.get({ host = "127.0.0.1", port = port, path = "/f", type = "i", sink = ltn12.sink.null() })
end
local function put(port)
    return ftp.put({ host = "127.0.0.1", port = port, path = "/f", type = "i", source = ltn12.source.string("text") })
end
local function command(port)
    return ftp.command({ host = "127.0.0.1", port = port, command = { "noop", "pwd" }, check = { 200, 257 } })
end

local EPSV = "229 (|||%EPSV%|)"
local whole = {
    { "send", send, { "220 hi", "250 AUTH LOGIN", "334 u", "334 p", "235 in", "250 from", "250 to", "354 go",
        { message = "250 done" }, "221 bye" } },
    { "get", get, { "220 hi", "331 password", "230 in", "200 type", EPSV, "150 coming",
        { download = "content", reply = "226 done" }, "221 bye" } },
    { "put", put, { "220 hi", "331 password", "230 in", "200 type", EPSV, "150 send", { upload = true, reply = "226 done" }, "221 bye" } },
    { "command", command, { "220 hi", "230 in", "200 fine", "257 here", "221 bye" } },
}

-- The first `count` steps, then `last`.
local function cut(steps, count, last)
    local list = {}
    for i = 1, count do list[i] = steps[i] end
    list[#list + 1] = last
    return list
end

local function stalls(name, call, steps, expected)
    local server = dialogue.serve({ steps })
    local free, began = footprint.next_descriptor(), socket.gettime()
    local limit = expected == "^timeout$" and SHORT or expected and LONG or GOODBYE
    smtp.TIMEOUT, ftp.TIMEOUT = limit, limit
    local ok, message = call(server.port)
    local took = socket.gettime() - began
    if expected then
        check.ok(name, ok == nil and type(message) == "string" and message:find(expected), message)
    else
        check.ok(name, ok ~= nil, message)
    end
    check.ok(name .. ": in time", took < 20, took)
    check.equal(name .. ": nothing left open", footprint.next_descriptor(), free)
    local ended = false
    server:transcript(function(line) ended = ended or line:find("^  end") or line:find("^  no line") end)
    if steps[#steps].quit == nil then check.ok(name .. ": the server sees the end", ended) end
end

for _, case in ipairs(whole) do
    local name, call, steps = case[1], case[2], case[3]
    for stage = 0, #steps - 1 do
        -- a confirmed transfer succeeds, whatever the reply to QUIT (add.52)
        local confirmed = stage == #steps - 1
        local function failure(pattern) return not confirmed and pattern or nil end
        -- before the greeting the server has nothing to answer: a step that reads a line and sends nothing
        stalls(("%s: silence at stage %d"):format(name, stage), call, cut(steps, stage, { lines = 1 }), failure("^timeout$"))
        -- the server's data port closes with the server, and either error may come first
        local gone = steps[stage] == EPSV and "^c%a+ ?%a*$" or "^closed$"
        stalls(("%s: hung up at stage %d"):format(name, stage), call, cut(steps, stage, { quit = true }), failure(gone))
        -- a reply that never ends, an invalid reply, a reply of another kind
        if type(steps[stage + 1]) == "string" then
            stalls(("%s: half a line at stage %d"):format(name, stage), call,
                cut(steps, stage, { raw = "250-half of\r\n250 a line" }), failure("^timeout$"))
            stalls(("%s: no reply at stage %d"):format(name, stage), call, cut(steps, stage, { raw = "\0\255\r\n" }),
                failure("^invalid server reply$"))
            stalls(("%s: refused at stage %d"):format(name, stage), call, cut(steps, stage, { raw = "421-going\r\n421 down\r\n" }),
                failure("^421%-going\n421 down$"))
        end
    end
end

-- data connections: open and silent, refused, endless
local login = cut(whole[2][3], 4)
local function after_login(...)
    local list = cut(login, #login)
    for _, step in ipairs({ ... }) do list[#list + 1] = step end
    return list
end
stalls("get: data that does not come", get, after_login(EPSV, "150 coming", { hold = true }), "^timeout$")
local closed_port = require("ports").refusing()
stalls("get: a port that is closed", get, after_login("229 (|||" .. closed_port .. "|)"), "^connection refused$")
stalls("put: a port that is closed", put, after_login("229 (|||" .. closed_port .. "|)"), "^connection refused$")
-- the address of another host: EPSV has no field for it, but some servers send it
stalls("get: EPSV naming another host", get, after_login("229 (|1|192.0.2.1|" .. closed_port .. "|)"), "^connection refused$")
stalls("get: PASV naming another host", get,
    after_login("500 what", ("227 (192,0,2,1,%d,%d)"):format((closed_port - closed_port % 256) / 256, closed_port % 256)),
    "^connection refused$")
stalls("put: failure while data is taken no more", function(port)
    return ftp.put({ host = "127.0.0.1", port = port, path = "/f", type = "i", source = function() return ("x"):rep(65536) end })
end, after_login(EPSV, "150 send", { abort = true, reply = "552 full" }), "^552 full$")

check.done()
