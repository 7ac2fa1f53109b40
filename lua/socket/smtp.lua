-- SMTP: sends mail (RFC 5321), and builds messages (RFC 5322, RFC 2046).

local socket = require("socket")
local ltn12 = require("ltn12")
local mime = require("mime")
local tp = require("socket.tp")
local headers = require("socket.headers")
local session = require("socket.session")
local starttls = require("socket.starttls")

---@class socket.smtp
---@field TIMEOUT number seconds an operation on the connection waits
---@field SERVER string default server
---@field PORT number default port
---@field DOMAIN string the name this client gives itself in EHLO
---@field ZONE string time zone written after a message's date
local smtp = {
    TIMEOUT = 60,
    SERVER = "localhost",
    PORT = 25,
    DOMAIN = os.getenv("SERVER_NAME") or "localhost",
    ZONE = "-0000",
}
socket.smtp = smtp

-- where servers talk TLS from the start (RFC 8314)
local SECURE_PORT = 465

---A session with a server. Its methods throw (see `socket.protect`) after
---closing the connection (S20).
---@class socket.smtp.session
---@field tp socket.tp.connection
---@field try function
local connection = {}
local metatable = { __index = connection }

local function introduce(self, domain)
    self.try(self.tp:command("EHLO", domain or smtp.DOMAIN))
    return (select(2, self.try(self.tp:check("2.."))))
end

---Reads the greeting and introduces this side.
---@param domain string|nil default `smtp.DOMAIN`
---@return string reply the server's list of extensions
function connection:greet(domain)
    self.try(self.tp:check("2.."))
    return introduce(self, domain)
end

---@param from string goes out as it is, angle brackets and all
---@return number code
---@return string reply
function connection:mail(from)
    self.try(session.valid("from", from))
    self.try(self.tp:command("MAIL", "FROM:" .. from))
    return self.try(self.tp:check("2.."))
end

---@param to string goes out as it is
---@return number code
---@return string reply
function connection:rcpt(to)
    self.try(session.valid("rcpt", to))
    self.try(self.tp:command("RCPT", "TO:" .. to))
    return self.try(self.tp:check("2.."))
end

-- The end mark must not wait for the acknowledgement of the text before it.
local function send_without_delay(control, text)
    local c = control:getcontrol()
    if control.ours and c.setoption then c:setoption("tcp-nodelay", true) end
    return control:send(text)
end

---Sends the message text; dots are the caller's to stuff.
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

-- mime.b64 answers nil, not "", for an empty string.
local function base64(text)
    return (mime.b64(text)) or ""
end

---@param user string
---@param password string
---@return number code
---@return string reply
function connection:login(user, password)
    self.try(self.tp:command("AUTH", "LOGIN"))
    self.try(self.tp:check("3.."))
    self.try(self.tp:send(base64(user) .. "\r\n"))
    self.try(self.tp:check("3.."))
    self.try(self.tp:send(base64(password) .. "\r\n"))
    return self.try(self.tp:check("2.."))
end

---@param user string
---@param password string
---@return number code
---@return string reply
function connection:plain(user, password)
    self.try(self.tp:command("AUTH", "PLAIN " .. base64("\0" .. user .. "\0" .. password)))
    return self.try(self.tp:check("2.."))
end

---Authenticates with LOGIN or PLAIN, whichever the server offers first in that order (S9).
---@param user string|nil
---@param password string|nil
---@param ext string the reply to EHLO
---@return number code 1 when a credential is missing and nothing was done
---@return string|nil reply
function connection:auth(user, password, ext)
    if not user or not password then return 1 end
    local offered = ext:upper()
    if offered:find("AUTH[^\n]+LOGIN") then return self:login(user, password) end
    if offered:find("AUTH[^\n]+PLAIN") then return self:plain(user, password) end
    return self.try(nil, "authentication not supported")
end

local function each_recipient(rcpt, f, ...)
    if type(rcpt) ~= "table" then return f(rcpt, ...) end
    for _, to in ipairs(rcpt) do
        f(to, ...)
    end
end

---Sends one mail: envelope and message, dots stuffed.
---@param mailt socket.smtp.mail
function connection:send(mailt)
    self:mail(mailt.from)
    each_recipient(mailt.rcpt, function(to) self:rcpt(to) end)
    self:data(ltn12.source.chain(mailt.source, mime.stuff()), mailt.step)
end

local function secure(self, host, given)
    self.try(starttls.secure(self.tp, "c", host, given, smtp.TIMEOUT))
end

-- Secures the connection after EHLO (RFC 3207), or fails: never goes on in the clear.
local function upgrade(self, ext, host, given)
    self.try(("\n" .. ext:upper() .. "\n"):find("\n250[ -]STARTTLS%s"), "STARTTLS not supported")
    self.try(self.tp:command("STARTTLS"))
    self.try(self.tp:check(220))
    secure(self, host, given)
end

---Connects to a server; the greeting is left to `greet`. Throws on failure.
---@param server string|nil default `smtp.SERVER`
---@param port number|nil default `smtp.PORT`
---@param create (fun(): table)|nil makes the connection object, default `socket.tcp`
---@return socket.smtp.session
function smtp.open(server, port, create)
    local control = socket.try(tp.connect(server or smtp.SERVER, port or smtp.PORT, smtp.TIMEOUT, create))
    local self = setmetatable({ tp = control }, metatable)
    self.try = socket.newtry(function() self:close() end)
    return self
end

-- Bad addresses fail before a connection is made (S17, S18).
local function validate(mailt)
    socket.try(session.valid("domain", mailt.domain or smtp.DOMAIN))
    socket.try(session.valid("from", mailt.from))
    each_recipient(mailt.rcpt, function(to) socket.try(session.valid("rcpt", to)) end)
