-- needs: python3
-- gluahttp scripts, run through a shim (client.s.60 to 73): gluahttp's own tests, rewritten.
local check = require("check")
local client_peer = require("client_peer")
local http = require("gluahttp")()

local server = client_peer.start()
local base = server.base
local FORM = "username=bob&password=secret"

local response, err = http.request()
check.ok("client.s.60 no arguments", response == nil and err:find('unsupported protocol scheme ""', 1, true), err)
response, err = http.request("get")
check.ok("client.s.60 a method only", response == nil and err:find('unsupported protocol scheme ""', 1, true), err)

local responses, errors = http.request_batch({
    { "get", base, { query = "page=1" } }, { "post", base .. "/set_cookie" }, { "post", "" }, 1,
})
check.equal("client.s.61", { responses[1].body, responses[2].body, responses[2].cookies.session_id, responses[3], responses[4] },
    { 'Requested GET / with query "page=1"', "Cookie set!", "12345" })
check.ok("client.s.61 messages", errors[1] == nil and errors[2] == nil
    and errors[3]:find('Post : unsupported protocol scheme ""', 1, true) and errors[4]:find("Request must be a table"))
responses, errors = http.request_batch({ { "get", base .. "/get_cookie" } })
check.equal("client.s.62", { errors, responses[1].body }, { nil, "session_id=12345" })

response = http.get(base)
check.equal("client.s.63", { response.body, response.status_code, response.headers["Content-Length"], response.headers["Content-Type"] },
    { 'Requested GET / with query ""', 200, "29", "text/plain; charset=utf-8" })
response = http.get(base .. "/redirect/302?to=%2F")
check.equal("client.s.64", { response.body, response.status_code, response.url }, { 'Requested GET / with query ""', 200, base .. "/" })

response = http.post(base, { form = FORM })
check.equal("client.s.65", response.body, 'Requested POST / with query ""Content-Type: application/x-www-form-urlencoded'
    .. "Content-Length: 28Body: " .. FORM)
response = http.post(base, { headers = { ["Content-Type"] = "application/json" } })
check.equal("client.s.66", response.body, 'Requested POST / with query ""Content-Type: application/jsonContent-Length: 0Body: ')
response = http.get(base, { query = "page=1" })
check.equal("client.s.67", { response.body, response.headers["Content-Length"] }, { 'Requested GET / with query "page=1"', "35" })
response = http.delete(base, { query = "page=1" })
check.equal("client.s.67 delete", { response.body, response.headers["Content-Length"] }, { 'Requested DELETE / with query "page=1"', "38" })
response = http.head(base .. "/head", { query = "page=1" })
check.equal("client.s.68", { response.status_code, response.headers["X-Request-Uri"] }, { 200, "/head?page=1" })
response = http.post(base, { body = FORM })
check.equal("client.s.69", response.body, 'Requested POST / with query ""Content-Type: Content-Length: 28Body: ' .. FORM)
response = http.patch(base, { body = '{"username":"bob"}', headers = { ["Content-Type"] = "application/json" } })
check.ok("client.s.69 patch", response.body:find("Requested PATCH / .*application/jsonContent%-Length: 18"), response.body)
response = http.put(base, { body = FORM, headers = { ["Content-Type"] = "x/y" } })
check.ok("client.s.69 put", response.body:find("Requested PUT / .*x/yContent%-Length: 28"), response.body)

http = require("gluahttp")()
response = http.get(base .. "/set_cookie")
check.equal("client.s.70", response.cookies.session_id, "12345")
response = http.get(base .. "/get_cookie", { cookies = { session_id = "test" } })
check.equal("client.s.70 of the request", { response.body, response.body_size }, { "session_id=test", 15 })

response = http.get(base)
check.equal("client.s.71", { response.body_size, response.body:gsub("Requested", "x") }, { 29, 'x GET / with query ""', 1 })
check.equal("client.s.71 url", { http.get(base .. "/head").url, http.get(base .. "/redirect/302?to=%2F").url },
    { base .. "/head", base .. "/" })

response, err = http.get(base .. "/delay/0.2", { timeout = "1ms" })
check.ok("client.s.72", response == nil and err:find("context deadline exceeded", 1, true), err)
check.equal("client.s.72 in time", http.get(base .. "/delay/0.01", { timeout = "1h" }).body, "late")
response, err = http.get(base, { timeout = "asdf" })
check.ok("client.s.73", response == nil and err:find("invalid duration", 1, true), err)
check.equal("client.s.73 auth", { http.get(base, { auth = { user = "test" } }) },
    { nil, "auth table must contain no nil user and pass fields" })
check.done()
