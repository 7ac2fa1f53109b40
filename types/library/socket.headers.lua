---@meta socket.headers

---How the names of headers are spelled.
---@class socket.headers
---@field canonic table<string, string> lower-case name to spelling
local headers = {}

---Registers a spelling.
---@param name string as it is to be sent
function headers.setcanonic(name) end

return headers