end

local function deliver(self, mailt)
    local host = mailt.server or smtp.SERVER
    if mailt.tls then secure(self, host, mailt.tls) end
    local ext = self:greet(mailt.domain)
    if mailt.starttls then
        upgrade(self, ext, host, mailt.starttls)
        ext = introduce(self, mailt.domain)
    end
    self:auth(mailt.user, mailt.password, ext)
    self:send(mailt)
    self:quit()
    return self:close()
end

---@class socket.smtp.mail
---@field from string sender, as it goes on the wire: with angle brackets
---@field rcpt string|string[] recipients, likewise
---@field source function ltn12 source of the message, see `smtp.message`
---@field user string|nil
---@field password string|nil
---@field server string|nil default `smtp.SERVER`
---@field port number|nil default `smtp.PORT`, or 465 with `tls`
---@field tls boolean|table|nil talk TLS from the start; a table holds parameters for `ssl.wrap`
---@field starttls boolean|table|nil switch to TLS before anything else is said, or fail; likewise
---@field domain string|nil default `smtp.DOMAIN`
---@field step function|nil ltn12 pump step for the message
---@field create (fun(): table)|nil makes the connection object, default `socket.tcp`

---Sends a mail (S3 to S18).
---@param mailt socket.smtp.mail
---@return number|nil ok 1, or nil with the server's reply or what else went wrong
---@return string|nil message
smtp.send = socket.protect(function(mailt)
    validate(mailt)
    local port = mailt.port or mailt.tls and SECURE_PORT or nil
    local self = smtp.open(mailt.server, port, mailt.create)
    -- session.run closes; a finalizer of newtry's could not yield while it does
    self.try = (mailt.tls or mailt.starttls) and starttls.try or socket.try
    return session.run(self, deliver, mailt)
end)

local sequence = 0

-- Unique among all multipart bodies of the process, and unlikely to be met in a text.
local function new_boundary()
    sequence = sequence + 1
    return ("%s%05d==%05d"):format(os.date("%d%m%Y%H%M%S"), math.random(0, 99999), sequence)
end

local function lowered(mesgt)
    local lower = {}
    for name, value in pairs(mesgt.headers or {}) do
        lower[string.lower(name)] = value
    end
    return lower
end

local function header_block(fields)
    local names, lines = {}, {}
    for name in pairs(fields) do names[#names + 1] = name end
    table.sort(names)
    for i, name in ipairs(names) do
        lines[i] = (headers.canonic[name] or name) .. ": " .. fields[name] .. "\r\n"
    end
    return table.concat(lines) .. "\r\n"
end

-- What a part is made of, in order: chunks (strings), sources (functions) and
-- parts of its own (tables), see M10.
local function pieces(part)
    local fields, body = lowered(part), part.body
    if type(body) ~= "table" then
        fields["content-type"] = fields["content-type"] or 'text/plain; charset="iso-8859-1"'
        return { header_block(fields), body }
    end
    local boundary = new_boundary()
    fields["content-type"] = (fields["content-type"] or "multipart/mixed") .. '; boundary="' .. boundary .. '"'
    local list = { header_block(fields) }
    local function add(piece) list[#list + 1] = piece end
    if body.preamble then
        add(body.preamble)
        add("\r\n")
    end
    for _, inner in ipairs(body) do
        if type(inner) ~= "table" then error("invalid message part (table expected, got " .. type(inner) .. ")", 0) end
        add("\r\n--" .. boundary .. "\r\n")
        add(inner)
    end
    add("\r\n--" .. boundary .. "--\r\n\r\n")
    if body.epilogue then
        add(body.epilogue)
        add("\r\n")
    end
    return list
end

-- Takes the next chunk off a stack of pieces. A stack instead of a coroutine,
-- so that a source of the caller's may yield on every Lua (add.25).
local function next_chunk(stack)
    while #stack > 0 do
        local piece = table.remove(stack)
        if type(piece) == "table" then
            local list = pieces(piece)
            for i = #list, 1, -1 do stack[#stack + 1] = list[i] end
        elseif type(piece) == "function" then
            local chunk, err = piece()
            if chunk or err then
                stack[#stack + 1] = piece
                return chunk, err
            end
        else
            return piece
        end
    end
    return nil
end

local DAYS = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" }
local MONTHS = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" }

-- RFC 5322 wants English names, os.date follows the locale.
local function date(zone)
    local now = os.date("!*t")
    return ("%s, %02d %s %d %02d:%02d:%02d "):format(DAYS[now.wday], now.day, MONTHS[now.month], now.year,
        now.hour, now.min, now.sec) .. zone
end

local function adjusted_headers(mesgt)
    local lower = lowered(mesgt)
    lower["date"] = lower["date"] or date(mesgt.zone or smtp.ZONE)
    lower["x-mailer"] = lower["x-mailer"] or socket._VERSION
    lower["mime-version"] = "1.0"
    return lower
end

---Makes a source that produces a message (M1 to M16). `mesgt.headers` is
---replaced by the completed headers; whatever is raised while producing comes
---back as nil, message.
---@param mesgt { headers?: table<string, string|number>, body?: string|function|table, zone?: string }
---@return function source ltn12 source, to be given to `smtp.send`
function smtp.message(mesgt)
    mesgt.headers = adjusted_headers(mesgt)
    local stack = { mesgt }
    local failed, failure = false, nil
    return function()
        if failed then return nil, failure end
        local ok, chunk, err = session.pcall(next_chunk, stack)
        if ok then return chunk, err end
        failed, failure = true, chunk or "message could not be produced"
        return nil, failure
    end
end

return smtp
