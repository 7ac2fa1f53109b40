-- TLS with the operating system's library and LuaSec's API. It is a Lua file because Lua files are found before
-- shared libraries: `require "socket.tls"` always loads this module, whatever else is installed.
local native = require("socket.native")("socket_tls_core")
local config = require("socket.tls_config")

local error, pcall, type = error, pcall, type
local concat = table.concat

-- Most bytes moved at once from a socket's read-ahead buffer.
local PIECE = 65536

---@class socket.tls
local tls = {
    ---The TLS library: "openssl", "schannel" or "secure-transport".
    ---@type string
    backend = native.backend,
    ---The supported features. A parameter that is missing here is refused (A2).
    ---@type table<string, any>
    capabilities = native.complete
        and { alpn = true, curves_list = true, dane = { no_ee_namechecks = true }, ecdh_auto = true, psk = true }
        or { alpn = true },
}

---Makes a context, which any number of connections may share. Contexts with the same settings share their native
---objects.
---@param cfg table LuaSec's parameters, and `host`, the name to verify, and `verifyhost`, false to verify none
---@return userdata|nil context
---@return string|nil message
function tls.newcontext(cfg)
    return config.newcontext(native, cfg)
end

-- Bytes in the socket's read-ahead buffer belong to TLS (Δ11).
local function take_ahead(sock)
    local dirty = sock.dirty
    if not dirty or not dirty(sock) then return nil end
    sock:settimeout(0)
    local data, _, partial = sock:receive("*a", nil, PIECE)
    local pieces = { data or partial }
    -- Moves only the bytes already in the socket's buffer, and receives no new ones: a peer that sends without end
    -- must not be read without end.
    while dirty(sock) do
        local byte = sock:receive(1)
        if not byte then break end
        pieces[#pieces + 1] = byte
    end
    return concat(pieces)
end

---Makes a TLS object that takes over the socket's descriptor. The socket behaves as closed afterwards (A4, A5).
---@param sock table|userdata anything with `getfd` and `setfd`
---@param context any a context, or the parameters of one
---@return userdata|nil connection
---@return string|nil message
function tls.wrap(sock, context)
    if type(context) == "table" then
        local err
        context, err = tls.newcontext(context)
        if not context then return nil, err end
    end
    if not native.iscontext(context) then error("bad argument #1 to 'create' (invalid context)", 2) end
    local ahead = take_ahead(sock)
    local descriptor = sock:getfd()
    sock:setfd(-1)
    local ok, connection, problem = pcall(native.adopt, descriptor, context, ahead)
    if not ok then
        sock:setfd(descriptor)
        error(connection, 0)
    end
    if not connection then return nil, problem end
    config.keep(connection, context)
    return connection
end

---Reads the first certificate of a PEM text (A8).
---@param pem string
---@return userdata|nil certificate
function tls.loadcertificate(pem)
    return native.loadcertificate(pem)
end

return tls
