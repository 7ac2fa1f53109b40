-- The options of http.listen: their defaults and checks. Internal to socket.http_server.
local error, ipairs, pairs, tostring, type = error, ipairs, pairs, tostring, type
local huge = math.huge

local options = {}

-- The limits and their defaults. `false` removes a limit.
local LIMITS = {
    maxline = 8192,
    maxhead = 32768,
    maxfields = 100,
    maxbody = 1048576,
    maxtrailer = 8192,
    headtime = 10,
    progresstime = 30,
    idletime = 15,
    tlstime = 10,
    handlertime = huge,
    maxrequests = 1000,
    maxconnections = 1000,
    drain = 65536,
    linger = 2,
    backlog = 511,
}

-- The limits that count bytes or things: whole numbers. The others are times.
local COUNTS = {
    maxline = true, maxhead = true, maxfields = true, maxbody = true, maxtrailer = true, maxrequests = true,
    maxconnections = true, drain = true, backlog = true,
}

-- The limits that may be zero. With zero, any other one would refuse every request.
local MAY_BE_ZERO = { maxbody = true, maxtrailer = true, drain = true, linger = true, backlog = true }

-- The types of all other options.
local OTHERS = {
    host = "string",
    port = "number string",
    handler = "function",
    keepalive = "boolean",
    nodelay = "boolean",
    reuseport = "boolean",
    tls = "table",
    on_error = "function",
    log = "boolean function userdata",
    server_name = "string boolean",
    stream = "boolean function",
    addresses = "table",
    socket = "userdata",
    errors = "table",
    mode = "number",
}

-- The types of an entry of `addresses`.
local ADDRESS = { host = "string", port = "number string", tls = "table", socket = "userdata" }

-- Whether a value is a socket that listens.
local function is_listener(value) return tostring(value):find("^[%w]+{server}") ~= nil end

local function invalid(name) error(("invalid value of option '%s'"):format(name), 0) end

-- Checks the options that have a structure.
local function check_listeners(settings)
    for _, address in ipairs(settings.addresses or {}) do
        if type(address) ~= "table" then invalid("addresses") end
        for name, value in pairs(address) do
            if not ADDRESS[name] then error(("invalid option '%s'"):format(tostring(name)), 0) end
            if not ADDRESS[name]:find(type(value), 1, true) then invalid(name) end
        end
        if address.socket and not is_listener(address.socket) then invalid("socket") end
    end
    if settings.socket and not is_listener(settings.socket) then invalid("socket") end
end

-- Whether a value can be a limit.
local function is_limit(value, name)
    if type(value) ~= "number" or not (value > 0 or value == 0 and MAY_BE_ZERO[name]) then return false end
    return not COUNTS[name] or value == huge or value % 1 == 0
end

---Raises, in the name of a method, unless a value is a number or nil.
---@param value any
---@param name string
function options.check_number(value, name)
    if value ~= nil and type(value) ~= "number" then
        error(("bad argument #1 to '%s' (number expected, got %s)"):format(name, type(value)), 3)
    end
    if value ~= value then error(("bad argument #1 to '%s' (not a number)"):format(name), 3) end
end

---Checks options and adds the defaults.
---@param given table|function|nil
---@return table settings
function options.complete(given)
    if type(given) == "function" then given = { on_error = given } end
    ---@type any
    local settings = { keepalive = true, nodelay = true, server_name = "luasocket-rs", mode = 384 }
    for name, value in pairs(LIMITS) do settings[name] = value end
    for name, value in pairs(given or {}) do
        if LIMITS[name] then
            if value == false then value = huge end
            if not is_limit(value, name) then invalid(name) end
        elseif not OTHERS[name] then
            error(("invalid option '%s'"):format(tostring(name)), 0)
        elseif not OTHERS[name]:find(type(value), 1, true) then
            invalid(name)
        end
        settings[name] = value
    end
    check_listeners(settings)
    local mode = settings.mode
    if not (mode >= 0 and mode <= 4095 and mode % 1 == 0) then invalid("mode") end
    if settings.server_name == true then settings.server_name = "luasocket-rs" end
    settings.server_name = settings.server_name or nil
    if type(settings.server_name) == "string" and settings.server_name:find("%c") then invalid("server_name") end
    -- replaces huge limits by a number that fits a C integer
    for _, name in pairs({ "maxline", "maxhead", "maxfields", "maxtrailer", "drain" }) do
        if settings[name] > 2 ^ 30 then settings[name] = 2 ^ 30 end
    end
    if settings.backlog > 65535 then settings.backlog = 65535 end
    return settings
end

return options
