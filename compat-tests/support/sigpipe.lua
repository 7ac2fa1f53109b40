-- The action of SIGPIPE in this process.
local sigpipe = {}

---Whether it kills: it is not ignored, caught or blocked. nil where the system does not report it.
function sigpipe.kills()
    local status = io.open("/proc/self/status")
    if not status then return nil end
    local text = status:read("*a")
    status:close()
    for _, set in ipairs({ "SigIgn", "SigCgt", "SigBlk" }) do
        -- signal 13 is bit 12 of a mask in hexadecimal
        if tonumber(text:match(set .. ":%s*%x*(%x)%x%x%x%s"), 16) % 2 == 1 then return false end
    end
    return true
end

---Restores the default action: loading socket.core makes the process ignore it. The runner leaves it alone.
function sigpipe.let_kill()
    if sigpipe.kills() then return end
    local library = require("interposed").compile([[
#include <signal.h>
int let_kill(void *state) { (void)state; signal(SIGPIPE, SIG_DFL); return 0; }
]], "sigpipe")
    assert(package.loadlib(library, "let_kill"))()
end

return sigpipe
