-- FTP client (RFC 959, RFC 2428): get, put and single commands.

local socket = require("socket")
local url = require("socket.url")
local ltn12 = require("ltn12")
local session = require("socket.session")
local starttls = require("socket.starttls")
local ftp_session = require("socket.ftp_session")

---@class socket.ftp
local ftp = {
    TIMEOUT = 60,
    USER = "ftp",
    PASSWORD = "anonymous@anonymous.org",
}
socket.ftp = ftp

---@class socket.ftp.request
---@field host string|nil
---@field port number|nil default 21
---@field user string|nil default `ftp.USER`
---@field password string|nil default `ftp.PASSWORD`
---@field url string|nil its parts are used for fields that are not given
---@field command string|string[]|nil
---@field argument string|table|nil the argument of the command
---@field check any of `ftp.command`: the replies to accept, see `check` of `socket.tp`
---@field create (fun(): table)|nil makes the control connection, default `socket.tcp`
---@field tls boolean|table|nil use TLS from the start, on port 990; a table holds parameters for `ssl.wrap`
---@field starttls boolean|table|nil switch to TLS before logging in, or fail; a table as in `tls`

---@class socket.ftp.transfer : socket.ftp.request
---@field path string|nil percent-encoded, for the argument
---@field type string|nil "a" for text, "i" for bytes
---@field sink function|nil ltn12 sink, of `ftp.get`
---@field source function|nil ltn12 source, of `ftp.put`
---@field step function|nil ltn12 pump step

---Opens a session (F30, F31). The caller reads the greeting with `greet`. Throws on failure.
---@param server string
---@param port number|nil default 21
---@param create (fun(): table)|nil makes the control connection, default `socket.tcp`
---@return socket.ftp.session
function ftp.open(server, port, create)
    return ftp_session.open(ftp, server, port, create)
end

-- Parses a URL. User and password are percent-encoded in it and are returned decoded (F6).
local function parse(u, default)
    local parsed, message = url.parse(u, default)
    if not parsed then return nil, message end
    for _, name in ipairs({ "user", "password" }) do
        if parsed[name] then parsed[name] = url.unescape(parsed[name]) end
    end
    return parsed
end

-- The table of a request: its own fields, with the parts of its `url` as defaults. The caller's table is not modified
-- (F4, add.31).
local function with_url(request)
    if not request.url then return request end
    local merged = parse(request.url) or {}
    for name, value in pairs(request) do merged[name] = value end
    return merged
end

-- Rejects, before connecting, input that must not be sent (F16, add.26).
local function validate(request)
    socket.try(request.host, "missing hostname")
    for _, name in ipairs({ "user", "password", "type" }) do
        if request[name] then socket.try(session.valid(name, request[name])) end
    end
    socket.try(starttls.check(request))
end

local function validate_command(command, argument)
    socket.try(session.valid("command", command))
    if argument then socket.try(session.valid("argument", argument)) end
end

-- the port where servers use TLS from the start
local SECURE_PORT = 990

-- Runs a session. `f` returns a result, and whether the server has confirmed all of it.
local function open_for(notes, request, f)
    ---@type any
    local self = ftp.open(request.host, request.port or request.tls and SECURE_PORT or nil, request.create)
    -- session.run closes: a finalizer of newtry could not yield while it closes
    self.notes = notes
    self.try = (request.tls or request.starttls) and starttls.try or socket.try
    return session.run(self, function()
        if request.tls then ftp_session.secure(self, request.host, request.tls) end
        self:greet()
        if request.starttls then ftp_session.auth_tls(self, request.host, request.starttls) end
        if not self.logged_in then self:login(request.user, request.password) end
        local result, confirmed = f(self, request)
        if confirmed then
            session.goodbye(self, ftp.TIMEOUT)
        else
            self:quit()
            self:close()
        end
        return result
    end)
end

local function transfer(notes, request, default_command, end_point, f)
    request = with_url(request)
    validate(request)
    validate_command(request.command or default_command, ftp_session.argument(request))
    socket.try(session.callable(end_point, request[end_point]))
    return open_for(notes, request, function(self)
        ftp_session.protect_data(self)
        if request.type then self:type(request.type) end
        ftp_session.enter_passive(self)
        return f(self, request), true
    end)
end

---Parses an FTP URL (F2, F3). Throws when the URL is invalid.
---@param u string
---@return table parsed fields of `socket.url.parse`, user and password decoded, and `type`
function ftp.genericform(u)
    local parsed = socket.try(parse(u, { scheme = "ftp", path = "/" }))
    socket.try(parsed.scheme == "ftp", ("wrong scheme '%s'"):format(parsed.scheme))
    socket.try(parsed.host, "missing hostname")
    if parsed.params then
        local kind = parsed.params:match("^type=(.*)$") or ""
        socket.try(kind == "a" or kind == "i", ("invalid type '%s'"):format(kind))
        parsed.type = kind
    end
    return parsed
end

---Downloads. The string form returns the content of a URL; the table form writes it into `sink` (F18 to F21).
---@param gett string|socket.ftp.transfer
---@return string|number|nil result the content, or 1 for the table form; nil on failure
---@return string|nil message the server's reply or another error
---@return nil
---@return string|nil why reason of a refused certificate, if that was the error
ftp.get = session.protect(function(notes, gett)
    if type(gett) ~= "string" then return transfer(notes, gett, "retr", "sink", ftp_session.receive) end
    local request, chunks = ftp.genericform(gett), {}
    request.sink = ltn12.sink.table(chunks)
    transfer(notes, request, "retr", "sink", ftp_session.receive)
    return table.concat(chunks)
end)

---Uploads a string to a URL, or the `source` of a table (F22 to F25).
---@param putt string|socket.ftp.transfer
---@param content string|nil with a URL
---@return number|nil sent bytes; nil on failure
---@return string|nil message
---@return nil
---@return string|nil why reason of a refused certificate, if that was the error
ftp.put = session.protect(function(notes, putt, content)
    ---@cast putt any
    if type(putt) == "string" then
        putt = ftp.genericform(putt)
        putt.source = ltn12.source.string(content)
    end
    return transfer(notes, putt, "stor", "source", ftp_session.send)
end)

-- The commands of a request in order: { command, argument, check } (F27, F28).
local function command_list(request)
    local command, argument, check = request.command, request.argument, request.check
    if type(command) ~= "table" then return { { command, argument, check } } end
    local list = {}
    for i, word in ipairs(command) do
        list[i] = { word, (argument or {})[i], (check or {})[i] }
    end
    return list
end

---Sends commands that need no data connection (F26 to F29).
---@param cmdt socket.ftp.request
---@return number|nil ok 1; nil on failure
---@return string|nil message
---@return nil
---@return string|nil why reason of a refused certificate, if that was the error
ftp.command = session.protect(function(notes, cmdt)
    cmdt = with_url(cmdt)
    validate(cmdt)
    socket.try(cmdt.command, "missing command")
    local commands = command_list(cmdt)
    for _, entry in ipairs(commands) do validate_command(entry[1], entry[2]) end
    return open_for(notes, cmdt, function(self)
        local confirmed = true
        for _, entry in ipairs(commands) do
            self.try(self.tp:command(entry[1], entry[2]))
            if entry[3] then self.try(self.tp:check(entry[3])) else confirmed = false end
        end
        return 1, confirmed
    end)
end)

return ftp
