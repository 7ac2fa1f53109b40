-- Improvements of serial objects on LuaSocket 3.1.0: no signal, no inherited descriptor, bounded reads.
local check = require("check")
local fdinfo = require("fdinfo")
local serial = require("socket.serial")

local function results(...) return { n = select("#", ...), ... } end

check.equal("serial.2: a zero byte is in no path", results(serial("/dev/null\0junk")), { n = 3, nil, "No such file or directory", 2 })

local null = serial("/dev/null")
if fdinfo.available then
    check.ok("add.33: closed on exec", fdinfo.has(null, "close-on-exec"))
    check.ok("serial.2: non-blocking", fdinfo.has(null, "non-blocking"))
end

local file = assert(io.open("file", "w"))
file:write("abcdef\nrest\n")
file:close()
local plain = serial("file")
check.equal("add.2: oversized", results(plain:receive("*l", "", 4)), { n = 3, nil, "oversized", "abcd" })
check.equal("add.2: nothing is lost", plain:receive(), "ef")
check.equal("add.46: what there is", (plain:receive({ most = 3 })), "res")
check.equal("FIX-16", results(plain:receive(math.huge)), { n = 3, nil, "closed", "t\n" })
check.equal("FIX-21", { plain:setstats(-1), (plain:getstats()) }, { 1, -1 })

-- FIX-13: a pipe without a reader. The child's standard output becomes one when `true` has ended.
local function interpreter()
    local i = 0
    while arg[i - 1] do i = i - 1 end
    return os.getenv("COMPAT_LUA") or arg[i]
end
local child = assert(io.open("child.lua", "w"))
child:write([[
local function ignored()
    local status = io.open("/proc/self/status")
    local mask = status and status:read("*a"):match("SigIgn:%s*(%x+)")
    if status then status:close() end
    return mask
end
local kills = require("sigpipe").kills()
local before = ignored()
local line = require("socket.serial")("/dev/null")
line:close()
line:setfd(1)
local sent, err, last
repeat sent, err, last = line:send(("x"):rep(1000)) until not sent
line:setfd(-1)
local report = io.open("report", "w")
report:write(tostring(err), " ", tostring(last == 0), " ", tostring(ignored() == before), " ", tostring(kills ~= false))
report:close()
]])
child:close()
os.execute("{ " .. interpreter() .. " child.lua; } | true")
local report = io.open("report")
check.ok("D15: the program is not killed", report ~= nil)
check.equal("D15: the send failed, and signals were left alone", report and report:read("*a"), "closed true true true")

check.done()
