-- add.30: when a call of socket.ftp fails, it closes its descriptors at once
local check = require("check")
local footprint = require("footprint")
local dialogue = require("dialogue")
local ltn12 = require("ltn12")
local socket = require("socket")
local ftp = require("socket.ftp")

local EPSV, after_login = dialogue.EPSV, dialogue.after_login
local FILE = { download = "content", reply = "226 done" }
local UPLOAD = { upload = true, reply = "226 done" }

local function get(port, sink)
    return ftp.get({ host = "127.0.0.1", port = port, path = "/f", sink = sink or ltn12.sink.null() })
end
local function put(port, source)
    return ftp.put({ host = "127.0.0.1", port = port, path = "/f", source = source or ltn12.source.string("content") })
end
local function raise() error("raised by the caller's code", 0) end
local function low_level(body)
    return socket.protect(function(port)
        local f = ftp.open("127.0.0.1", port)
        f:greet()
        body(f)
    end)
end

local kinds = {
    { "download", after_login(EPSV, "150 coming", FILE, "221 bye"), get },
    { "upload", after_login(EPSV, "150 send", UPLOAD, "221 bye"), put },
    { "refused login", { "220 hi", "530 no" }, get },
    { "refused RETR", after_login(EPSV, "550 no"), get },
    { "sink that fails", after_login(EPSV, "150 coming", FILE), function(port)
        return get(port, function() return nil, "full" end)
    end },
    { "sink that raises", after_login(EPSV, "150 coming", FILE), function(port) return get(port, raise) end },
    { "source that raises", after_login(EPSV, "150 send", UPLOAD), function(port) return put(port, raise) end },
    { "late failure", after_login(EPSV, "150 send", { upload = true, reply = "552 full" }), put },
    { "immediate reply", after_login(EPSV, "213 fine", "221 bye"), get },
    { "listener, refused PORT", { "220 hi", "500 no" }, low_level(function(f) f:port() end) },
}
local lists = {}
for i, kind in ipairs(kinds) do
    kind[2].times = 200
    lists[i] = kind[2]
end
local server = dialogue.serve(lists)
collectgarbage()
collectgarbage("stop")
local first = footprint.next_descriptor()
for _, kind in ipairs(kinds) do
    for _ = 1, 200 do pcall(kind[3], server.port) end
    check.equal("add.30: 200 times " .. kind[1], footprint.next_descriptor(), first)
end
collectgarbage("restart")
server:close()

server = dialogue.serve({ after_login(EPSV, "150 coming", FILE) })
check.raises("errors of the caller's code pass unchanged", "^raised by the caller's code$", get, server.port, raise)
server:close()

check.done()
