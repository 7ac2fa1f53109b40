-- SMTP: sends mail (RFC 5321).
local captured = ...
local smtp, socket, ltn12, mime, tp = captured.smtp, captured.socket, captured.ltn12, captured.mime, captured.tp
local session, starttls, address, login = captured.calls(), captured.starttls(), captured.address(), captured.login()

local late = {}

-- the port where servers use TLS from the start (RFC 8314)
local SECURE_PORT = 465

---A session with a server. Its methods close the connection and then throw (see `socket.protect`; S20).
---@class socket.smtp.session
---@field tp socket.tp.connection
---@field try function
---@field extensions table<string, table<string, boolean>>|nil the server's extensions, after `greet`
---@field notes { why: string|nil }|nil receives the reason of a refused certificate
local connection = {}
local metatable = { __index = connection }

-- Sends HELO. Used if the server lacks EHLO and the mail needs no extension. Returns the reply.
local function introduce_plainly(self, domain)
    if not self.tp:command("HELO", domain) then return nil end
    local code, reply = self.tp:check("2..")
    return code and reply
end

-- Returns the list of extensions, as in the server's reply.
local function introduce(self, domain, plainly)
    domain = address.domain(domain or smtp.DOMAIN)
    self.try(self.tp:command("EHLO", domain))
    local code, reply = self.tp:check("2..")
    if not code and plainly and reply:find("^5%d%d") then
        local answer = introduce_plainly(self, domain)
        if answer then return answer end
    end
    self.try(code, reply)
    self.extensions = login.extensions(reply)
    return reply
end

---Reads the greeting and sends EHLO.
---@param domain string|nil default `smtp.DOMAIN`
---@return string reply the server's list of extensions
function connection:greet(domain)
    self.try(self.tp:check("2.."))
    return introduce(self, domain)
end

---@param from string sent unchanged, with its angle brackets; an international domain is converted to ASCII
---@return number code
---@return string reply
function connection:mail(from)
    self.try(session.valid("from", from))
    self.try(self.tp:command("MAIL", "FROM:" .. address.ascii(from)))
    return self.try(self.tp:check("2.."))
end

---@param to string as in `mail`
---@return number code
---@return string reply
function connection:rcpt(to)
    self.try(session.valid("rcpt", to))
    self.try(self.tp:command("RCPT", "TO:" .. address.ascii(to)))
    return self.try(self.tp:check("2.."))
end

-- Disables Nagle's algorithm, so that the end mark does not wait for the acknowledgement of the text before it.
local function send_without_delay(control, text)
    local c = control:getcontrol()
    if control.ours and c.setoption then c:setoption("tcp-nodelay", true) end
    return control:send(text)
end

---Sends the message text. The caller must stuff dots.
---@param src function ltn12 source
---@param step function|nil ltn12 pump step
---@return number code
---@return string reply
function connection:data(src, step)
    self.try(self.tp:command("DATA"))
    self.try(self.tp:check("3.."))
    self.try(self.tp:source(src, step))
    self.try(send_without_delay(self.tp, "\r\n.\r\n"))
    return self.try(self.tp:check("2.."))
end

---@return number code
---@return string reply
function connection:quit()
    self.try(self.tp:command("QUIT"))
    return self.try(self.tp:check("2.."))
end

---@return number one
function connection:close()
    return self.tp:close()
end

---@param user string
---@param password string
---@return number code
---@return string|nil reply
function connection:login(user, password)
    return login.mechanisms.login(self, user, password)
end

---@param user string
---@param password string
---@return number code
---@return string|nil reply
function connection:plain(user, password)
    return login.mechanisms.plain(self, user, password)
end

