-- The parts that tp, smtp and ftp share, and a protected call that allows a yield on every Lua version. Internal.
local socket = require("socket")
local native = require("socket.native")
local part = require("socket.part")

local function environment() return next end

local captured = { socket = socket, native = native, ipairs = ipairs, type = type }

---Calls `f(...)` like pcall; `f` may yield (add.25).
---@type fun(f: function, ...: any): boolean, any...
captured.pcall = native("socket_protected_call")

return {
    -- In a separate table, because tracebacks name a function after the field of a module that holds it.
    protected = { call = captured.pcall },
    ---Protected calls, the end of a session, the check of values.
    calls = part("session", environment, captured),
    ---The step to TLS.
    starttls = part("starttls", environment, captured),
}
