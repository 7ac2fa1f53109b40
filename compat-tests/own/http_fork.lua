-- not on: lua5.1, lua5.2, lua5.3, lua5.5, runner
-- needs: python3
-- Kept connections, with other processes and with other tasks (client.s.9, client.s.12).
local check = require("check")
local client_peer = require("client_peer")
local http = require("socket.http")
local tasks = require("socket.tasks")

http.TIMEOUT = 20
local server = client_peer.start()
local base = server.base

-- client.s.9
local pool = http.pool()
local got = {}
tasks.run(function()
    for i = 1, 8 do
        tasks.start(function()
            local body = {}
            http.request({ url = base .. "/delay/0.2", pool = pool, sink = function(piece)
                body[#body + 1] = piece
                return 1
            end })
            got[i] = table.concat(body)
        end)
    end
end)
check.equal("client.s.9: all answered", table.concat(got, " "), ("late "):rep(8):sub(1, -2))
check.equal("client.s.9: six are kept", pool:stats().idle, 6)
check.equal("client.s.9: eight were made", pool:stats().made, 8)

-- client.s.12: as after a fork, the process ID has changed
local native = require("socket.native")("socket_http")
local function connection()
    local body = {}
    assert(http.request({ url = base .. "/connection", pool = pool, sink = function(piece)
        body[#body + 1] = piece
        return 1
    end }))
    return table.concat(body)
end
local first = connection()
check.equal("client.s.12: kept in one process", connection(), first)
check.equal("client.s.12: a process has a number", native.process(), native.process())
local idle = pool:stats().idle
pool.process = -1
check.equal("client.s.12: a child's pool is empty", pool:stats().idle, 0)
check.ok("client.s.12: there was something", idle > 0)
check.ok("client.s.12: a new connection", connection() ~= first)

-- and with a real fork, where a script can call fork
local ok, ffi = pcall(require, "ffi")
if ok and ffi.cdef then
    ffi.cdef("int fork(void); int waitpid(int pid, int *status, int options); void _exit(int status);")
    first = connection()
    local child = ffi.C.fork()
    if child == 0 then ffi.C._exit(pool:stats().idle == 0 and connection() ~= first and 0 or 1) end
    local status = ffi.new("int[1]", 99)
    ffi.C.waitpid(child, status, 0)
    check.equal("client.s.12: the child has a separate connection", status[0], 0)
    check.equal("client.s.12: the parent's still works", connection(), first)
end
check.done()
