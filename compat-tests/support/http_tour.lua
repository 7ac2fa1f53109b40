-- A short test of everything over HTTP, for valgrind and for a collector that runs all the time. Native functions read
-- heads and bodies, but only over real connections.
local check = require("check")
local native = require("socket.native")

-- The number of times that each of these functions read something.
local reads = { receive_fields = 0, receive_body = 0 }
package.loaded["socket.native"] = function(name)
    local module = native(name)
    if name ~= "socket_http" then return module end
    for key in pairs(reads) do
        local receive = module[key]
        module[key] = function(...)
            local result, err = receive(...)
            if result ~= false then reads[key] = reads[key] + 1 end
            return result, err
        end
    end
    return module
end

local ltn12 = require("ltn12")
local peer = require("peer")
local random_http = require("random_http")
local show = require("show")
local http = require("socket.http")
http.TIMEOUT = 50

local OK = "HTTP/1.1 200 OK\r\n"
local LENGTH, CHUNKED = OK .. "Content-Length: %d\r\n\r\n%s", OK .. "Transfer-Encoding: chunked\r\n\r\n"
-- The long body is larger than a socket's buffer.
local SHORT, LONG = "0123456789", ("0123456789abcdef"):rep(1250)
local RESPONSES = {
    length = LENGTH:format(#SHORT, SHORT),
    long = LENGTH:format(#LONG, LONG),
    empty = LENGTH:format(0, ""),
    chunked = CHUNKED .. ("4;e\r\n0123\r\n6\r\n456789\r\n0\r\nT: 1\r\n\r\n"),
    large = CHUNKED .. ("%x\r\n%s\r\n0\r\n\r\n"):format(#LONG, LONG),
    ended = OK .. "\r\n" .. SHORT,
    stream = OK .. "\r\n" .. LONG,
    nothing = OK .. "\r\n",
    old = "no status line",
    interim = "HTTP/1.1 100 Continue\r\nA: b\r\n\r\n" .. LENGTH:format(#SHORT, SHORT),
    fields = OK .. "A: b\r\n c\r\na: d\r\n: e\r\nB\0:\255\r\nContent-Length: 0\r\n\r\n",
    moved = "HTTP/1.1 302 Moved\r\nLocation: /length\r\nContent-Length: 4\r\n\r\nmove",
    malformed = OK .. "nonsense\r\n\r\n",
    line = OK .. "A: " .. ("x"):rep(70000) .. "\r\n\r\n",
    block = OK .. ("A: " .. ("x"):rep(60000) .. "\r\n"):rep(5) .. "\r\n",
    head = OK .. "A: b\r\nB",
    cut = LENGTH:format(#LONG + 1, LONG),
    chunk = CHUNKED .. "4\r\n012",
}

local listed = {}
for name, response in pairs(RESPONSES) do listed[#listed + 1] = ("%s = %q"):format(name, response) end
-- The path selects the response and its ending.
local server = peer.lua(([[
local socket = require("socket")
local listener = assert(socket.bind("127.0.0.1", 0))
print((select(2, listener:getsockname())))
local responses = { %s }
while true do
    local client = listener:accept()
    client:settimeout(100)
    local name, ending = (client:receive() or ""):match("^%%u+ /(%%a+)%%.?(%%a*)")
    if not name then break end
    repeat local field = client:receive() until not field or field == ""
    client:send(responses[name])
    if ending == "reset" then client:setoption("linger", { on = true, timeout = 0 }) end
    if ending == "stall" then client:receive("*a") end
    client:close()
end
]]):format(table.concat(listed, ", ")))

-- The result of a request: the same for the string form and for a table with a sink.
local function expect(path, result, code)
    local url = ("http://127.0.0.1:%d/%s"):format(server.port, path)
    local body, answer, headers = http.request(url)
    check.equal(path, { body, answer }, { result, code })
    local sink, pieces = ltn12.sink.table()
    local one, second = http.request({ url = url, sink = sink })
    check.equal(path .. " into a sink", { one and table.concat(pieces), second }, { result, code })
    return headers
end

expect("length", SHORT, 200)
expect("long", LONG, 200)
expect("empty", "", 200)
expect("chunked", SHORT, 200)
expect("large", LONG, 200)
expect("ended", SHORT, 200)
expect("stream", LONG, 200)
expect("nothing", "", 200)
expect("long.reset", LONG, 200)
expect("stream.reset", LONG, 200)
expect("old", RESPONSES.old, 200)
expect("interim", SHORT, 200)
expect("moved", SHORT, 200)
check.equal("the fields", expect("fields", "", 200),
    { a = "b c, d", [""] = "e", ["b\0"] = "\255", ["content-length"] = "0" })
expect("malformed", nil, "malformed response headers")
expect("line", nil, "oversized")
expect("block", nil, "oversized")
expect("head", nil, "closed")
expect("head.reset", nil, "closed")
expect("cut", nil, "closed")
expect("cut.reset", nil, "closed")
expect("chunk", nil, "closed")
http.TIMEOUT = 0.2
expect("head.stall", nil, "timeout")
expect("cut.stall", nil, "timeout")
expect("stream.stall", nil, "timeout")
http.request("http://127.0.0.1:" .. server.port .. "/")
server:close()
check.ok("heads were read by the native function", reads.receive_fields >= 50, reads.receive_fields)
check.ok("bodies were read by the native function", reads.receive_body >= 12, reads.receive_body)

-- Damaged responses. Only numbers whose method is GET, so that both forms send the same request.
server = random_http.serve()
local before = reads.receive_body
for number = random_http.DAMAGED, random_http.DAMAGED + 32 do
    if number % 5 < 3 then
        local answer = random_http.ask(server, number)
        local body, code = http.request(("http://127.0.0.1:%d/%d/1"):format(server.port, number))
        check.equal("damaged response " .. number, { body, code }, { answer.result and answer.body, answer.code })
    end
end
random_http.stop(server)
check.ok("bodies of damaged responses were read by it, too", reads.receive_body > before, show.text(reads))
check.done()
