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

-- The same of a response. When there is none, the message.
function client_peer.echoed(response, message)
    if not response then return message end
    return client_peer.echo(response.body)
end

-- The message and the phase of a call that returned no response.
function client_peer.failure(response, message, phase)
    if response then return "a response" end
    return { message, phase }
end

-- Makes a request with socket.http and the given fields. `url` may be a path of the server at `base`. Returns the body,
-- the code, the headers and the status line. On failure: nil, the message, and the part of the body that has arrived.
function client_peer.request(base, url, fields)
    local body = {}
    local reqt = { url = (url:find("^http") and "" or base) .. url, sink = require("ltn12").sink.table(body) }
    for name, value in pairs(fields or {}) do reqt[name] = value end
    local ok, code, headers, status = require("socket.http").request(reqt)
    if not ok then return nil, code, table.concat(body) end
    return table.concat(body), code, headers, status
end

-- `text` in base64, escaped for a query.
function client_peer.packed(text)
    return (require("mime").b64(text):gsub("%W", function(c) return ("%%%02X"):format(c:byte()) end))
end

return client_peer
