-- How socket.http handles replies that are invalid, hostile or truncated.
local check = require("check")
local fake = require("fake_http")
local socket = require("socket")
local http = require("socket.http")

local peer, seen
local function get(reply, changes)
    peer = fake.peer(reply)
    local reqt = { url = "http://h/", create = peer.create }
    reqt.sink, seen = fake.sink()
    for name, value in pairs(changes or {}) do reqt[name] = value end
    return http.request(reqt)
end
local function closed() return peer.sockets[1].closed end

local OK = "HTTP/1.1 200 OK\r\n"
local LENGTH = OK .. "Content-Length: 2\r\n\r\nok"
local CHUNKED = OK .. "Transfer-Encoding: chunked\r\n\r\n"

check.equal("http.s.81", { get(OK .. "no colon\r\n\r\n") }, { nil, "malformed response headers" })
check.equal("add.30: closed", closed(), 1)
check.equal("http.receive.14: close after a continuation", { get(OK .. "A: b\r\n c\r\n") }, { nil, "closed" })

-- http.bugs.10, add.27
check.equal("http.bugs.10: no HTTP after 100", { get("HTTP/1.1 100 C\r\n\r\nhello world") }, { nil, "hello" })
check.equal("http.bugs.10: close after 100", { get("HTTP/1.1 100 C\r\n\r\nHTT") }, { nil, "closed" })
for _, code in ipairs({ 100, 102, 103 }) do
    local ok, status = get("HTTP/1.1 " .. code .. " x\r\nA: b\r\n\r\n" .. LENGTH)
    check.equal("add.27: " .. code .. " is skipped", { ok, status }, { 1, 200 })
end
check.equal("add.27: 101 is final", { select(2, get("HTTP/1.1 101 x\r\n\r\nabc")) }, { 101, {}, "HTTP/1.1 101 x" })
check.equal("add.6: 100 interim replies", { select(2, get(("HTTP/1.1 103 x\r\n\r\n"):rep(100) .. LENGTH)) },
    { 200, { ["content-length"] = "2" }, "HTTP/1.1 200 OK" })
check.equal("add.6: 101 interim replies", { get(("HTTP/1.1 103 x\r\n\r\n"):rep(101) .. LENGTH) }, { nil, "oversized" })

-- http.bugs.11
get("HTTP/1.1 408 T\r\nContent-Length: 0\r\n\r\n")
check.equal("http.bugs.11: 408 is closed", closed(), 1)
local function raise() error("boom", 0) end
local thing = setmetatable({}, { __tostring = function() return "thing" end })
for name, changes in pairs({
    sink = { sink = raise }, source = { source = raise }, step = { step = raise },
    ["sink, a table"] = { sink = function() error(thing) end },
}) do
    local ok, err = pcall(get, LENGTH, changes)
    check.ok("http.bugs.11: " .. name .. " raises", not ok and (err == "boom" or err == thing), err)
    check.equal("http.bugs.11: " .. name .. ": closed", closed(), 1)
end
for _, name in ipairs({ "settimeout", "connect", "send", "receive" }) do
    local ok, err = pcall(get, LENGTH, {
        create = function()
            local sock = peer.create()
            sock[name] = raise
            return sock
        end,
    })
    check.ok("http.bugs.11: " .. name .. " raises", not ok and err == "boom", err)
    check.equal("http.bugs.11: " .. name .. ": closed", closed(), 1)
end

