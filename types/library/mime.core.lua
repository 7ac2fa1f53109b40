---@meta mime.core

---The table of `mime`; what is written in Lua is in it once `mime` is loaded.
---@type mime
local mime

return mime
