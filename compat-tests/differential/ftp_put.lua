-- ftp.put, ftp.command and the low-level session (F22 to F32)
local show = require("show")
local dialogue = require("dialogue")
local ltn12 = require("ltn12")
local socket = require("socket")
local ftp = require("socket.ftp")

local EPSV, after_login = dialogue.EPSV, dialogue.after_login
local UPLOAD = { upload = true, reply = "226 done" }

local function with_server(label, steps, call)
    local server = dialogue.serve({ steps })
    show(label, call(server.port))
    server:transcript(print)
end
local function location(port, path) return "ftp://127.0.0.1:" .. port .. path end

with_server("59 string", after_login("200 type", EPSV, "150 send", UPLOAD, "221 bye"), function(port)
    return ftp.put(location(port, "/d/f%20g;type=i"), ("0123456789"):rep(2000)) == 20000
end)
with_server("59 empty", after_login(EPSV, "150 send", UPLOAD, "221 bye"), function(port)
    return ftp.put(location(port, "/f"), "") == 0
end)
local steps = 0
with_server("60 appe", after_login(EPSV, "125 send", UPLOAD, "221 bye"), function(port)
    return ftp.put({
        host = "127.0.0.1", port = port, path = "/f", command = "appe",
        source = ltn12.source.cat(ltn12.source.string("one "), ltn12.source.string("two")),
        step = function(source, sink)
            steps = steps + 1
            return ltn12.pump.step(source, sink)
        end,
    }) == 7
end)
show("60 steps", steps)
with_server("60 late failure", after_login(EPSV, "150 send", { upload = true, reply = "552 full" }), function(port)
    return ftp.put(location(port, "/f"), "content")
end)
with_server("F22 refused", after_login(EPSV, "553 no"), function(port) return ftp.put(location(port, "/f"), "content") end)
with_server("F22 immediate 2xx", after_login(EPSV, "250 fine already", { hold = true }, "221 bye"), function(port)
    return ftp.put(location(port, "/f"), "content") == 7
end)
with_server("F24 source error", after_login(EPSV, "150 send", UPLOAD), function(port)
    return ftp.put({ host = "127.0.0.1", port = port, path = "/f", source = function() return nil, "disk gone" end })
end)
show("F5 no host", ftp.put({ source = ltn12.source.string("x") }))
show("56 invalid url", ftp.put("", "x"))
show("56 wrong scheme", ftp.put("http://h/f", "x"))

with_server("61 with a check", after_login("250 fine", "221 bye"), function(port)
    return ftp.command({ url = location(port, ""), command = "cwd", argument = "/pub", check = 250 })
end)
with_server("61 without a check", after_login("200 fine", "221 bye"), function(port)
    return ftp.command({ url = location(port, ""), command = "noop" })
end)
with_server("F27 failure without a check", after_login("500 what"), function(port)
    return ftp.command({ url = location(port, ""), command = "noop" })
end)
with_server("61 table", after_login("200 one", "257 two", "213 three", "221 bye"), function(port)
    return ftp.command({
        host = "127.0.0.1", port = port, user = "joe", password = "secret", type = "i",
        command = { "noop", "pwd", "size" },
        argument = { [3] = "f" },
        check = { "2..", 257, function(code, reply)
            show("check gets", code, reply)
            return code == 213
        end },
    })
end)
with_server("61 table alone", after_login("200 one", "221 bye"), function(port)
    return ftp.command({ host = "127.0.0.1", port = port, command = { "noop" } })
end)
with_server("F28 false for what is not there", after_login("200 one", "257 two", "200 three", "221 bye"), function(port)
    return ftp.command({
        host = "127.0.0.1", port = port, command = { "noop", "pwd", 5 }, argument = { false, "x", false }, check = { 200, 257, "2.." },
    })
end)
with_server("62 failing check", after_login("550-no\r\n550 no"), function(port)
    return ftp.command({ host = "127.0.0.1", port = port, command = { "dele", "noop" }, argument = { "f" }, check = { "2..", "2.." } })
end)
show("F26 no command", ftp.command({ host = "127.0.0.1" }))
show("F5 no host", ftp.command({ command = "noop" }))
show("F5 empty", ftp.command({}))

-- the low-level session
local function session(label, dialogue_steps, body)
    with_server(label, dialogue_steps, socket.protect(function(port)
        return body(ftp.open("127.0.0.1", port))
    end))
end
session("F31 simple methods", { "220 hi", "230 in", "250 there", "200 type", "221 bye" }, function(f)
    show("greet", f:greet())
    show("login", f:login("joe"))
    show("cwd", f:cwd("/pub"))
    show("type", f:type("a"))
    show("quit", f:quit())
    return f:close()
end)
session("F31 cwd answered 200", { "220 hi", "200 there" }, function(f)
    f:greet()
    return f:cwd("/pub")
end)
session("63 pasv", { "220 hi", "227 passive (127,0,0,1,4,5).", "227 =10,0,0,2,255,1", "227 nothing" }, function(f)
    f:greet()
    local address, port = f:pasv()
    show("63 first", address, port == 1029, f.pasvt.address, f.pasvt.port == 1029)
    address, port = f:pasv()
    show("63 second", address, port == 65281)
    return f:pasv()
end)
session("F31 epsv", { "220 hi", "229 (|||6446|)", "229 (||6446|)" }, function(f)
    f:greet()
    local address, port = f:epsv()
    show("epsv", address, tonumber(port), f.pasvt.address, tonumber(f.pasvt.port))
    return f:epsv()
end)
session("64 eprt", { "220 hi", "200 fine", "522 no" }, function(f)
    f:greet()
    show("eprt", f:eprt(2, "::1", 99))
    return f:eprt(1, "127.0.0.1", "1000")
end)
session("66 send", { "220 hi" }, function(f)
    f:greet()
    return f:send({ source = ltn12.source.string("x"), path = "/f" })
end)
session("66 receive", { "220 hi" }, function(f)
    f:greet()
    return f:receive({ sink = ltn12.sink.null(), path = "/f" })
end)
session("F31 send over epsv", { "220 hi", "229 (|||%EPSV%|)", "150 send", UPLOAD, "221 bye" }, function(f)
    f:greet()
    f:epsv()
    show("send", f:send({ argument = "f", source = ltn12.source.string("data") }) == 4)
    f:quit()
    return f:close()
end)
