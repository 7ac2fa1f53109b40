-- Checks of TLS parameters, and their translation for the native part of
-- socket.tls. Internal to it. What would make a connection safer and cannot be
-- honoured is refused, never passed over.
local error, ipairs, next, tostring, type = error, ipairs, next, tostring, type
local char, concat = string.char, table.concat

local config = {}

local ORDER = { "tlsv1", "tlsv1_1", "tlsv1_2", "tlsv1_3" }
local NEWEST_OF_A_SERVER = 3

local function set(names)
    local result = {}
    for name in names:gmatch("%S+") do result[name] = true end
    return result
end

---The protocols that can be named alone.
config.protocols = set("tlsv1 tlsv1_1 tlsv1_2 tlsv1_3")

---The names that `options` may hold: OpenSSL 3.0's (A20).
config.options = set([[
    all allow_client_renegotiation allow_no_dhe_kex allow_unsafe_legacy_renegotiation cipher_server_preference
    cisco_anyconnect cleanse_plaintext cookie_exchange cryptopro_tlsext_bug disable_tlsext_ca_names
    dont_insert_empty_fragments enable_ktls enable_middlebox_compat ephemeral_rsa ignore_unexpected_eof
    legacy_server_connect microsoft_big_sslv3_buffer microsoft_sess_id_bug msie_sslv2_rsa_padding netscape_ca_dn_bug
    netscape_challenge_bug netscape_demo_cipher_change_bug netscape_reuse_cipher_change_bug no_anti_replay
    no_compression no_dtls_mask no_dtlsv1 no_dtlsv1_2 no_encrypt_then_mac no_extended_master_secret no_query_mtu
    no_renegotiation no_session_resumption_on_renegotiation no_ssl_mask no_sslv2 no_sslv3 no_ticket no_tlsv1
    no_tlsv1_1 no_tlsv1_2 no_tlsv1_3 pkcs1_check_1 pkcs1_check_2 prioritize_chacha safari_ecdhe_ecdsa_bug
    single_dh_use single_ecdh_use ssleay_080_client_dh_bug sslref2_reuse_cert_type_bug tls_block_padding_bug
    tls_d5_bug tls_rollback_bug tlsext_padding
]])

local VERIFY = set("none peer client_once fail_if_no_peer_cert")
local VERIFYEXT = set("lsec_continue lsec_ignore_purpose crl_check crl_check_chain")

-- Raises what a wrong type raises in LuaSec; the position would name this file.
local function wrong_type(position, call, expected, value)
    error(("bad argument #%d to '%s' (%s expected, got %s)"):format(position, call, expected, type(value)), 0)
end

local function text(value, position, call)
    if type(value) == "number" then return tostring(value) end
    if type(value) ~= "string" then wrong_type(position, call, "string", value) end
    return value
end

local function refused(name) return nil, name .. " not supported by this TLS backend" end

-- The names in a string or a list of them, as a set; nil and a message when
-- one is not among the known ones.
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

-- The one certificate with its key that the library can hold.
local function own_certificate(cfg)
    local list = cfg.certificates
    if not list then return cfg end
    if #list > 1 then return refused("several certificates") end
    return list[1] or {}
end

local function read_password(own, isencrypted)
    local password = own.password
    local kind = type(password)
    if password and kind ~= "string" and kind ~= "function" then return nil, "invalid password type" end
    if kind == "function" then password = isencrypted(own.key) and password() or nil end
    return password
end

-- Oldest and newest version, counted from 0, that protocol and options leave.
local function versions(protocol, options, server, backend)
    local named = config.protocols[protocol]
    local oldest, newest
    for i, name in ipairs(ORDER) do
        local wanted = name == protocol or not named and i >= 3
        if wanted and not options["no_" .. name] then
            oldest, newest = oldest or i, i
        end
    end
    if not oldest then return nil, "no protocols available" end
    local limit = (server or backend == "secure-transport") and NEWEST_OF_A_SERVER or #ORDER
    if oldest > limit then return nil, "protocol not supported by this TLS backend (" .. ORDER[oldest] .. ")" end
    if newest > limit then newest = limit end
    return oldest - 1, newest - 1
end

-- Whether the peer is to be verified.
local function verification(value, server)
    local found, err = flags(value, VERIFY, "invalid verify option (%s)")
    if not found then return nil, err end
    if not server then
        -- nothing said means yes; what is said to be off is off
        return value ~= false and (found.peer or not found.none) or false
    end
    found.none = nil
    if next(found) then return refused("client certificate verification") end
    return false
end

