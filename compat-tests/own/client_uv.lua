-- not on: lua5.2, lua5.3
-- Scripts for luajit-libuv's HTTP, and the coromega page, rewritten and run through shims (client.s.74 to 81,
-- server.s.73).
local check = require("check")
local http = require("http")
local tasks = require("socket.tasks")
local uv = require("uv")

-- client.s.74
uv.loop.run(function()
    local seen
    local server = uv.http.listen("127.0.0.1", 0, function(request)
        seen = request
        return { status = 200, headers = { Expires = -1 }, body = "hello world" }
    end)
    local _, port = server:getsockname()
    for form, request in pairs({
        url = { url = "http://127.0.0.1:" .. port .. "/path/to/route?a=1&b=2" },
        parts = { host = "127.0.0.1", port = port, path = "/path/to/route", query = "a=1&b=2", ip = "127.0.0.1" },
    }) do
        request.headers = { ["User-Agent"] = "test" }
        local response = uv.http.request(request)
        check.equal("client.s.74 by " .. form,
            { response.status, response.headers.Expires, response.headers["Content-Length"], response.body },
            { 200, "-1", "11", "hello world" })
        check.equal("client.s.74 seen, by " .. form, { seen.ip, seen.method, seen.path, seen.query, seen.headers["User-Agent"] },
            { "127.0.0.1", "GET", "/path/to/route", "a=1&b=2", "test" })
    end
    server:close()
end)

