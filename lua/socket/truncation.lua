-- Detects a stream that ended without TLS's close_notify: a body without a length was then truncated (add.51).
-- Internal.
local find, pcall, rawget, require, tostring, type = string.find, pcall, rawget, require, tostring, type

local was_cut

---Returns whether a connection that has reported "closed" was truncated. Plain connections have no such notice, and
---return false.
---@param connection table|userdata
---@return boolean
return function(connection)
    if type(connection) == "table" then connection = rawget(connection, "sock") end
    if type(connection) ~= "userdata" or not find(tostring(connection), "^SSL connection") then return false end
    if was_cut == nil then
        local ok, core = pcall(require("socket.native"), "socket_tls_core")
        was_cut = ok and core.was_cut or false
    end
    return was_cut and was_cut(connection)
end
