---@meta socket.core

---The table of `socket`. The functions written in Lua are in it after `socket` is loaded.
---@type socket
local socket

return socket
