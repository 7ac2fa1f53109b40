-- Checks TLS parameters and translates them for the native part of socket.tls. Internal to it. A parameter that
-- increases security but is not supported is refused, never ignored.
local captured = ...
local config, error, ipairs, next, os = captured.config, captured.error, captured.ipairs, captured.next, captured.os
local pairs, setmetatable, tostring, type = captured.pairs, captured.setmetatable, captured.tostring, captured.type
local byte, char, sub, concat = captured.byte, captured.char, captured.sub, captured.concat

local contexts = {}

local ORDER = { "tlsv1", "tlsv1_1", "tlsv1_2", "tlsv1_3" }
local NEWEST_OF_NATIVE_TLS = 3

local function set(names)
    local result = {}
    for name in captured.gmatch(names, "%S+") do result[name] = true end
    return result
end

local VERIFY = set("none peer client_once fail_if_no_peer_cert")
local VERIFYEXT = { lsec_continue = 1, lsec_ignore_purpose = 2, crl_check = 4, crl_check_chain = 8 }
local DANE = set("no_ee_namechecks")

-- Raises LuaSec's error for a wrong type, without a position, which would name this file.
local function wrong_type(position, call, expected, value)
    error(("bad argument #%d to '%s' (%s expected, got %s)"):format(position, call, expected, type(value)), 0)
end

local function text(value, position, call)
    if type(value) == "number" then return tostring(value) end
    if type(value) ~= "string" then wrong_type(position, call, "string", value) end
    return value
end

local function refused(name) return nil, name .. " not supported by this TLS backend" end

-- True where OpenSSL's features are available, else nil and a message.
local function needs_openssl(native, name)
    if native.complete then return true end
    return refused(name)
end

-- The names in a string or a list, as a set; nil and a message when one is unknown.
local function flags(value, known, message)
    local found = {}
    if value then
        for _, name in ipairs(type(value) == "table" and value or { value }) do
            name = text(name, 2, "func")
            if not known[name] then return nil, message:format(name) end
            found[name] = true
        end
    end
    return found
end

-- Reads the password of a key, when one is needed.
local function read_password(native, own)
    local password = own.password
    local kind = type(password)
    if password and kind ~= "string" and kind ~= "function" then return nil, "invalid password type" end
    if kind == "function" then password = native.isencrypted(own.key or own.certificate) and password() or nil end
    return password
end

-- The local certificates, each with its key.
local function identities(native, cfg, given)
    local list = cfg.certificates or { cfg }
    if #list > 1 and not native.complete then return refused("several certificates") end
    given.identities = {}
    for i, own in ipairs(list) do
        local identity = {
            key = own.key and text(own.key, 2, "loadkey"),
            certificate = own.certificate and text(own.certificate, 2, "loadcert"),
        }
        if identity.key or identity.certificate then
            local err
            identity.password, err = read_password(native, own)
            if err then return nil, err end
        end
        given.identities[i] = identity
    end
    return true
end

-- Oldest and newest version that protocol and options allow, counted from 0.
local function versions(native, protocol, excluded, server)
    local named = config.protocols[protocol]
    local oldest, newest
    for i, name in ipairs(ORDER) do
        local wanted = name == protocol or not named and i >= 3
        if wanted and not excluded["no_" .. name] then
            oldest, newest = oldest or i, i
        end
    end
    if not oldest then return nil, "no protocols available" end
    local limit = #ORDER
    if not native.complete and (server or native.backend == "secure-transport") then limit = NEWEST_OF_NATIVE_TLS end
    if oldest > limit then return nil, "protocol not supported by this TLS backend (" .. ORDER[oldest] .. ")" end
    if newest > limit then newest = limit end
    ---@cast newest -?
    return oldest - 1, newest - 1
end

