-- No answer waits for a delayed acknowledgement, which takes 40 ms (server.answer.7; server.s.30). Each kind of answer
-- comes fast at least once in thirty times: a delayed one never does.
-- needs: certs
local check = require("check")
local http = require("http")
local raw = require("raw_http")
local socket = require("socket")
local ssl = require("ssl")
local tasks = require("socket.tasks")

local certs = os.getenv("COMPAT_CERTS")
local page = assert(io.open("page.bin", "wb"))
page:write(("x"):rep(70000))
page:close()
local files = assert(http.files("."))

local kinds = {
    ["/short"] = function() return { body = "hello" } end,
    ["/long"] = function() return { body = ("x"):rep(70000) } end,
    ["/source"] = function()
        local n = 0
        return { headers = { ["Content-Length"] = 30 }, body = function()
            n = n + 1
            return n <= 3 and "ten bytes." or nil
        end }
    end,
    ["/pieces"] = function(_, writer)
        writer:start(200, { ["Content-Length"] = 30 })
        for _ = 1, 3 do
            writer:write("ten bytes.")
            writer:flush()
        end
    end,
    ["/page.bin"] = files,
    ["/none"] = function() return { status = 404 } end,
    ["/raise"] = function() error("x", 0) end,
}

tasks.run(function()
    local server = assert(http.listen("127.0.0.1", 0, function(request, writer)
        return kinds[request.path](request, writer)
    end, {
        on_error = function() end,
        addresses = { { host = "127.0.0.1", port = 0, tls = { certificate = certs .. "/good.pem", key = certs .. "/good.key" } } },
    }))
    for name, peer in pairs({
        plain = raw.connect(server),
        TLS = assert(ssl.wrap(raw.connect(server, 2), { mode = "client", protocol = "any", verify = "none" })),
    }) do
        if name == "TLS" then
            peer:settimeout(20)
            assert(peer:dohandshake())
        else
            peer:setoption("tcp-nodelay", true)
        end
        for path in pairs(kinds) do
            local least = math.huge
            for _ = 1, 30 do
                local start = socket.gettime()
                assert(raw.ask(peer, path))
                least = math.min(least, socket.gettime() - start)
            end
            check.ok(name .. " " .. path, least < 0.03, least)
        end
        peer:close()
    end
    server:close()
end)
check.done()
