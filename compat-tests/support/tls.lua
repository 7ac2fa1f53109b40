-- TLS peers and objects for the tests of socket.tls and HTTPS.
local peer = require("peer")
local socket = require("socket")

local tls = {}

-- The folder of test certificates, with a slash at the end.
tls.certificates = (os.getenv("COMPAT_CERTS") or ".") .. "/"

-- Whether TLS has all of OpenSSL's features. It has fewer where native-tls does the work.
function tls.is_complete() return require("socket.native")("socket_tls_core").complete end

-- Starts servers/tls_peer.py with its arguments: named values and steps.
function tls.peer(...)
    return peer.python(os.getenv("COMPAT_SERVERS") .. "/tls_peer.py", tls.certificates, ...)
end

-- A copy of these parameters, with changes if there are any.
function tls.merged(cfg, changes)
    local all = {}
    for name, value in pairs(cfg) do all[name] = value end
    for name, value in pairs(changes or {}) do all[name] = value end
    return all
end

-- The parameters of a client that trusts the test authority.
function tls.client(changes)
    return tls.merged({ mode = "client", protocol = "any", verify = "peer", cafile = tls.certificates .. "ca.crt" }, changes)
end

-- The parameters of a server with a certificate of the test authority.
function tls.server(changes)
    return tls.merged({
        mode = "server", protocol = "any", key = tls.certificates .. "good.key", certificate = tls.certificates .. "good.pem",
    }, changes)
end

-- A TLS object connected to a local port, before its handshake. `ssl` is the module to use.
function tls.wrap(ssl, port, changes, name)
    local tcp = assert(socket.connect("127.0.0.1", port))
    local object = assert(ssl.wrap(tcp, tls.client(changes)))
    if name ~= false then object:sni(name or "localhost") end
    return object, tcp
end

-- The same, after its handshake.
function tls.connect(ssl, port, changes, name)
    local object, tcp = tls.wrap(ssl, port, changes, name)
    object:settimeout(20)
    assert(object:dohandshake())
    return object, tcp
end

-- A `create` for smtp and ftp as LuaSec's users write it: an object that connects, does the handshake at once, and
-- forwards everything else. It has no `getpeername`, because TLS objects have none.
function tls.creator(ssl)
    local methods = {}
    function methods:settimeout(...) return (self.conn or self.plain):settimeout(...) end
    function methods:connect(host, port)
        local ok, err = self.plain:connect(host, port)
        if not ok then return nil, err end
        self.conn, err = ssl.wrap(self.plain, tls.client())
        if not self.conn then return nil, err end
        self.conn:sni(host)
        return self.conn:dohandshake()
    end
    local function index(_, name)
        if methods[name] or name == "getpeername" then return methods[name] end
        return function(self, ...) return self.conn[name](self.conn, ...) end
    end
    return function() return setmetatable({ plain = socket.tcp(), conn = false }, { __index = index }) end
end

return tls
