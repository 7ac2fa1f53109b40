-- All of the caller's functions may yield inside http.request (add.25).
local check = require("check")
local fake = require("fake_http")
local http = require("socket.http")

-- Runs f in a coroutine and counts its yields.
local function drive(f)
    local thread = coroutine.create(f)
    local yields = 0
    while true do
        local results = { coroutine.resume(thread, yields) }
        if not results[1] then return yields, "raised", results[2] end
        if coroutine.status(thread) == "dead" then return yields, (unpack or table.unpack)(results, 2, 5) end
        check.equal("add.25: what is yielded arrives", results[2], "wait")
        yields = yields + 1
    end
end

local function pause()
    return coroutine.yield("wait")
end

local HEAD = "HTTP/1.1 200 OK\r\n"
local function request(reply, changes)
    local peer = fake.peer(reply)
    local reqt = {
        url = "http://h/",
        create = function()
            pause()
            local sock = peer.create()
            for _, name in ipairs({ "settimeout", "connect", "send", "receive", "close" }) do
                local call = sock[name]
                sock[name] = function(...)
                    pause()
                    return call(...)
                end
            end
            return sock
        end,
    }
    for name, value in pairs(changes or {}) do reqt[name] = value end
    return peer, drive(function() return http.request(reqt) end)
end

local function test(item, reply, yields, expected, changes)
    local result = { request(reply, changes) }
    local peer = table.remove(result, 1)
    check.equal(item, result, { yields, (unpack or table.unpack)(expected) })
    check.ok(item .. ": closed", peer.sockets[1].closed)
end

-- create, settimeout, connect, two sends, receive(5), status, header, blank, body, close
test("add.25: content-length", HEAD .. "Content-Length: 2\r\n\r\nok", 11,
    { 1, 200, { ["content-length"] = "2" }, HEAD:sub(1, -3) })
test("add.25: until close", HEAD .. "\r\nok", 11, { 1, 200, {}, HEAD:sub(1, -3) })
test("add.25: chunks", HEAD .. "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 15,
    { 1, 200, { ["transfer-encoding"] = "chunked" }, HEAD:sub(1, -3) })
local sent
test("add.25: source, sink and step", HEAD .. "Content-Length: 2\r\n\r\nok", 20,
    { 1, 200, { ["content-length"] = "2" }, HEAD:sub(1, -3) }, {
        source = function()
            pause()
            if sent then return nil end
            sent = true
            return "data"
        end,
        sink = function()
            pause()
            return 1
        end,
        step = function(source, sink)
            pause()
            local chunk, err = source()
            local ok, problem = sink(chunk, err)
            if chunk and ok then return 1 end
            return nil, err or problem
        end,
        headers = { ["content-length"] = 4 },
        -- further yields: 2 source, 1 body send, 2 sink, 4 step
    })
local peer, yields, result, message = request(HEAD .. "Content-Length: 2\r\n\r\nok", {
    sink = function()
        pause()
        error("boom", 0)
    end,
})
check.equal("add.25: an error after a yield", { yields, result, message }, { 12, "raised", "boom" })
check.ok("http.bugs.11: closed", peer.sockets[1].closed)

-- in some Lua versions the finalizer's close runs outside any coroutine, so it must not yield
local failing = fake.peer("HTT")
local function patient()
    local sock = failing.create()
    local receive = sock.receive
    sock.receive = function(...)
        pause()
        return receive(...)
    end
    return sock
end
check.equal("add.25: a failure after a yield",
    { drive(function() return http.request({ url = "http://h/", create = patient }) end) }, { 1, nil, "closed" })
check.equal("add.30: closed once", failing.sockets[1].closed, 1)

local redirecting = fake.peer("HTTP/1.1 302 x\r\nLocation: /n\r\n\r\n", HEAD .. "Content-Length: 2\r\n\r\nok")
local hops = 0
check.equal("add.25: redirect", {
    drive(function()
        return http.request({
            url = "http://h/",
            create = function()
                hops = hops + 1
                pause()
                return redirecting.create()
            end,
        })
    end),
}, { 2, 1, 200, { ["content-length"] = "2", location = "/n" }, HEAD:sub(1, -3) })
check.equal("add.25: redirect, hops", hops, 2)
check.done()
