-- HTTPS with a certificate that can be renewed while the server runs:
--   luasocket examples/https-server.lua CERTIFICATE KEY [PORT]
-- It checks every second whether the certificate file has changed. Open connections keep the old certificate.
local http = require("http")
local socket = require("socket")
local tasks = require("socket.tasks")

local CERTIFICATE, KEY, PORT = ...

if not KEY then
    io.stderr:write("usage: https-server.lua CERTIFICATE KEY [PORT]\n")
    return os.exit(1)
end

local function content(path)
    local file = io.open(path, "rb")
    local text = file and file:read("*a")
    if file then file:close() end
    return text
end

local function handle(request)
    return { headers = { ["Content-Type"] = "text/plain" }, body = request.scheme .. " by " .. request.tls.protocol .. "\n" }
end

tasks.run(function()
    local parameters = { certificate = CERTIFICATE, key = KEY }
    local server, refusal = http.listen("127.0.0.1", tonumber(PORT) or 0, handle, { tls = parameters })
    if not server then
        io.stderr:write("https-server: ", refusal, "\n")
        return os.exit(1)
    end
    print("listening on port " .. select(2, server:getsockname()))
    io.stdout:flush()
    local known = content(CERTIFICATE)
    while not server:wait(1) do
        local now = content(CERTIFICATE)
        if now and now ~= known then
            local ok, problem = server:tls(parameters)
            -- the file is incomplete, or the key does not match yet: it tries again after a second
            if ok then known = now else io.stderr:write("https-server: ", problem, "\n") end
        end
        socket.sleep(0)
    end
end)
