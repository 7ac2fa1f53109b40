-- needs: python3
-- gluahttp's tests, rewritten and run through a shim (client.s.60 to 73). They run against a server in Python, and
-- against http.listen in another process (server.s.76).
local check = require("check")
local client_peer = require("client_peer")
local peer = require("peer")

-- The same routes as in the Python server. It ends by itself when the script does not stop it.
local LISTENING = [[
local http, socket, tasks = require("http"), require("socket"), require("socket.tasks")

local function requested(request)
    local text = ('Requested %s / with query "%s"'):format(request.method, request.query or "")
    if request.method == "POST" or request.method == "PUT" or request.method == "PATCH" then
        text = text .. "Content-Type: " .. (request.headers["content-type"] or "")
            .. "Content-Length: " .. #request.body .. "Body: " .. request.body
    end
    return { headers = { ["Content-Type"] = "text/plain; charset=utf-8" }, body = text }
end

local routes = {
    ["/"] = requested,
    ["/head"] = function(request) return { headers = { ["X-Request-Uri"] = request.url } } end,
    ["/set_cookie"] = function() return { headers = { ["Set-Cookie"] = "session_id=12345" }, body = "Cookie set!" } end,
    ["/get_cookie"] = function(request) return { body = "session_id=" .. (request.cookies.session_id or "") } end,
    ["/redirect/302"] = function(request) return { status = 302, headers = { Location = request.params.to } } end,
    ["/stop"] = function(request)
        request.server:stop()
        return { body = "stopped" }
    end,
}

tasks.run(function()
    local server = assert(http.listen("127.0.0.1", 0, function(request)
        local seconds = request.path:match("^/delay/([%d.]+)$")
        if seconds then
            socket.sleep(tonumber(seconds))
            return { body = "late" }
        end
        local route = routes[request.path]
        return route and route(request) or { status = 404 }
    end))
    print((select(2, server:getsockname())))
    local limit = tasks.start(function()
        socket.sleep(60)
        os.exit(1)
    end)
    server:wait()
    limit:cancel()
end)
]]

local FORM = "username=bob&password=secret"

local function check_scripts(base)
    local http = require("gluahttp")()

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
    check.equal("client.s.63",
        { response.body, response.status_code, response.headers["Content-Length"], response.headers["Content-Type"] },
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
    check.equal("client.s.67 delete", { response.body, response.headers["Content-Length"] },
        { 'Requested DELETE / with query "page=1"', "38" })
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
end

local server = client_peer.start()
check_scripts(server.base)
local listening = peer.lua(LISTENING)
check_scripts("http://127.0.0.1:" .. listening.port)
check.equal("server.s.76: the server stops", require("http").get("http://127.0.0.1:" .. listening.port .. "/stop").body, "stopped")
check.done()
