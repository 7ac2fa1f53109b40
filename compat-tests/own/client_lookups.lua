-- The limit of a lookup is separate from that of the connection, also in front of a SOCKS5 proxy. The name server never
-- answers.
-- needs: network-namespace, root
local check = require("check")
local http = require("http")
local old = require("socket.http")
local socket = require("socket")
local tasks = require("socket.tasks")

require("names")("timeout:30 attempts:1")
local server = assert(socket.udp4())
assert(server:setsockname("127.0.0.1", 53))
local listener = assert(socket.bind("127.0.0.1", 0))
local proxy = ("socks5://127.0.0.1:%d"):format((select(2, listener:getsockname())))
local LONG = 25

local function outcome(options)
    local started = socket.gettime()
    options.pool = false
    local _, message, phase = http.get("http://silent.test/", options)
    return { message, phase, socket.gettime() - started < LONG }
end

local function checks(where)
    local expected = { "timeout", "resolve", true }
    check.equal(where .. "direct", outcome({ timeouts = { resolve = 0.2 }, proxy = false }), expected)
    check.equal(where .. "within the whole request's time", outcome({ timeout = 0.2, proxy = false }), expected)
    check.equal(where .. "socks5", outcome({ timeouts = { resolve = 0.2 }, proxy = proxy }), expected)
    check.equal(where .. "socks5, within the whole request's time", outcome({ timeout = 0.2, proxy = proxy }), expected)
    local started = socket.gettime()
    old.TIMEOUT = 0.2
    local ok, message = old.request({ url = "http://silent.test/", proxy = proxy })
    check.equal(where .. "socket.http", { ok, message, socket.gettime() - started < LONG }, { nil, "timeout", true })
end

checks("")
tasks.run(function() checks("in a task, ") end)
check.done()
