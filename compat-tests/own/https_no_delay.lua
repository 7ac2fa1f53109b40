-- needs: nginx, certs
-- A TLS object sends its records at once. With Nagle's algorithm each request would wait 40 ms for the peer's delayed
-- acknowledgement, as LuaSec's requests do on LuaSocket. The benchmark measures the gain.
local check = require("check")
local socket = require("socket")
local ssl = require("ssl")
local tls = require("tls")

local port = tonumber(os.getenv("COMPAT_HTTPS_PORT"))

local tcp = assert(socket.connect("127.0.0.1", port))
check.equal("a TCP object waits, as LuaSocket's", tcp:getoption("tcp-nodelay"), false)
tcp:close()

-- TLS objects have no options: a second object reads the option of the descriptor.
local function delays(object)
    local view = socket.tcp()
    view:setfd(object:getfd())
    local nodelay = view:getoption("tcp-nodelay")
    view:setfd(-1)
    return not nodelay
end

local object = tls.wrap(ssl, port)
check.equal("from the handshake on", delays(object), false)
object:settimeout(20)
assert(object:dohandshake())
check.equal("and after it", delays(object), false)
object:close()

check.done()
