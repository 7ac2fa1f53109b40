-- not on: lua5.2, lua5.3, runner-lua5.5
-- needs: python3
-- client.s.46: a file of 100 MB as multipart. The server gets every byte, and the process needs no more memory than for
-- 1 MB.
local check = require("check")
local client_peer = require("client_peer")
local http = require("http")

local server = client_peer.start()

-- The peak of this process's memory in KB, if the system reports it.
local function peak()
    local file = io.open("/proc/self/status")
    local text = file and file:read("*a") or ""
    if file then file:close() end
    return tonumber(text:match("VmHWM:%s*(%d+)"))
end

-- One string for all files: garbage of this script must not raise the peak.
local FILLER = ("x"):rep(65536 - 8)

-- Sends a new file of this many megabytes. Returns the server's report, and the peak.
local function upload(megabytes)
    local file = assert(io.open("sent", "wb"))
    for i = 1, megabytes * 16 do file:write(("%08d"):format(i), FILLER) end
    file:close()
    collectgarbage()
    local response, message = http.post(server.base .. "/upload?file=sent", { multipart = { { name = "file", file = "sent" } } })
    os.remove("sent")
    return response and response.body or message, peak()
end

local answer, before = upload(1)
check.equal("1 MB", answer, "equal, 1048576 bytes")
local after
answer, after = upload(100)
check.equal("100 MB", answer, "equal, 104857600 bytes")
if before then check.ok("100 MB: memory", after - before < 1024, after - before .. " KB more than for 1 MB") end
check.done()
