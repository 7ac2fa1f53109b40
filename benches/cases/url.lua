-- socket.url on an address with every part.
local measure = require("measure")
local url = require("socket.url")

local FULL = "http://user:secret@www.example.com:8080/some/path/to/a/document.html;version=2?q=lua&lang=en#section"
local BASE = "http://www.example.com/a/b/c/d.html;p?q"
local RELATIVE = "../../x/./y/../z.html?query=1#top"
local TEXT = "a sentence with spaces, signs (&=?/#) & letters: \195\169\195\168"

local function repeated(count, call)
    return function()
        for _ = 1, count do
            call()
        end
    end, count
end

local cases = {}

function cases.parse(count)
    return repeated(count, function() return url.parse(FULL) end)
end

function cases.absolute(count)
    return repeated(count, function() return url.absolute(BASE, RELATIVE) end)
end

function cases.escape(count)
    return repeated(count, function() return url.escape(TEXT) end)
end

-- The path differs from call to call, and the results are kept. Otherwise LuaJIT would not do the work each time.
function cases.build(count)
    local parts = { scheme = "http", host = "www.example.com" }
    local paths, built = {}, {}
    for i = 1, 16 do paths[i] = "/some/path/" .. i end
    return function()
        for i = 1, count do
            local place = i % 16 + 1
            parts.path = paths[place]
            built[place] = url.build(parts)
        end
        assert(built[1])
    end, count
end

measure.run(cases)
