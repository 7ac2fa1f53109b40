-- FTP client (RFC 959, RFC 2428): get, put and single commands.
local captured = ...
local ftp, socket, url, ltn12 = captured.ftp, captured.socket, captured.url, captured.ltn12
local session, starttls, ftp_session = captured.calls(), captured.starttls(), captured.session()

local late = {}

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

function late.generic_form(u)
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

late.get = session.protect(function(notes, gett)
    if type(gett) ~= "string" then return transfer(notes, gett, "retr", "sink", ftp_session.receive) end
    local request, chunks = ftp.genericform(gett), {}
    request.sink = ltn12.sink.table(chunks)
    transfer(notes, request, "retr", "sink", ftp_session.receive)
    return table.concat(chunks)
end, captured.protect)

late.put = session.protect(function(notes, putt, content)
    ---@cast putt any
    if type(putt) == "string" then
        putt = ftp.genericform(putt)
        putt.source = ltn12.source.string(content)
    end
    return transfer(notes, putt, "stor", "source", ftp_session.send)
end, captured.protect)

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

late.command = session.protect(function(notes, cmdt)
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
end, captured.protect)

return late
