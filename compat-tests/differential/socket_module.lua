-- The module and its objects: mod.1-mod.9, class.1-class.13, S1-S16.
local show = require("show")
local core = require("socket.core")
show("mod.4 core alone has no helpers", core.bind, core.try, core.BLOCKSIZE, core.sourcet)
local socket = require("socket")
show("S1", socket == core, package.loaded.socket == package.loaded["socket.core"])
show("S2", rawget(_G, "socket"))
show("mod.5", getmetatable(socket))
show("S3", socket._SETSIZE, socket._SOCKETINVALID, socket._DATAGRAMSIZE, socket.BLOCKSIZE)
show("S4", socket._DEBUG, socket.headers)
show("S5", socket.__unload())
show("S5 extra arguments", socket.__unload(1, 2))

local names = {}
for name, value in pairs(socket) do names[#names + 1] = name .. ":" .. type(value) end
table.sort(names)
for _, name in ipairs(names) do
    -- The reference lacks the names that later modules register.
    if not name:match("^url:") and not name:match("^headers:") then print("field " .. name) end
end
local function keys(t)
    local list = {}
    for name in pairs(t) do list[#list + 1] = tostring(name) end
    table.sort(list)
    return table.concat(list, " ")
end
print("dns " .. keys(socket.dns))
print("sourcet " .. keys(socket.sourcet))
print("sinkt " .. keys(socket.sinkt))
show("defaults", socket.sourcet["default"] == socket.sourcet["until-closed"],
    socket.sinkt["default"] == socket.sinkt["keep-open"])

local master = socket.tcp4()
local server = socket.bind("127.0.0.1", 0)
local _, port = server:getsockname()
local client = socket.connect("127.0.0.1", port)
local accepted = server:accept()
for _, object in ipairs({ master, server, client, accepted, socket.udp4() }) do
    show("S6 S7", object.class, (tostring(object):match("^[%w{}]+: ")), tostring(object):match("0x%x+$") ~= nil)
    local mt = getmetatable(object)
    -- In our library the groups are in a table behind the metatable.
    print("class.3 " .. (keys(mt):gsub("[^ ]+{%a+} ?", ""):gsub(" $", "")))
    show("class.3 groups", mt["tcp{any}"], mt["udp{any}"], mt["select{able}"], mt["unixstream{any}"])
    print("class.4 " .. keys(mt.__index))
    show("class.4 class", mt.__index.class, type(mt.__index), mt.__index.class == object.class)
    show("class.5", object.nosuch)
    show.raise("class.5 write", function() object.x = 1 end)
end
show("class.3 one metatable a class", getmetatable(client) == getmetatable(accepted),
    getmetatable(client) == getmetatable(server), getmetatable(client).__index == getmetatable(server).__index)
getmetatable(client).__index.added = function() return "added" end
show("class.4 adding a method", client:added(), server.added)
getmetatable(client).__index.added = nil
local before = tostring(master):match("0x%x+")
master:connect("127.0.0.1", port)
show("S9 class.6", master.class, tostring(master):match("0x%x+") == before)
show.raise("S10", function() return socket.tcp4():accept() end)
show.raise("S11", function() return client.close(io.stdout) end)
show.raise("S11 nil", function() return client.close() end)
show.raise("S11 string", function() return client.close("x") end)
show("S12", client.nosuch)
show("S13", client:close(), client:close())
show("S14", accepted:getfd() >= 0, client:getfd())
show("S15", select("#", accepted:setfd(accepted:getfd())))
show.raise("setfd string", function() accepted:setfd("x") end)
show.raise("setfd nothing", function() accepted:setfd() end)
show("tostring closed", (tostring(client):match("^[%w{}]+: ")))
show.raise("bad __tostring", function() return getmetatable(client).__tostring(io.stdout) end)

-- setfd accepts numeric strings and truncates fractions.
local holder = socket.tcp()
show("setfd numeric string", select("#", holder:setfd("77.9")), holder:getfd())
holder:setfd(-7)
show("setfd negative", holder:getfd(), holder:getsockname())
holder:setfd(-1)
show("setfd -1", holder:getfd(), type(holder.send), holder:dirty())

-- Receiver checks, class.8 and class.9: every method on every tcp class.
local samples = { master = socket.tcp4(), server = socket.tcp4(), client = socket.tcp4() }
samples.server:bind("127.0.0.1", 0)
samples.server:listen()
samples.client:connect("127.0.0.1", 1)
for _, object in pairs(samples) do object:settimeout(0) end
for _, kind in ipairs({ "master", "server", "client" }) do
    local object = samples[kind]
    for _, method in ipairs({ "accept", "bind", "listen", "setsockname", "send", "receive", "getstats", "setstats",
        "shutdown" }) do
        local ok, message = pcall(object[method], object)
        if not ok then print(kind, method, message:gsub("^.-%.lua:%d+: ", ""), "") end
    end
end

-- S16: collection closes the descriptor.
local own = socket.bind("127.0.0.1", 0)
local function accept_abandoned()
    local abandoned = socket.connect("127.0.0.1", (select(2, own:getsockname())))
    return own:accept(), abandoned.class
end
local left = accept_abandoned()
left:settimeout(5)
collectgarbage()
collectgarbage()
show("S16", left:receive())
local third = socket.connect("127.0.0.1", port)
show("class.12 __gc closes", getmetatable(third).__gc(third), third:getfd())

-- class.12: called directly, it works as close, but only on objects of its family; statistics and limits remain.
local finalizer = getmetatable(third).__gc
for _, other in ipairs({ io.stdout, socket.udp4(), "x", {} }) do
    show.raise("class.12 of another " .. type(other), function() local r = finalizer(other) return r end)
end
show.raise("class.12 of nothing", function() local r = finalizer() return r end)
local counted = assert(socket.connect("127.0.0.1", port))
counted:setstats(10, 20)
counted:settimeout(3, "t")
show("class.12 what stays", finalizer(counted), counted.class, counted:gettimeout())
local received, sent = counted:getstats()
show("class.12 statistics", received, sent)
