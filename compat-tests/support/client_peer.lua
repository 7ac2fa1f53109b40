-- The web server of servers/client_peer.py for the client's own scripts.
local peer = require("peer")

local client_peer = {}

-- Starts it; with the names of certificate and key it speaks TLS.
function client_peer.start(...)
    local started = peer.python(os.getenv("COMPAT_SERVERS") .. "/client_peer.py", ...)
    started.host = "127.0.0.1:" .. started.port
    started.base = (... and "https://" or "http://") .. started.host
    return started
end

-- The lines of what `/echo` tells of a request: the request line, and a table of the values of each header by the
-- name as it was sent, and the body.
function client_peer.echo(text)
    local head, body = text:match("^(.-)\n\n(.*)$")
    local lines, values = {}, {}
    for line in head:gmatch("[^\n]+") do
        lines[#lines + 1] = line
        local name, value = line:match("^([^:]+): ?(.*)$")
        if name and #lines > 1 then
            values[name] = values[name] or {}
            table.insert(values[name], value)
        end
    end
    return lines[1], values, body
end

-- The base64 text of `text` in a query.
function client_peer.packed(text)
    return (require("mime").b64(text):gsub("%W", function(c) return ("%%%02X"):format(c:byte()) end))
end

return client_peer
