-- http.receive, http.body.receive: status lines, headers and bodies (http.s.57-123).
local show = require("show")
local fake = require("fake_http")
local socket = require("socket")
local http = require("socket.http")

local function get(label, reply, method, changes)
    local peer = fake.peer(reply)
    local sink, seen = fake.sink()
    local reqt = { url = "http://h.test/", sink = sink, method = method, create = peer.create }
    for name, value in pairs(changes or {}) do reqt[name] = value end
    show.raise(label, http.request, reqt)
    show(label .. " sink", seen())
end

-- status line
get("http.s.57", "")
get("http.s.58", "HT")
get("http.s.59", "HTTP/1.1 200")
get("http.s.60", "HTTP/2 200 OK\r\n\r\nx")
get("http.s.61", "HTTP/1.1 abc\r\n\r\n")
get("http.s.62", "HTTP/1.1 20 OK\r\n\r\n")
get("two blanks", "HTTP/1.1  200 OK\r\n\r\n")
get("http.s.63", "HTTP/1.1 200\r\n\r\nx")
get("four digits", "HTTP/1.1 2000 x\r\n\r\nx")
get("no digits around the dot", "HTTP/. 200 x\r\n\r\nx")
get("late match", "HTTP/x HTTP/1.1 404 x\r\n\r\nx")
get("http.s.64", "HTTP/1.1 200 OK\nA: b\n\nx")
get("CR inside a line", "HTTP/1.1 200 O\rK\r\r\nA: b\rc\r\n\r\nx")
get("http.s.65", "HTTP/1.0 404 Not Found\r\n\r\nx")
get("http.s.66", "hello world")
get("lower case", "http/1.1 200 OK\r\n\r\n")
get("exactly five bytes", "hello")
local function string_form(label, ...)
    socket.tcp = fake.peer(...).create
    show(label, http.request("http://h.test/"))
end
string_form("http.s.67", "hello world")
get("http.s.68", "\r\nHTTP/1.1 200 OK\r\n\r\n")
get("ICY", "ICY 200 OK\r\n\r\nx")
get("408 after 100", "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 408 T\r\nContent-Length: 3\r\n\r\nabc")
get("http.s.70", "", nil, {
    create = function()
        local sock = fake.peer("").create()
        function sock.receive() return "", "timeout" end
        return sock
    end,
})

-- headers
local function headers(label, lines)
    get(label, "HTTP/1.1 200 OK\r\n" .. lines .. "\r\n", "HEAD")
end
headers("http.s.71", "A: b\r\na: c\r\nA: d\r\n")
headers("http.s.72", "Set-Cookie: a\r\nSet-Cookie: b\r\n")
headers("http.s.73", "A: b\r\n c\r\n")
headers("http.s.74", "A: b\r\n\tc\r\n  d\r\n")
headers("other blanks fold too", "A: b\r\n\vc\r\n\fd\r\n")
headers("blank-only line is a continuation", "A: b\r\n  \r\nC: d\r\n")
headers("folded and repeated", "A: b\r\n c\r\nA: d\r\n e\r\nB: 1\r\nA: f\r\n")
headers("http.s.75", "A:\r\n")
headers("empty, folded", "A:\r\n b\r\n")
headers("http.s.76", "A:  \t b  \r\n")
headers("http.s.77", "A:b:c\r\n")
headers("http.s.78", "A : b\r\n")
headers("first line begins with a blank", " A: b\r\n")
headers("http.s.79", ": b\r\n")
headers("http.s.80", "X-FOO: Bar\r\n")
headers("bytes above 127", "A: \233\r\n")
get("http.s.82", "HTTP/1.1 200 OK\r\nA: b\r\n")
get("http.s.83", "HTTP/1.1 200 OK\r\nA: b")

-- bodies
local function body(label, lines, data, status, method)
    get(label, "HTTP/1.1 " .. (status or "200 OK") .. "\r\n" .. lines .. "\r\n" .. data, method)
