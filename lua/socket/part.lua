-- Parts of modules that are compiled at their first use (src/late). Internal.
local compile = require("socket.native")("socket_late")

---Makes a function that returns a part, and loads it when it is first called.
---@param name string
---@param owner function a part has the environment of this function, which uses one variable: a global
---@param captured any argument of the part: what it would have read when its module was required. A program may have
---replaced these functions and fields by the time the part is loaded
---@return fun(): any
return function(name, owner, captured)
    local part
    return function()
        if part == nil then
            local loaded = compile(name, owner)(captured)
            -- a debug hook may have run other code, which has loaded it
            if part == nil then part = loaded end
        end
        return part
    end
end
