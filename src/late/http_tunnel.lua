-- Connects through an HTTP proxy with CONNECT. Internal to HTTPS.
local captured = ...
local find, match, sub = captured.find, captured.match, captured.sub

local LONGEST_LINE = 8192
local MOST_LINES = 200
local NO_ANSWER = "proxy sent no valid answer"

local tunnel = {}

-- The target of CONNECT: `host:port`, with an IPv6 address in brackets. Nil and a message when it is invalid
-- (add.26).
function tunnel.target(host, port)
    if find(host, ":", 1, true) and sub(host, 1, 1) ~= "[" then host = "[" .. host .. "]" end
    local target = host .. ":" .. port
    if find(target, "[^!-~]") then return nil, "invalid host '" .. target .. "'" end
    return target
end

local function receive_line(sock, prefix)
    local line, err, partial = sock:receive("*l", prefix, LONGEST_LINE)
    if line then return line end
    if err == "oversized" or err == "closed" and partial ~= "" then err = NO_ANSWER end
    return nil, err
end

-- Reads one response. Returns its code, or nil and a message.
local function receive_answer(sock)
    local start, err, partial = sock:receive(5)
    if not start then return nil, partial ~= "" and err == "closed" and NO_ANSWER or err end
    if start ~= "HTTP/" then return nil, NO_ANSWER end
    local line
    line, err = receive_line(sock, start)
    if not line then return nil, err end
    local code = match(line, "^HTTP/%d%.%d (%d%d%d)%f[%D]")
    if not code then return nil, NO_ANSWER end
    for _ = 1, MOST_LINES do
        line, err = receive_line(sock)
        if not line then return nil, err end
        if line == "" then return code end
    end
    return nil, NO_ANSWER
end

-- Asks the proxy behind `sock` to connect to the target. Only the proxy receives its credentials. Returns true, or
-- nil and a message.
function tunnel.open(sock, proxy, target)
    local request = "CONNECT " .. target .. " HTTP/1.1\r\nHost: " .. target .. "\r\n"
    local credentials = captured.authority().basic(proxy.user, proxy.password)
    if credentials then request = request .. "Proxy-Authorization: " .. credentials .. "\r\n" end
    local sent, err = sock:send(request .. "\r\n")
    if not sent then return nil, err end
    for _ = 1, MOST_LINES do
        local code
        code, err = receive_answer(sock)
        if not code then return nil, err end
        local class = sub(code, 1, 1)
        if class == "2" then return true end
        if class ~= "1" then return nil, "proxy refused CONNECT (" .. code .. ")" end
    end
    return nil, NO_ANSWER
end

return tunnel
