-- The client's caches follow the program's changes, and a cancelled request is not sent again.
-- needs: nginx, certs
local check = require("check")
local http = require("http")
local old = require("socket.http")
local socket = require("socket")
local tasks = require("socket.tasks")

local plain = "http://127.0.0.1:" .. os.getenv("COMPAT_HTTP_PORT") .. "/index.html"
local secure = "https://localhost:" .. os.getenv("COMPAT_HTTPS_PORT") .. "/index.html"

-- TLS parameters that a table inherits
local inherited = { verify = "none" }
local parameters = setmetatable({}, { __index = inherited })
local pool = http.pool()
check.equal("unverified", (http.get(secure, { tls = parameters, pool = pool }) or {}).status, 200)
check.equal("kept", (http.get(secure, { tls = parameters, pool = pool }) or {}).status, 200)
inherited.verify = "peer"
check.equal("an inherited parameter counts at once", select(2, http.get(secure, { tls = parameters, pool = pool })),
    "certificate verify failed")
pool:close()

-- a program's own scheme
do
    local scheme, made = old.schemes.http, 0
    old.schemes.http = { port = 80, create = function()
        return function()
            made = made + 1
            return socket.tcp()
        end
    end }
    pool = http.pool()
    for _ = 1, 3 do check.equal("the scheme's socket", select(2, old.request({ url = plain, pool = pool })), 200) end
    check.equal("each request asks the scheme", made, 3)
    old.schemes.http = scheme
    pool:close()
end

-- hundreds of different methods leave no memory behind
do
    pool = http.pool()
    local function memory()
        collectgarbage()
        collectgarbage()
        return collectgarbage("count")
    end
    local function ask(method) http.request(method, plain, { pool = pool }) end
    for i = 1, 50 do ask("X" .. i) end
    local before = memory()
    for i = 51, 550 do ask("X" .. i) end
    local grown = memory() - before
    check.ok("methods leave no memory behind", grown < 40, grown)
    pool:close()
end

-- a cancelled request on a kept connection
for _, message in ipairs({ "cancelled", "no longer needed" }) do
    local path = os.tmpname()
    os.remove(path)
    local asked, arrived = {}, tasks.queue()
    local result = { tasks.run(function()
        local server = assert(http.listen("unix:" .. path, 0, function(request)
            asked[#asked + 1] = request.method .. " " .. request.path
            if request.path == "/silent" then
                arrived:put(true)
                socket.sleep(60)
            end
            return { body = "ok" }
        end))
        pool = http.pool()
        local options = { pool = pool, unix = path }
        check.equal("first", (http.get("http://x/", options) or {}).status, 200)
        local task = tasks.start(function()
            return http.delete("http://x/silent", options)
        end)
        arrived:get(30)
        task:cancel(message)
        local ok, response, problem = task:wait()
        -- a repeated request would arrive before this one
        check.equal("next", (http.get("http://x/next", options) or {}).status, 200)
        server:close()
        return ok, response, problem
    end) }
    check.equal("cancelled: " .. message, result, { true, nil, message })
    check.equal("sent once: " .. message, asked, { "GET /", "DELETE /silent", "GET /next" })
    os.remove(path)
end

-- a server without handler: a connection without a request makes room, also after a receive that ended in a timeout
do
    local server = assert(http.listen("127.0.0.1", 0, nil, { maxconnections = 1, linger = 0 }))
    local _, port = server:getsockname()
    local peer = assert(socket.connect("127.0.0.1", port))
    local connection = assert(server:accept(10))
    peer:send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    check.ok("a request", connection:receive(10))
    connection:respond({ body = "x" })
    check.equal("no other one", { connection:receive(0.05) }, { nil, "timeout" })
    local other = assert(socket.connect("127.0.0.1", port))
    check.ok("there is room", server:accept(10))
    other:close()
    peer:close()
    server:close()
end
check.done()
