-- needs: python3
-- socket.ftp with a real server: 100 MiB each way with constant memory, listings, active mode
local check = require("check")
local folders = require("folders")
local peer = require("peer")
local ltn12 = require("ltn12")
local socket = require("socket")
local ftp = require("socket.ftp")

folders.make("root/ftp", "root/luasocket")
local server = peer.python(os.getenv("COMPAT_SERVERS") .. "/loopback.py", "ftp", 0, "root")

local function request(values)
    values.host, values.port, values.type = "127.0.0.1", server.port, "i"
    values.user, values.password = "luasocket", "password"
    return values
end

-- Peak memory of the process in KiB, where the system reports it.
local function high_water()
    local status = io.open("/proc/self/status")
    if not status then return nil end
    local peak = status:read("*a"):match("VmHWM:%s*(%d+) kB")
    status:close()
    return tonumber(peak)
end

local SIZE = 100 * 1024 * 1024
-- a prime length, so that the pattern never aligns with blocks whose size is a power of two
local pattern = {}
for i = 1, 8191 do pattern[i] = string.char((i * i + i) % 256) end
pattern = table.concat(pattern)
local doubled = pattern:rep(10)

-- The expected bytes at an offset of the file.
local function expected(offset, count)
    local from = offset % #pattern
    return doubled:sub(from + 1, from + count)
end

local peak_count = 0
local function watching_step(source, sink)
    local count = collectgarbage("count")
    if count > peak_count then peak_count = count end
    return ltn12.pump.step(source, sink)
end

collectgarbage()
local count_before, water_before = collectgarbage("count"), high_water()

local sent = 0
local stored = ftp.put(request({ path = "/big", step = watching_step, source = function()
    if sent >= SIZE then return nil end
    local chunk = expected(sent, math.min(65536, SIZE - sent))
    sent = sent + #chunk
    return chunk
end }))
check.equal("F23: 100 MiB up", stored, SIZE)

local got, same = 0, true
local fetched, message = ftp.get(request({ path = "/big", step = watching_step, sink = function(chunk)
    if chunk then
        same = same and chunk == expected(got, #chunk)
        got = got + #chunk
    end
    return 1
end }))
check.equal("F19: 100 MiB down", { fetched, message }, { 1 })
check.equal("F19: size", got, SIZE)
check.ok("F19: every byte", same)
check.ok("Lua's memory stays flat", peak_count - count_before < 4096, peak_count - count_before)
if water_before then
    local growth = high_water() - water_before
    check.ok("the process' memory stays flat", growth < 16384, growth)
end

local base = "ftp://luasocket:password@127.0.0.1:" .. server.port
check.equal("put, string form", ftp.put(base .. "/small.txt;type=i", "small"), 5)
check.equal("get, string form", ftp.get(base .. "/small.txt;type=i"), "small")
check.equal("F22: append", ftp.put(request({ command = "appe", path = "/small.txt", source = ltn12.source.string(" and more") })), 9)
check.equal("F22: appended", ftp.get(base .. "/small.txt"), "small and more")
local sink, listing = ltn12.sink.table()
check.equal("F21: nlst", ftp.get(request({ command = "nlst", sink = sink })), 1)
check.equal("F21: listing", table.concat(listing), "big\r\nsmall.txt\r\n")
check.equal("missing file", { ftp.get(base .. "/none") }, { [2] = "550 not available" })
check.equal("wrong password", { ftp.get("ftp://luasocket:wrong@127.0.0.1:" .. server.port .. "/small.txt") },
    { [2] = "530 Authentication failed." })
check.equal("anonymous may not write", { ftp.put("ftp://127.0.0.1:" .. server.port .. "/x", "x") }, { [2] = "550 not available" })
local asked = {}
check.equal("command table", ftp.command(request({
    command = { "cwd", "pwd", "dele" }, argument = { "/", nil, "small.txt" },
    check = { 250, function(code, reply)
        asked[1], asked[2] = code, reply
        return code == 257
    end, "2.." },
})), 1)
check.equal("command's reply", asked, { 257, '257 "/"' })
check.equal("deleted", { ftp.get(base .. "/small.txt") }, { [2] = "550 not available" })

-- several transfers in one session
local session = socket.protect(function()
    local f = ftp.open("127.0.0.1", server.port)
    f:greet()
    f:login("luasocket", "password")
    f:type("i")
    for i = 1, 3 do
        f:epsv()
        f:send({ argument = "n" .. i, source = ltn12.source.string("file " .. i) })
        f:pasv()
        local kept, content = ltn12.sink.table()
        f:receive({ path = "/n" .. i, sink = kept })
        check.equal("session: file " .. i, table.concat(content), "file " .. i)
    end
    f:quit()
    return f:close()
end)
check.equal("session: ends", session(), 1)

check.done()
