---@meta socket.core

---The table of `socket`; what is written in Lua is in it once `socket` is loaded.
---@type socket
local socket

return socket