local function alpn_names(value, server)
    if type(value) == "string" and not server then value = { value } end
    if type(value) == "function" and server then return refused("ALPN callback") end
    if type(value) ~= "table" then return nil, "invalid ALPN parameter" end
    if #value == 0 then return nil, "invalid ALPN list (empty)" end
    local wire = {}
    for _, name in ipairs(value) do
        if type(name) ~= "string" then return nil end
        if name == "" then return nil, "invalid ALPN name (empty string)" end
        if #name > 255 then return nil, "invalid ALPN name (length > 255)" end
        wire[#wire + 1] = char(#name) .. name
    end
    return concat(wire)
end

-- Finds what is refused; returns true, or nil and a message. The order is LuaSec's.
local function check_unsupported(cfg)
    if cfg.depth then
        if type(cfg.depth) ~= "number" then wrong_type(2, "setdepth", "number", cfg.depth) end
        return refused("depth")
    end
    if cfg.dhparam then
        if type(cfg.dhparam) ~= "function" then return nil, "invalid DH parameter type" end
        return refused("dhparam")
    end
    if cfg.curveslist then return refused("curveslist") end
    if cfg.curve then return refused("curve") end
    local found, err = flags(cfg.verifyext, VERIFYEXT, "invalid verify option (%s)")
    if not found then return nil, err end
    local flag = next(found)
    if flag then return nil, "verifyext not supported by this TLS backend (" .. flag .. ")" end
    return true
end

local function check_ciphers(cfg)
    for _, name in ipairs({ "ciphers", "ciphersuites" }) do
        if cfg[name] then
            text(cfg[name], 2, "setcipher")
            return refused(name)
        end
    end
    return true
end

local function check_keys_of_others(cfg)
    if cfg.psk then
        if type(cfg.psk) ~= "function" and type(cfg.psk) ~= "table" then return nil, "invalid PSK configuration" end
        return refused("psk")
    end
    if cfg.dane then return refused("dane") end
    return true
end

-- What follows the files in LuaSec's order of checks: the settings, or nil and a message.
local function settings(cfg, protocol, server, backend)
    local verify, options, oldest, newest, alpn
    local ok, err = check_ciphers(cfg)
    if not ok then return nil, err end
    verify, err = verification(cfg.verify, server)
    if verify == nil then return nil, err end
    options, err = flags(cfg.options, config.options, "invalid option (%s)")
    if not options then return nil, err end
    oldest, newest = versions(protocol, options, server, backend)
    if not oldest then return nil, newest end
    ok, err = check_unsupported(cfg)
    if not ok then return nil, err end
    if cfg.alpn then
        alpn, err = alpn_names(cfg.alpn, server)
        if not alpn then return nil, err end
    end
    ok, err = check_keys_of_others(cfg)
    if not ok then return nil, err end
    return {
        oldest = oldest, newest = newest, verify = verify, alpn = alpn,
        ignore_eof = options.ignore_unexpected_eof or false,
        host = cfg.host and text(cfg.host, 2, "sethost"),
    }
end

---Makes a context of a configuration table (A9-A30).
---@param native table native part of socket.tls
---@param cfg table
---@return userdata|nil context
---@return string|nil message
function config.newcontext(native, cfg)
    local protocol = text(cfg.protocol, 1, "create")
    if not config.protocols[protocol] and protocol ~= "any" and protocol ~= "sslv23" then
        return nil, "invalid protocol (" .. protocol .. ")"
    end
    local mode = text(cfg.mode, 2, "setmode")
    if mode ~= "client" and mode ~= "server" then return nil, "invalid mode (" .. mode .. ")" end
    local server = mode == "server"

    local own, err = own_certificate(cfg)
    if not own then return nil, err end
    local key = own.key and text(own.key, 2, "loadkey")
    local certificate = own.certificate and text(own.certificate, 2, "loadcert")
    local password
    if key then
        password, err = read_password(own, native.isencrypted)
        if err then return nil, err end
    end
    local cafile = cfg.cafile and text(cfg.cafile, 2, "locations")
    local capath = cfg.capath and text(cfg.capath, 3, "locations")

    local found, later = settings(cfg, protocol, server, native.backend)
    -- What is wrong with the files is told first, so they are looked at even for settings that fail.
    local known = found or { oldest = 0, newest = 3, verify = true }
    local context
    context, err = native.context(server, known.oldest, known.newest, certificate, key, password, cafile, capath,
        known.verify, cfg.verifyhost ~= false, known.alpn, known.ignore_eof, known.host)
    if not context then return nil, err end
    if not found then return nil, later end
    return context
end

return config
