-- Sources and sinks over sockets: S142-S146, ltn.
local show = require("show")
local socket = require("socket")

local server = assert(socket.bind("127.0.0.1", 0))
local _, port = server:getsockname()
local function with(size)
    local client = assert(socket.connect("127.0.0.1", port))
    local peer = assert(server:accept())
    if size > 0 then peer:send(("x"):rep(size)) end
    peer:close()
    client:settimeout(5)
    return client
end
local function sizes(source, most)
    local out = {}
    for i = 1, most or 10 do
        local chunk, problem = source()
        out[i] = chunk and #chunk or (problem or "end")
        if not chunk then break end
    end
    return table.concat(out, " ")
end

local c = with(5000)
local source = socket.source("until-closed", c)
show("S142", sizes(source))
show("S142 closed", c:getfd(), source())
show("S143", sizes(socket.source("until-closed", with(0))))
show("default", sizes(socket.source(with(10))))
show("S144", sizes(socket.source("by-length", with(5000), 2500)))
show("S144 short", sizes(socket.source("by-length", with(100), 2500)))
show("S144 zero", sizes(socket.source("by-length", with(100), 0)), sizes(socket.source("by-length", with(100), -1)))
show("S144 exactly", sizes(socket.source("by-length", with(4096), 4096)))
show.raise("no length", function() return socket.source("by-length", with(10))() end)
socket.BLOCKSIZE = 1000
show("BLOCKSIZE is read each time", sizes(socket.source("until-closed", with(2500))))
socket.BLOCKSIZE = 2048

local client = assert(socket.connect("127.0.0.1", port))
local peer = assert(server:accept())
local sink = socket.sink("close-when-done", client)
show("S145", sink("hello"))
show("S145 empty", sink(""))
show("S145 error argument", sink("x", "ignored"))
show("S145 end", sink(nil), client:getfd())
show("S145 after", sink("x"))
local keep = assert(socket.connect("127.0.0.1", port))
server:accept()
local open = socket.sink("keep-open", keep)
show("S145 keep", open("abc"))
show("S145 keep end", open(nil), keep:getfd() >= 0)
show("S145 default", socket.sink(keep)("abc"))
show("S146", type(sink), type(sink.getfd), type(sink.dirty), open.getfd() == keep:getfd(), open.dirty())
show("S146 source", type(source), source.getfd(), source.dirty())
socket.sourcet["mine"] = function(a, b) return a, b end
show("own key", socket.source("mine", 1, 2))
peer:settimeout(5)
show("peer got", peer:receive("*a"))
-- A timeout is an error, and the data is lost (except until close: add.46).
local slow = assert(socket.connect("127.0.0.1", port))
local sender = assert(server:accept())
sender:send("partial")
slow:settimeout(0.05)
slow:settimeout(0.05)
sender:send("partial")
show("timeout by length", socket.source("by-length", slow, 100)())
