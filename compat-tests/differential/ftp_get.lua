-- ftp.get against scripted servers (F1 to F21)
local show = require("show")
local dialogue = require("dialogue")
local ltn12 = require("ltn12")
local socket = require("socket")
local ftp = require("socket.ftp")

local fields = {}
for name, value in pairs(ftp) do fields[name] = type(value) end
show("L4 fields", fields)
show("L1 socket.ftp", socket.ftp == ftp)
show("L2 globals", rawget(_G, "ftp"), rawget(_G, "tp"))
show("F1 constants", ftp.TIMEOUT, ftp.USER, ftp.PASSWORD)

local EPSV, after_login = dialogue.EPSV, dialogue.after_login

local function transfer(...)
    return after_login(EPSV, "150 here it comes", ...)
end
local FILE = { download = "content\r\nof the file\r\n", reply = "226 done" }

-- `build(port)` returns the argument of the call.
local function try_get(label, steps, build)
    local server = dialogue.serve({ steps })
    show(label, ftp.get(build(server.port)))
    server:transcript(print)
end
local function path(p)
    return function(port) return "ftp://127.0.0.1:" .. port .. p end
end

try_get("46 whole dialogue", { "220 hi", "331 password", "230 in", "200 type", EPSV, "150 coming", FILE, "221 bye" },
    path("/pub/a%20b;type=i"))
try_get("47 delay, no password", {
    "120-in\r\n120 a minute", { raw = "220-now\r\n220 hi\r\n" }, "230 in", EPSV, "125 open", FILE, "221 bye",
}, path("/f"))
try_get("F6 user and password", transfer(FILE, "221 bye"), function(port) return "ftp://joe:secret@127.0.0.1:" .. port .. "/f" end)
try_get("F9 user alone", transfer(FILE, "221 bye"), function(port) return "ftp://joe@127.0.0.1:" .. port .. "/f" end)
for _, p in ipairs({ "//abs", "/\\p", "/%23%3f", "/dir/", "/", "", "/a%2fb", "/;type=a" }) do
    local steps = transfer(FILE, "221 bye")
    if p:find("type") then table.insert(steps, 4, "200 type") end
    try_get("48 path " .. p, steps, path(p))
end

local function request(values)
    return function(port)
        values.host, values.port = values.host or "127.0.0.1", port
        return values
    end
end
local function printing(chunk, err)
    show("sink gets", chunk, err)
    return 1
end
try_get("48 backslash", transfer(FILE, "221 bye"), request({ path = "\\p", sink = printing }))
try_get("49 argument", transfer(FILE, "221 bye"), request({ argument = "/a%20b", path = "/other", sink = printing }))
try_get("F15 empty argument", transfer(FILE, "221 bye"), request({ argument = "", path = "/other", sink = printing }))
try_get("F15 false for no argument", transfer(FILE, "221 bye"), request({ argument = false, path = "/f", sink = printing }))
try_get("F15 a number as path", transfer(FILE, "221 bye"), request({ path = 5, sink = printing }))
try_get("F9 false for what is not there", transfer(FILE, "221 bye"),
    request({ user = false, password = false, type = false, command = false, path = "/f", sink = printing }))
local steps = 0
try_get("50 table", transfer(FILE, "221 bye"), request({ path = "/f", sink = printing, step = function(source, sink)
    steps = steps + 1
    return ltn12.pump.step(source, sink)
end }))
show("50 steps", steps)
try_get("50 empty file", transfer({ download = "", reply = "226 done" }, "221 bye"), request({ path = "/f", sink = printing }))
try_get("51 immediate", after_login(EPSV, "213-status\r\n all is well\r\n213 end", "221 bye"),
    request({ command = "stat", path = "/f", sink = printing }))
try_get("F10 type", after_login("200 type", EPSV, "150 coming", FILE, "221 bye"), request({ type = "A", path = "/f", sink = printing }))
try_get("F21 nlst", transfer(FILE, "221 bye"), request({ command = "nlst", argument = "-la", sink = printing }))

try_get("52 greeting", { "421 busy" }, path("/f"))
try_get("52 greeting after 120", { "120 wait", { raw = "500 no\r\n" } }, path("/f"))
try_get("52 USER", { "220 hi", "332 account" }, path("/f"))
try_get("52 PASS", { "220 hi", "331 password", "530-no\r\n530 no" }, path("/f"))
try_get("52 TYPE", after_login("504 no"), path("/f;type=i"))
try_get("52 EPSV without a port", after_login("229 no port"), path("/f"))
try_get("52 RETR", after_login(EPSV, "550 no such file"), path("/f"))
try_get("F11 other delimiter", after_login("229 ok (!1!127.0.0.1!%EPSV%!)", "150 coming", FILE, "221 bye"), path("/f"))
try_get("53 sink refuses", transfer(FILE), request({ path = "/f", sink = function() return nil, "sink full" end }))
try_get("54 late failure", transfer({ download = "part", reply = "426-broken\r\n426 off" }), path("/f"))

for _, u in ipairs({ "", "wrong://h/f", "http://h/f", "localhost/dir/f", "ftp:///f", "ftp://h/f;type=q", "ftp://h/f;type=I" }) do
    show("56 " .. u, ftp.get(u))
end
show("F5 no host", ftp.get({}))
show("F5 no host", ftp.get({ url = "/path", sink = printing }))

try_get("57 url and overrides", after_login("200 type", EPSV, "150 coming", FILE, "221 bye"), function(port)
    return { url = "ftp://joe:secret@127.0.0.1:" .. port .. "/f", user = "ann", password = "other", type = "i", sink = printing }
end)
try_get("57 url, other path", transfer(FILE, "221 bye"), function(port)
    return { url = "ftp://joe:secret@127.0.0.1:" .. port .. "/f;type=i", path = "/g", sink = printing }
end)
try_get("F4 scheme of a table's url", transfer(FILE, "221 bye"), function(port)
    return { url = "gopher://127.0.0.1:" .. port .. "/f", sink = printing }
end)

local server = dialogue.serve({ transfer(FILE, "221 bye") })
local given = { url = "ftp://127.0.0.1:" .. server.port .. "/f", sink = printing }
ftp.get(given)
local names = {}
for name in pairs(given) do names[#names + 1] = name end
table.sort(names)
show("F4 caller's table", names)
server:transcript(print)

local parsed = ftp.genericform("ftp://joe:secret@host:2121/a/b;type=a")
show("F3", parsed.scheme, parsed.host, parsed.port, parsed.user, parsed.password, parsed.path, parsed.type, parsed.params)
show("F3 throws", (pcall(ftp.genericform, "wrong://h/")))
ftp.USER, ftp.PASSWORD = "guest", "me@here"
try_get("L5 constants", transfer(FILE, "221 bye"), path("/f"))
