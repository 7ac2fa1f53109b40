-- Line-based request and reply transport, shared by SMTP, FTP and similar protocols. src/late/tp.lua has the
-- connections.
local socket = require("socket")
local ltn12 = require("ltn12")
local part = require("socket.part")
local session = require("socket.session")

---@class socket.tp
local tp = { TIMEOUT = 60 }
socket.tp = tp

local late = part("tp", function() return next end, { socket = socket, ltn12 = ltn12, tp = tp, calls = session.calls })

---Connects to a server. Sends and reads nothing (T2).
---@param host string
---@param port number|string
---@param timeout number|nil seconds, default `tp.TIMEOUT`
---@param create (fun(): table)|nil makes the connection object, default `socket.tcp`
---@return socket.tp.connection|nil connection
---@return string|nil message
function tp.connect(host, port, timeout, create)
    return late().connect(host, port, timeout, create)
end

return tp
