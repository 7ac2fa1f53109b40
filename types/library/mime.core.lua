---@meta mime.core

---The table of `mime`. The functions written in Lua are in it after `mime` is loaded.
---@type mime
local mime

return mime
