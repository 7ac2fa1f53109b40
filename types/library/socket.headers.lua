---@meta socket.headers

---Spelling of header names.
---@class socket.headers
---@field canonic table<string, string> lower-case name to spelling
local headers = {}

---Registers a spelling.
---@param name string spelling to send
function headers.setcanonic(name) end

return headers