end
local CHUNKED = "Transfer-Encoding: chunked\r\n"
body("http.s.84", "Content-Length: 3\r\n", "abcdef")
body("http.s.85", "Content-Length: 5\r\n", "abc")
body("http.s.86", "Content-Length: 0\r\n", "")
body("http.s.87", "Content-Length: abc\r\n", "abc")
body("trailing blank", "Content-Length: 3 \r\n", "abcd")
body("http.s.89", "", "")
body("http.s.90", "", "abc")
body("http.s.91", CHUNKED, "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
body("http.s.92", CHUNKED, "3;x=y\r\nabc\r\n0;z\r\n\r\n")
body("http.s.93", CHUNKED, "000A\r\n0123456789\r\n00\r\n\r\n")
body("lower-case hexadecimal", CHUNKED, "a\r\n0123456789\r\n0\r\n\r\n")
body("blanks around a size", CHUNKED, " 3 \r\nabc\r\n3 ;x\r\ndef\r\n0\r\n\r\n")
body("http.s.94", CHUNKED, "zz\r\nabc\r\n")
body("http.s.95", CHUNKED, "\r\nabc\r\n")
body("http.s.96", CHUNKED, "5\r\nabc")
body("http.s.97", CHUNKED, "3\r\nabc")
body("http.s.98", CHUNKED, "3\r\nabc\r\n0\r\n")
body("http.s.99", CHUNKED, "3\r\nabc\r\n0\r\nHost: 1\r\n\r\n")
body("http.s.100", "Content-Length: 2\r\n" .. CHUNKED, "3\r\nabc\r\n0\r\n\r\n")
body("http.s.101", "Content-Length: 3\r\nTransfer-Encoding: identity\r\n", "abcdef")
body("http.s.102", "Transfer-Encoding: gzip, chunked\r\n", "3\r\nabc\r\n0\r\n\r\n")
body("wrong bytes after a chunk", CHUNKED, "3\r\nabcxy\r\n2\r\nde\r\n0\r\n\r\n")
body("http.s.103", "Content-Length: 3\r\n", "abc", "204 No")
body("http.s.104", "Content-Length: 3\r\n", "abc", "304 N")
body("http.s.105", "Content-Length: 3\r\n", "abc", "200 OK", "HEAD")
body("head in lower case", "Content-Length: 3\r\n", "abc", "200 OK", "head")
body("http.s.106", "", "abc", "101 Sw")
body("099", "", "abc", "099 x")
body("http.s.107", "Content-Length: 3\r\n", "abc", "205 R")
body("http.s.108", "", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "100 C")
body("http.s.109", "", "HTTP/1.1 100 C\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "100 C")
body("http.s.110", "", "", "100 C")
body("http.s.111", "Content-Length: 3\r\n", "bad", "500 Oops")
string_form("http.s.112", "HTTP/1.1 404 NF\r\nContent-Length: 3\r\n\r\nbad")
string_form("http.s.113", "HTTP/1.1 204 N\r\n\r\n")

local function sizes(label, reply)
    local list = {}
    local peer = fake.peer(reply)
    show(label, http.request({
        url = "http://h.test/", create = peer.create,
        sink = function(chunk)
            list[#list + 1] = chunk and #chunk or "nil"
            return 1
        end,
    }))
    show(label .. " pieces", table.concat(list, " "))
end
sizes("http.s.114", "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" .. ("x"):rep(5000))
sizes("http.s.115", "HTTP/1.1 200 OK\r\n" .. CHUNKED .. "\r\n1388\r\n" .. ("x"):rep(5000) .. "\r\n0\r\n\r\n")
sizes("until close", "HTTP/1.1 200 OK\r\n\r\n" .. ("x"):rep(5000))
sizes("until close, full last piece", "HTTP/1.1 200 OK\r\n\r\n" .. ("x"):rep(4096))
sizes("HTTP/0.9", ("x"):rep(5000))
socket.BLOCKSIZE = 1000
sizes("socket.BLOCKSIZE", "HTTP/1.1 200 OK\r\nContent-Length: 2500\r\n\r\n" .. ("x"):rep(2500))
socket.BLOCKSIZE = 2048

-- sinks, sources, steps
local OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
local function once(data)
    return function()
        local piece = data
        data = nil
        return piece
    end
end
get("http.s.116", OK, nil, { sink = function() return nil, "E" end })
get("sink that gives a table", OK, nil, { sink = function() return nil, { "E" } end })
get("http.s.117", OK, nil, { sink = function() return nil end })
get("http.s.118", OK, nil, { sink = function(chunk) if chunk then return 1 end return nil, "atnil" end })
get("http.s.119", OK, nil, { sink = function() error("boom", 0) end })
get("http.s.120", OK, nil, { source = function() return nil, "E" end })
get("source that raises", OK, nil, { source = function() error("boom", 0) end })
local steps, kinds = 0, {}
get("http.s.121", OK, nil, {
    source = once("abc"),
    step = function(source, sink)
        steps = steps + 1
        kinds[steps] = type(source) .. " " .. type(sink)
        return require("ltn12").pump.step(source, sink)
    end,
})
show("http.s.121 steps", steps, table.concat(kinds, ", "))
get("http.s.122", OK, nil, { step = function() return nil, "E" end })
get("http.s.123", OK, nil, { step = function() return false end })