-- client.s.75
uv.loop.run(function()
    local methods = {}
    local server = uv.http.listen("127.0.0.1", 0, function(request)
        methods[#methods + 1] = request.method
        return { status = 200, body = request.body }
    end)
    local _, port = server:getsockname()
    local bodies = {}
    for i = 1, 10 do
        collectgarbage()
        bodies[i] = uv.http.request({ url = "http://127.0.0.1:" .. port .. "/", method = "post", body = "n" .. i }).body
        collectgarbage()
    end
    server:close()
    check.equal("client.s.75", { table.concat(methods, " "), table.concat(bodies, " ") },
        { ("POST "):rep(10):sub(1, -2), "n1 n2 n3 n4 n5 n6 n7 n8 n9 n10" })
end)

-- client.s.76
local server, body
local started = tasks.queue()
uv.util.join(coroutine.create(function()
    server = uv.http.listen("127.0.0.1", 0, function() return { status = 200, body = "ok" } end)
    started:put(true)
end))
uv.util.join(coroutine.create(function()
    started:get()
    local _, port = server:getsockname()
    body = uv.http.request({ url = "http://127.0.0.1:" .. port .. "/" }).body
    server:close()
end))
uv.loop.run()
check.equal("client.s.76", body, "ok")

-- client.s.77, 78
check.equal("client.s.77", { uv.http.format_date(784111777), uv.http.format_date(1408986974) },
    { "Sun, 06 Nov 1994 08:49:37 GMT", "Mon, 25 Aug 2014 17:16:14 GMT" })
for _, text in ipairs({ "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994" }) do
    check.equal("client.s.78 " .. text, uv.http.parse_date(text), 784111777)
end
check.equal("client.s.78", uv.http.parse_date("asdf"), nil)

-- client.s.79
for text, parts in pairs({
    ["http://user:pass@host.com:8080/p/a/t/h?query=string#hash"] = { schema = "http", userinfo = "user:pass",
        host = "host.com", port = "8080", path = "/p/a/t/h", query = "query=string", fragment = "hash" },
    ["http://host.com"] = { schema = "http", host = "host.com" },
    ["http://host.com/"] = { schema = "http", host = "host.com", path = "/" },
    ["http://host.com?a=1"] = { schema = "http", host = "host.com", query = "a=1" },
    ["https://host.com:443/x"] = { schema = "https", host = "host.com", port = "443", path = "/x" },
    ["http://[::1]:80/"] = { schema = "http", host = "::1", port = "80", path = "/" },
    ["/path/only"] = { path = "/path/only" },
    ["path?query"] = { path = "path", query = "query" },
    ["//host.com/x"] = { host = "host.com", path = "/x" },
    ["?a=b#c"] = { query = "a=b", fragment = "c" },
}) do
    check.equal("client.s.79 split " .. text, uv.url.split(text), parts)
    check.equal("client.s.79 join " .. text, uv.url.join(uv.url.split(text)), text)
end
for _, pair in ipairs({
    { "a", "a" }, { "a b", "a%20b" }, { "&=", "%26%3D" }, { 1, "1" }, { { a = 1 }, "a=1" }, { { b = "x y", a = 1 }, "a=1&b=x%20y" },
    { true, "true" },
}) do
    check.equal("client.s.79 encode " .. tostring(pair[2]), uv.url.encode(pair[1]), pair[2])
end
for _, case in ipairs({
    { "http://h/a/b", "c", "http://h/a/c" }, { "http://h/a/b", "/c", "http://h/c" }, { "http://h/a/b", "../c", "http://h/c" },
    { "http://h/a/b", "?x", "http://h/a/b?x" }, { "http://h/a/b", "http://other/", "http://other/" },
    { "http://h/a/b/", "c", "http://h/a/b/c" }, { "http://h", "x", "http://h/x" },
}) do
    check.equal("client.s.79 relative " .. case[2], uv.url.relative(case[1], case[2]), case[3])
end

-- client.s.80
local path = os.tmpname()
local file = assert(io.open(path, "wb"))
file:write("content of a file\n")
file:close()
uv.loop.run(function()
    local files = uv.http.listen("127.0.0.1", 0, function(request)
        if request.path == "/file" then return { status = 200, body = assert(io.open(path, "rb")) } end
        return { status = 200, body = request.path }
    end)
    local _, port = files:getsockname()
    local requests = {}
    for i = 1, 5 do requests[i] = { url = "http://127.0.0.1:" .. port .. "/" .. i } end
    local responses = uv.parallel.map(requests, uv.http.request)
    local bodies = {}
    for i = 1, 5 do bodies[i] = responses[i].body end
    check.equal("client.s.80", table.concat(bodies, " "), "/1 /2 /3 /4 /5")
    check.equal("client.s.80 a file", uv.http.request({ url = "http://127.0.0.1:" .. port .. "/file" }).body, "content of a file\n")
    files:close()
end)
os.remove(path)

-- B.options unix: a server on a Unix socket; the connection is kept
path = os.tmpname()
os.remove(path)
tasks.run(function()
    local local_server = assert(http.listen("unix:" .. path, nil, function(request)
        return { status = 200, body = request.ip .. " " .. request.host .. request.path .. " " .. request.id }
    end))
    local pool = http.pool()
    check.equal("B.options unix", http.get("http://service/one", { unix = path, pool = pool }).body, "unix service/one 1")
    check.equal("B.options unix, kept", http.get("http://service/two", { unix = path, pool = pool }).body, "unix service/two 2")
    check.equal("B.options unix, a time limit",
        select(2, http.get("http://service/", { unix = path .. ".none" })), "No such file or directory")
    local_server:close()
end)

-- client.s.81: coromega's object; its method makes the request in a separate coroutine
local agent = {}
function agent.http_request(_, method, url, options) return http.request(method, url, options) end
function agent.start_new(_, f) return tasks.start(f) end
function agent.run() return tasks.run() end
function agent.pause() return coroutine.yield() end
function agent.get_resume()
    local co = coroutine.running()
    return function(...) return coroutine.resume(co, ...) end
end

local shown = {}
agent:start_new(function()
    local example = uv.http.listen("127.0.0.1", 0, function(request)
        return { status = 200, headers = { ["X-Query"] = request.query or "none" }, body = request.method .. " " .. request.body }
    end)
    local _, port = example:getsockname()
    local url = "http://127.0.0.1:" .. port .. "/"
    local response = agent:http_request("GET", url, {
        query = { page = 1 }, timeout = "30s", headers = { Accept = "*/*" },
    })
    shown[#shown + 1] = response.status_code .. " " .. response.headers["X-Query"] .. " " .. response.body
    response = agent:http_request("post", url)
    shown[#shown + 1] = response.status .. " " .. response.body
    example:close()
end)
agent:run()
check.equal("client.s.81", shown, { "200 page=1 GET ", "200 POST " })
local resumed
local paused = coroutine.create(function()
    resumed = { agent.get_resume(), agent.pause() }
end)
coroutine.resume(paused)
coroutine.resume(paused, "value")
check.equal("client.s.81 pause and resume", resumed and resumed[2], "value")
check.done()
