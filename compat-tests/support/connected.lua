-- Two connected TCP objects: `local client, peer = require("connected")()`.
local socket = require("socket")

return function()
    local server = assert(socket.bind("127.0.0.1", 0))
    local _, port = server:getsockname()
    local client = assert(socket.connect("127.0.0.1", port))
    local peer = assert(server:accept())
    server:close()
    return client, peer
end
