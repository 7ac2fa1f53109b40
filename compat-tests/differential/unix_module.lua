-- The table of socket.unix, and its classes (unix.1, unix.2, S155, S160).
local show = require("show")
local unix = require("socket.unix")

show("S155", unix, unix.tcp == unix.stream, unix.udp == unix.dgram, getmetatable(unix) == unix)
show("mod.6", package.loaded["socket.core"], package.loaded.socket)
show("S155", unix(), unix("ignored", 1), unix.stream(1, 2), unix.dgram({}))
local stream = unix.stream
unix.stream = function(...) return "replaced", select("#", ...), ... end
show("unix.1", unix(1, nil, "x", nil))
show("unix.1: own table", unix.__call({ stream = function(...) return ... end }, 1, nil))
show("unix.1: tcp is not consulted", (unix.tcp()))
unix.stream = stream

local socket = require("socket")
show("mod.6", socket.unix, unix.tcp4)

-- Receivers and arguments: each method on another kind of object, without arguments, and with a table.
local function probe(family, make)
    local names = {}
    for name in pairs(getmetatable(make()).__index) do names[#names + 1] = name end
    table.sort(names)
    for _, name in ipairs(names) do
        if name ~= "class" then
            local object = make()
            show.raise(family .. ": " .. name .. " of a file", object[name], io.stdout)
            show.raise(family .. ": " .. name .. " of tcp", function() local _ = object[name](socket.tcp()) end)
            if not name:find("^receive") then
                show.raise(family .. ": " .. name .. "()", function() local _ = object[name](object) end)
            end
            show.raise(family .. ": " .. name .. "({})", function() local _ = object[name](object, {}) end)
        end
    end
end
probe("stream", unix.stream)
probe("dgram", unix.dgram)
show.raise("dgram: sendto", function() local _ = unix.dgram():sendto("x") end)
