-- not on: lua5.2, lua5.3, runner-lua5.5
-- needs: python3
-- Module http: retries, batches, sessions (client.s.55 to 57; B.retry, B.calls.5, B.calls.6).
local check = require("check")
local client_peer = require("client_peer")
local http = require("http")
local socket = require("socket")

local server = client_peer.start()
local base = server.base

local echoed = client_peer.echoed

-- retries
local quick = { retries = 2, retrywait = 0.01 }
local r = http.get(base .. "/retry/2/a", quick)
check.equal("client.s.55", { r.status, r.body }, { 200, "after 3" })
r = http.get(base .. "/retry/3/b", quick)
check.equal("client.s.55 not often enough", r.status, 503)
r = http.post(base .. "/retry/1/c", quick)
check.equal("client.s.55 POST", r.status, 503)
r = http.get(base .. "/retry/1/d?after=3600", quick)
check.equal("client.s.55 Retry-After: 3600", r.status, 503)
for _, status in ipairs({ 429, 502, 504 }) do
    r = http.put(base .. "/retry/1/e" .. status .. "?status=" .. status, { retries = 1, retrywait = 0.01, body = "x" })
    check.equal("B.retry " .. status, r.status, 200)
end
r = http.get(base .. "/retry/1/f?status=500", quick)
check.equal("B.retry not 500", r.status, 500)
r = http.get(base .. "/retry/1/g", {})
check.equal("B.retry none by default", r.status, 503)
local started = socket.gettime()
r = http.get(base .. "/retry/1/h?after=0", { retries = true, retrywait = 30 })
check.ok("B.retry Retry-After replaces the wait", r.status == 200 and socket.gettime() - started < 10)
started = socket.gettime()
check.equal("B.retry the total limit holds", (select(2, http.get(base .. "/retry/1/i", { retries = 1, retrywait = 30, timeout = 0.2 }))),
    "timeout")
check.ok("B.retry in time", socket.gettime() - started < 10)
r = http.get(base .. "/cut/1/a", quick)
check.equal("B.retry closed before an answer", r and r.body, "at last")
check.equal("B.retry not for POST", select(2, http.post(base .. "/cut/1/b", { retries = 1, retrywait = 0.01, body = "x" })), "closed")

-- batches
local list = {}
for i = 1, 100 do list[i] = { "GET", base .. "/busy/" .. i } end
local responses, errors = http.request_batch(list, { most = 10 })
local right = errors == nil
for i = 1, 100 do right = right and responses[i].body == "/busy/" .. i end
check.ok("client.s.56 responses in order", right)
local most = tonumber(http.get(base .. "/most").body)
check.ok("client.s.56 at most 10 at once", most <= 10, most)
if pcall(require, "socket.tasks") then check.ok("client.s.56 several at once", most > 1, most) end
responses, errors = http.request_batch({
    { "get", base .. "/echo", { query = { a = 1 } } }, { method = "post", url = base .. "/echo" }, { "post", "" }, 7,
})
check.equal("B.calls.5", { (echoed(responses[1])), (echoed(responses[2])), responses[3], responses[4], errors },
    { "GET /echo?a=1", "POST /echo", nil, nil, { [3] = "unsupported scheme ''", [4] = "request must be a table" } })
check.equal("B.calls.5 nothing to do", { http.request_batch({}) }, { {} })
check.raises("B.calls.5 a wrong argument", "bad argument #1 to 'request_batch'", http.request_batch, 7)

-- sessions
local session = http.session({
    base = base .. "/", jar = true, headers = { ["X-Default"] = "1", ["X-Other"] = "2" }, cookies = { a = "1", b = "2" },
    timeout = 20,
})
local _, fields = echoed(session:get("echo", { headers = { ["x-default"] = false, ["X-New"] = "3" }, cookies = { b = false, c = "4" } }))
check.equal("client.s.57", { fields["X-Default"], fields["X-Other"], fields["X-New"], fields.Cookie },
    { nil, { "2" }, { "3" }, { "a=1; c=4" } })
session:get("/set?x=" .. "sid%3D5")
_, fields = echoed(session:post("/echo", { body = "x", cookies = { a = false, b = false } }))
check.equal("client.s.57 its jar", { fields.Cookie, session.jar:header(base .. "/") }, { { "sid=5" }, "sid=5" })
check.equal("client.s.57 methods", {
    (echoed(session:put("echo"))), (echoed(session:request("patch", "echo"))), (echoed(session:request({ path = "echo" }))),
    (echoed(session:request({ url = "echo?a" }))),
}, { "PUT /echo", "PATCH /echo", "GET /echo", "GET /echo?a" })
check.equal("client.s.57 an absolute URL", session:get(base .. "/bytes/1").body, "x")
responses = session:request_batch({ { "get", "bytes/2" }, { "get", "bytes/3" } })
check.equal("client.s.57 a batch", { responses[1].body, responses[2].body }, { "xx", "xxx" })
local numbers = {}
for i = 1, 3 do numbers[i] = session:get("connection").body end
check.equal("B.calls.6 a pool", numbers, { numbers[1], numbers[1], numbers[1] })
local second = http.session({ base = base })
check.ok("B.calls.6 of its own", second:get("/connection").body ~= numbers[1])
check.equal("B.calls.6 without a jar", second.jar, nil)
session:close()
check.ok("B.calls.6 closed", session:get("/connection").body ~= numbers[1])

-- Digest (RFC 7616): the client answers a challenge once and reuses its nonce
for _, algorithm in ipairs({ "md5", "sha256" }) do
    local auth = { user = "Mufasa", pass = "Circle of Life", scheme = "digest" }
    local address = base .. "/guarded/" .. algorithm .. "?a=b"
    r = http.get(address, { auth = auth })
    check.equal("digest " .. algorithm, { r.status, r.body }, { 200, "welcome 1" })
    r = http.post(address, { auth = auth, body = "x" })
    check.equal("digest " .. algorithm .. " again", { r.status, r.body }, { 200, "welcome 2" })
    r = http.get(address, { auth = { user = "Mufasa", pass = "wrong", scheme = "digest" } })
    check.equal("digest " .. algorithm .. ", a wrong password", { r.status, r.body }, { 401, "who is it?" })
end
check.equal("digest: another scheme", select(2, http.get(base, { auth = { user = "a", pass = "b", scheme = "x" } })),
    "invalid auth (scheme is basic or digest)")
check.done()