-- add.6, on objects that do not support maxsize
local line, size = http.MAXHEADERLINE, http.MAXHEADERSIZE
check.equal("add.6: defaults", { line, size }, { 65536, 262144 })
local longest = "A: " .. ("x"):rep(65536 - 3)
check.equal("add.6: longest line", select(3, get(OK .. longest .. "\r\n\r\n")).a, ("x"):rep(65536 - 3))
check.equal("add.6: line too long", { get(OK .. longest .. "x\r\n\r\n") }, { nil, "oversized" })
check.equal("add.6: closed", closed(), 1)
check.equal("add.6: status line too long", { get("HTTP/1.1 200 " .. ("x"):rep(65536) .. "\r\n\r\n") }, { nil, "oversized" })
check.equal("add.6: block too long", { get(OK .. ("A: b\r\n"):rep(43691) .. "\r\n") }, { nil, "oversized" })
check.equal("add.6: block not too long", #select(3, get(OK .. ("A: b\r\n"):rep(43000) .. "\r\n")).a, 43000 * 3 - 2)
check.equal("add.6: trailers too long", { get(CHUNKED .. "0\r\n" .. ("A: b\r\n"):rep(43691) .. "\r\n") },
    { nil, "oversized" })
check.equal("add.6: chunk size line too long", { get(CHUNKED .. "1;" .. ("x"):rep(65536) .. "\r\n") }, { nil, "oversized" })
http.MAXHEADERLINE, http.MAXHEADERSIZE = 20, 30
check.equal("add.6: MAXHEADERLINE is read at call time", { get(OK .. "A: " .. ("x"):rep(18) .. "\r\n\r\n") },
    { nil, "oversized" })
check.equal("add.6: MAXHEADERSIZE is read at call time", { get(OK .. "A: 456789\r\nB: 456789\r\nC: 456789\r\n\r\n") },
    { nil, "oversized" })
check.equal("add.6: within both", (get(OK .. "A: 456789\r\nB: 456789\r\n\r\n")), 1)
http.MAXHEADERLINE, http.MAXHEADERSIZE = nil, nil
check.equal("add.6: nil is no limit", (get(OK .. ("A: " .. ("x"):rep(70000) .. "\r\n"):rep(5) .. "\r\n")), 1)
http.MAXHEADERLINE, http.MAXHEADERSIZE = line, size

-- http.bugs.15
check.equal("http.bugs.15: HTTP/0.9 without a sink", (function()
    peer = fake.peer("hello world")
    return { http.request({ url = "http://h/", create = peer.create }) }
end)(), { 1, 200 })
check.equal("http.bugs.15: closed", closed(), 1)
check.equal("http.request.8: a sink that stops HTTP/0.9", { get("hello world", { sink = function() return nil end }) }, { 1, 200 })
check.equal("add.30: closed then, too", closed(), 1)

-- http.bugs.16: invalid lengths; the body then ends with the connection
for _, length in ipairs({ "0x3", "1e0", "+3", "-1", "2.0", "" }) do
    local ok, code = get(OK .. "Content-Length: " .. length .. "\r\n\r\nabcd")
    check.equal("http.bugs.16: " .. length, { ok, code, seen() }, { 1, 200, '"abcd" , nil' })
end
get(OK .. "Content-Length: \t3 \t\r\n\r\nabcd")
check.equal("http.bugs.16: blanks around", seen(), '"abc" , nil')
check.equal("http.bugs.16: more than an integer holds", { get(OK .. "Content-Length: 99999999999999999999\r\n\r\nabcd") },
    { nil, "closed" })

-- http.bugs.17, add.27
local SIZES = {
    "-3", "+3", "0x3", "3.0", "3 3", "3g", "3,", "g", "", "ffffffffffffffff", "7fffffffffffffff",
    "1000000000000000", "\0003", "3\0", "3\v",
}
for _, text in ipairs(SIZES) do
    local got = { get(CHUNKED .. text .. "\r\nabc\r\n0\r\n\r\n") }
    check.equal(("add.27: %q"):format(text), got, { nil, "invalid chunk size" })
    check.equal(("add.27: %q: sink"):format(text), seen(), 'nil+"invalid chunk size"')
end
for _, text in ipairs({ "3", "0000000000000003", "00000000000000000000000000000003", "3;a", "3 ;a=\"b;c\"", "3;", "3 ", "\t3" }) do
    check.equal(("add.27: %q is one"):format(text), (get(CHUNKED .. text .. "\r\nabc\r\n0\r\n\r\n")), 1)
    check.equal(("add.27: %q: sink"):format(text), seen(), '"abc" , nil')
end
check.equal("http.bugs.17: a large size is not believed", { get(CHUNKED .. "fffffffffffff\r\nabc") }, { nil, "closed" })

-- http.bugs.18
get(CHUNKED .. "3\r\nabc")
local reads = 0
for _, call in ipairs(peer.calls) do reads = reads + (call:find("^receive") and 1 or 0) end
check.equal("http.bugs.18: one failed read is enough", reads, 7)
check.equal("http.bugs.18: the chunk is delivered", seen(), '"abc" , nil+"closed"')

-- http.bugs.28
local source = socket.source("http-chunked", fake.peer("1\r\na\r\n0\r\n\r\n1\r\nb\r\n").create(), {})
check.equal("http.bugs.28", { source(), source() or "end", source() or "end" }, { "a", "end", "end" })

-- add.34
for _, message in ipairs({ "wantread", "wantwrite" }) do
    check.equal("add.34: " .. message, {
        get("", {
            create = function()
                local sock = peer.create()
                sock.receive = function() return nil, message end
                return sock
            end,
        }),
    }, { nil, "timeout" })
end
check.done()
