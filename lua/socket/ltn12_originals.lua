-- The functions of this library's ltn12, by which socket.http detects those that a program has replaced. Internal to
-- ltn12 and socket.http.
local next, setmetatable = next, setmetatable

local names = setmetatable({}, { __mode = "k" })

local originals = {}

-- Records a function of ltn12.
function originals.add(name, f) names[f] = name end

-- True for the recorded function of that name.
function originals.has(name, f) return names[f] == name end

-- The recorded function of that name.
function originals.known(name)
    for f, known in next, names do
        if known == name then return f end
    end
end

return originals
