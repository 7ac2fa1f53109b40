-- Hostile HTTP servers: a response that is cut off at each of its bytes, by a close and by a reset.
local check = require("check")
local peer = require("peer")
local http = require("socket.http")
http.TIMEOUT = 5

local BODY = "0123456789"
local HEAD = "HTTP/1.1 200 OK\r\nServer: x\r\n"
local RESPONSES = {
    length = HEAD .. "Content-Length: 10\r\n\r\n" .. BODY,
    chunked = HEAD .. "Transfer-Encoding: chunked\r\n\r\n4;e\r\n0123\r\n6\r\n456789\r\n0\r\nT: 1\r\n\r\n",
    closed = HEAD .. "\r\n" .. BODY,
    interim = "HTTP/1.1 103 E\r\nLink: x\r\n\r\n" .. HEAD .. "Content-Length: 10\r\n\r\n" .. BODY,
}

-- The path says which response, how many of its bytes, and what happens then.
local server = peer.lua(([[
local socket = require("socket")
local listener = assert(socket.bind("127.0.0.1", 0))
print((select(2, listener:getsockname())))
local responses = { length = %q, chunked = %q, closed = %q, interim = %q }
while true do
    local client = listener:accept()
    local name, count, ending = (client:receive() or ""):match("^GET /(%%a+)/(%%d+)/(%%a+)")
    if not name then break end
    repeat until client:receive() == ""
    client:send(responses[name]:sub(1, tonumber(count)))
    if ending == "reset" then client:setoption("linger", { on = true, timeout = 0 }) end
    client:close()
end
]]):format(RESPONSES.length, RESPONSES.chunked, RESPONSES.closed, RESPONSES.interim))

for name, response in pairs(RESPONSES) do
    local body_starts = #response - #BODY
    for _, ending in ipairs({ "close", "reset" }) do
        local wrong = {}
        for count = 0, #response do
            local body, code = http.request(("http://127.0.0.1:%d/%s/%d/%s"):format(server.port, name, count, ending))
            local expected_body, expected_code = nil, "closed"
            if count == #response then
                expected_body, expected_code = BODY, 200
            elseif name == "closed" and count >= body_starts then
                -- without an announced end every end is one
                expected_body, expected_code = BODY:sub(1, count - body_starts), 200
            end
            if body ~= expected_body or code ~= expected_code then
                wrong[#wrong + 1] = ("%d bytes: %s, %s"):format(count, tostring(body), tostring(code))
            end
        end
        check.ok(name .. ", " .. ending .. " at each byte", #wrong == 0, table.concat(wrong, "; "))
    end
end
http.request("http://127.0.0.1:" .. server.port .. "/")
server:close()
check.done()