-- Encodes protocol names for ALPN, each with a length prefix; nil and a message, or nil alone, when they are invalid.
local function encoded(names)
    if type(names) ~= "table" then return nil, "invalid ALPN parameter" end
    if #names == 0 then return nil, "invalid ALPN list (empty)" end
    local wire = {}
    for i, name in ipairs(names) do
        if type(name) ~= "string" then return nil end
        if name == "" then return nil, "invalid ALPN name (empty string)" end
        if #name > 255 then return nil, "invalid ALPN name (length > 255)" end
        wire[i] = char(#name) .. name
    end
    return concat(wire)
end

local function decoded(wire)
    local names, i = {}, 1
    while i <= #wire do
        local length = byte(wire, i)
        names[#names + 1] = sub(wire, i + 1, i + length)
        i = i + 1 + length
    end
    return names
end

-- The handshake's callbacks take and return strings. These wrappers call the program's functions.
local function alpn_callback(choose)
    return function(offered)
        local chosen = choose(decoded(offered))
        return chosen and (encoded(type(chosen) == "string" and { chosen } or chosen))
    end
end

local function client_psk(callback)
    return function(hint, longest_identity, longest_key)
        local identity, key = callback(hint, longest_identity, longest_key)
        if type(identity) ~= "string" or type(key) ~= "string" then return nil end
        return identity, key
    end
end

local steps = {}

-- Each step checks some parameters and stores their meaning in `given`. It returns true, or nil and a message. The
-- steps have LuaSec's order of errors.
function steps.ciphers(native, cfg, given)
    for _, name in ipairs({ "ciphers", "ciphersuites" }) do
        if cfg[name] then
            given[name] = text(cfg[name], 2, "setcipher")
            if not native.complete then return refused(name) end
        end
    end
    return true
end

function steps.verify(native, cfg, given)
    local found, err = flags(cfg.verify, VERIFY, "invalid verify option (%s)")
    if not found then return nil, err end
    if not given.server then
        -- verification is on by default; only an explicit value disables it
        given.verify = cfg.verify ~= false and (found.peer or not found.none) or false
        return true
    end
    found.none = nil
    given.require, given.once = found.fail_if_no_peer_cert, found.client_once
    given.verify = next(found) ~= nil
    if given.verify and not native.complete then return refused("client certificate verification") end
    return true
end

function steps.options(native, cfg, given)
    local found, err = flags(cfg.options, config.options(native), "invalid option (%s)")
    if not found then return nil, err end
    local names = {}
    for name in pairs(found) do names[#names + 1] = name end
    given.options = concat(names, " ")
    given.ignoreeof = found.ignore_unexpected_eof
    local oldest, newest = versions(native, cfg.protocol, found, given.server)
    if not oldest then return nil, newest end
    given.oldest, given.newest = oldest, newest
    return true
end

function steps.depth(native, cfg, given)
    if not cfg.depth then return true end
    if type(cfg.depth) ~= "number" then wrong_type(2, "setdepth", "number", cfg.depth) end
    given.depth = cfg.depth
    return needs_openssl(native, "depth")
end

function steps.dhparam(native, cfg, given, callbacks)
    if not cfg.dhparam then return true end
    if type(cfg.dhparam) ~= "function" then return nil, "invalid DH parameter type" end
    callbacks.dhparam, given.asksdh = cfg.dhparam, true
    return needs_openssl(native, "dhparam")
end

function steps.curves(native, cfg, given)
    for _, name in ipairs({ "curveslist", "curve" }) do
        if cfg[name] then
            given[name] = text(cfg[name], 2, "setcurve")
            return needs_openssl(native, name)
        end
    end
    return true
end

function steps.verifyext(native, cfg, given)
    local found, err = flags(cfg.verifyext, VERIFYEXT, "invalid verify option (%s)")
    if not found then return nil, err end
    local flag = next(found)
    if flag and not native.complete then
        return nil, "verifyext not supported by this TLS backend (" .. flag .. ")"
    end
    given.verifyext = 0
    for name in pairs(found) do given.verifyext = given.verifyext + VERIFYEXT[name] end
    return true
end

function steps.alpn(native, cfg, given, callbacks)
    local names = cfg.alpn
    if not names then return true end
    if type(names) == "function" and given.server then
        callbacks.alpn, given.asksalpn = alpn_callback(names), true
        return needs_openssl(native, "ALPN callback")
    end
    if type(names) == "string" and not given.server then names = { names } end
    local err
    given.alpn, err = encoded(names)
    if not given.alpn then return nil, err end
    return true
end

function steps.psk(native, cfg, given, callbacks)
    local psk = cfg.psk
    if not psk then return true end
    if given.server and type(psk) == "table" then
        if psk.hint ~= nil and type(psk.hint) ~= "string" then return nil, "invalid PSK configuration" end
        given.pskhint, psk = psk.hint, psk.callback
    end
    if type(psk) ~= "function" then return nil, "invalid PSK configuration" end
    callbacks.psk, given.askspsk = given.server and psk or client_psk(psk), true
    return needs_openssl(native, "psk")
end

function steps.dane(native, cfg, given)
    if not cfg.dane then return true end
    local found, err = flags(cfg.dane ~= true and cfg.dane, DANE, "invalid DANE flag (%s)")
    if not found then return nil, err end
    given.dane = found.no_ee_namechecks and 1 or 0
    return needs_openssl(native, "dane")
end

function steps.additions(native, cfg, given)
    given.verifyhost = cfg.verifyhost ~= false
    given.host = cfg.host and text(cfg.host, 2, "sethost")
    given.session, given.whole = cfg.session, cfg.whole
    if cfg.keylog then
        if not native.complete then return refused("keylog") end
        given.keylog = os and os.getenv("SSLKEYLOGFILE") or nil
    end
    return true
end

local ORDER_OF_STEPS = {
    "ciphers", "verify", "options", "depth", "dhparam", "curves", "verifyext", "alpn", "psk", "dane", "additions",
}

-- The handshake callbacks. They live as long as their context, or a connection of it.
local kept = setmetatable({}, { __mode = "k" })
local count = 0

local function keep_callbacks(native, given, callbacks)
    if not next(callbacks) then return end
    count = count + 1
    given.callbacks = count
    if not native.callbacks.kept then
        setmetatable(native.callbacks, { __mode = "v" })
        native.callbacks.kept = kept
    end
    native.callbacks[count] = callbacks
end

---Keeps the handshake callbacks of a connection alive.
---@param connection userdata
---@param context userdata
function contexts.keep(connection, context)
    local callbacks = kept[context]
    -- a new table: `sni` adds the contexts of names at 2
    if callbacks then kept[connection] = { callbacks } end
end

---Makes a context from a configuration table (A9-A30).
---@param native table native part of socket.tls
---@param cfg table
---@return userdata|nil context
---@return string|nil message
function contexts.new(native, cfg)
    local protocol = text(cfg.protocol, 1, "create")
    if not config.protocols[protocol] and protocol ~= "any" and protocol ~= "sslv23" then
        return nil, "invalid protocol (" .. protocol .. ")"
    end
    local mode = text(cfg.mode, 2, "setmode")
    if mode ~= "client" and mode ~= "server" then return nil, "invalid mode (" .. mode .. ")" end

    local given = { server = mode == "server", oldest = 0, newest = 3 }
    local callbacks = {}
    local ok, later = identities(native, cfg, given)
    if not ok then return nil, later end
    given.cafile = cfg.cafile and text(cfg.cafile, 2, "locations")
    given.capath = cfg.capath and text(cfg.capath, 3, "locations")
    for _, name in ipairs(ORDER_OF_STEPS) do
        ok, later = steps[name](native, cfg, given, callbacks)
        if not ok then break end
    end
    if ok then keep_callbacks(native, given, callbacks) end
    -- Errors in the files are reported first, so the files are read even when other settings are invalid.
    local context, err = native.context(given)
    if not context then return nil, err end
    if not ok then return nil, later end
    if given.callbacks then kept[context] = callbacks end
    return context
end

return contexts