---Logs in with the requested mechanism. Default: LOGIN if the server offers it, else PLAIN (S9).
---@param user string|nil
---@param password string|nil an access token for XOAUTH2
---@param ext string the reply to EHLO
---@param mechanism string|nil "login", "plain", "cram-md5" or "xoauth2"
---@return number code 1 when a credential is missing and nothing was done
---@return string|nil reply
function connection:auth(user, password, ext, mechanism)
    if not user or not password then return 1 end
    ---@type function
    local log_in = self.try(login.choose(login.extensions(ext), mechanism), "authentication not supported")
    return log_in(self, user, password)
end

local function each_recipient(rcpt, f, ...)
    if type(rcpt) ~= "table" then return f(rcpt, ...) end
    for _, to in ipairs(rcpt) do
        f(to, ...)
    end
end

-- The sender argument of MAIL. A non-ASCII mailbox needs the SMTPUTF8 parameter, when the server supports it
-- (RFC 6531).
local function sender(self, mailt)
    local from = address.ascii(mailt.from)
    local international = address.is_international(from)
    each_recipient(mailt.rcpt, function(to) international = international or address.is_international(address.ascii(to)) end)
    if not international or not (self.extensions or {}).SMTPUTF8 or from:find(" SMTPUTF8", 1, true) then return from end
    return from .. " SMTPUTF8"
end

---Sends one mail: envelope and message. Converts line ends to CRLF (add.50) and stuffs dots.
---@param mailt socket.smtp.mail
function connection:send(mailt)
    self:mail(sender(self, mailt))
    each_recipient(mailt.rcpt, function(to) self:rcpt(to) end)
    self:data(ltn12.source.chain(mailt.source, mime.normalize(), mime.stuff()), mailt.step)
end

local function secure(self, host, given)
    local ok, problem, why = starttls.secure(self.tp, "c", host, given, smtp.TIMEOUT)
    if not ok and self.notes then self.notes.why = why end
    self.try(ok, problem)
end

-- Secures the connection after EHLO (RFC 3207). Fails when it is refused: the session never goes on in plaintext.
local function upgrade(self, host, given)
    self.try(self.extensions.STARTTLS, "STARTTLS not supported")
    self.try(self.tp:command("STARTTLS"))
    self.try(self.tp:check(220))
    secure(self, host, given)
end

function late.open(server, port, create)
    local control = socket.try(tp.connect(server or smtp.SERVER, port or smtp.PORT, smtp.TIMEOUT, create))
    local self = setmetatable({ tp = control }, metatable)
    self.try = socket.newtry(function() self:close() end)
    return self
end

-- Rejects invalid fields before a connection is made (S17, S18).
local function validate(mailt)
    socket.try(session.valid("domain", mailt.domain or smtp.DOMAIN))
    socket.try(session.valid("from", mailt.from))
    each_recipient(mailt.rcpt, function(to) socket.try(session.valid("rcpt", to)) end)
    socket.try(session.callable("source", mailt.source))
    socket.try(login.check(mailt))
    socket.try(starttls.check(mailt))
end

local function deliver(self, mailt)
    local host = mailt.server or smtp.SERVER
    if mailt.tls then secure(self, host, mailt.tls) end
    self.try(self.tp:check("2.."))
    local plainly = not (mailt.starttls or mailt.user and mailt.password)
    local ext = introduce(self, mailt.domain, plainly)
    if mailt.starttls then
        upgrade(self, host, mailt.starttls)
        ext = introduce(self, mailt.domain)
    end
    self:auth(mailt.user, mailt.password, ext, mailt.auth)
    self:send(mailt)
    return session.goodbye(self, smtp.TIMEOUT)
end

late.send = session.protect(function(notes, mailt)
    validate(mailt)
    local port = mailt.port or mailt.tls and SECURE_PORT or nil
    ---@type any
    local self = smtp.open(mailt.server, port, mailt.create)
    self.notes = notes
    -- session.run closes: a finalizer of newtry could not yield while it closes
    self.try = (mailt.tls or mailt.starttls) and starttls.try or socket.try
    return session.run(self, deliver, mailt)
end, captured.protect)

return late
