-- Runs servers/client_peer.py, the web server for the client's tests.
local peer = require("peer")

local client_peer = {}

-- Starts the server. With the names of a certificate and a key it uses TLS.
function client_peer.start(...)
    local started = peer.python(os.getenv("COMPAT_SERVERS") .. "/client_peer.py", ...)
    started.host = "127.0.0.1:" .. started.port
    started.base = (... and "https://" or "http://") .. started.host
    return started
end

-- Parses the answer of `/echo`: the request line, a table from the header names, spelled as sent, to their values, and
-- the body.
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

-- `text` in base64, escaped for a query.
function client_peer.packed(text)
    return (require("mime").b64(text):gsub("%W", function(c) return ("%%%02X"):format(c:byte()) end))
end

return client_peer
