-- The C compiler's unwinder is a library that costs a third of the time of `require "socket"`. The modules load it only
-- when they need it, with the GNU C library on the processors that the modules know.
local check = require("check")
local rerun = require("rerun")

local function mapped()
    local file = io.open("/proc/self/maps")
    if not file then return "" end
    local text = file:read("*a")
    file:close()
    return text
end

local before = mapped()
local socket = require("socket")
require("mime")
require("ltn12")
require("socket.url")

local listener = assert(socket.bind("127.0.0.1", 0))
local _, port = listener:getsockname()
local client = assert(socket.connect("127.0.0.1", port))
local server = assert(listener:accept())
assert(server:send("line\n"))
check.equal("a line arrives", client:receive(), "line")
-- An error of a script passes through a native function.
local ok, problem = pcall(socket.select, { setmetatable({}, { __index = function() error("raised", 0) end }) })
check.ok("an error passes through select", not ok and problem == "raised", problem)

if before:find("/ld%-linux%-x86%-64%.so") or before:find("/ld%-linux%-aarch64%.so") then
    check.equal("libgcc_s is loaded by the interpreter only",
        mapped():find("libgcc_s", 1, true) ~= nil, before:find("libgcc_s", 1, true) ~= nil)
end

-- A program may bring another unwinder. LuaJIT's errors then come from that one.
local OTHER = "/usr/lib/x86_64-linux-gnu/libunwind.so.8"
local other = not os.getenv("LD_PRELOAD") and io.open(OTHER)
if other then
    other:close()
    check.ok("with another unwinder", rerun.run("LD_PRELOAD=" .. OTHER .. " " .. rerun.interpreter(), "loading_unwinder"))
end

check.done()
