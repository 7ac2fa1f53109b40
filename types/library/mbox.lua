---@meta mbox

return require("socket.mbox")
