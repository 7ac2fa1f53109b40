-- An FTP session (RFC 959, RFC 2428): what `ftp.open` returns.
local captured = ...
local socket, url, ltn12, tp = captured.socket, captured.url, captured.ltn12, captured.tp
local replies, starttls = captured.replies(), captured.starttls()

local session = {}

local PORT = 21

-- Seconds to wait for the server's reply after a failed upload. Its reason may arrive after the end of the data
-- connection.
local LATE_REPLY = 1

---A session with a server. Its methods close everything and then throw (see `socket.protect`; F31).
---@class socket.ftp.session
---@field defaults socket.ftp its constants, read at each use (L5)
---@field tp socket.tp.connection control connection
---@field try function
---@field pasvt any address where the server listens, after `pasv` or `epsv`
---@field server any listening socket, after `port` or `eprt`
---@field data any data connection
---@field peer string peer of the control connection, for objects without `getpeername`
---@field secured { host: string, parameters: boolean|table }|nil arguments of TLS on the control connection
---@field private_data boolean|nil data connections use TLS too
---@field logged_in boolean|nil the greeting was 230: no login is needed
---@field notes { why: string|nil }|nil receives the reason of a refused certificate
local connection = {}
local metatable = { __index = connection }

local function close_data(self)
    local data = self.data
    self.data = nil
    if data then data:close() end
end

local function close_listener(self)
    local server = self.server
    self.server = nil
    if server then server:close() end
end

---Closes the control and data connections and the listener.
---@return number one
function connection:close()
    close_data(self)
    close_listener(self)
    return self.tp:close()
end

local function ask(self, ok, command, argument)
    self.try(self.tp:command(command, argument))
    return self.try(self.tp:check(ok))
end

---Reads the greeting. After "120 ready in n minutes" waits for the next reply (F8).
---@return number one
function connection:greet()
    local code = self.try(self.tp:check({ "1..", "2.." }))
    if code < 200 then code = self.try(self.tp:check("2..")) end
    self.logged_in = code == 230
    return 1
end

---@param user string|nil default `ftp.USER`
---@param password string|nil default `ftp.PASSWORD`
---@return number one
function connection:login(user, password)
    local code = ask(self, { "2..", 331 }, "USER", user or self.defaults.USER)
    if code == 331 then ask(self, "2..", "PASS", password or self.defaults.PASSWORD) end
    return 1
end

---@param dir string
---@return number one
function connection:cwd(dir)
    ask(self, 250, "CWD", dir)
    return 1
end

---@param kind string "a" for text, "i" for bytes
---@return number one
function connection:type(kind)
    ask(self, "2..", "TYPE", kind)
    return 1
end

---@return number one
function connection:quit()
    ask(self, "2..", "QUIT")
    return 1
end

-- Starts TLS on the connection in `holder[name]`, with the TLS session of the connection `before`.
local function secure(self, holder, name, before)
    local secured, timeout = self.secured, self.defaults.TIMEOUT
    local ok, message, why = starttls.secure(holder, name, secured.host, secured.parameters, timeout, before)
    if not ok and self.notes then self.notes.why = why end
    self.try(ok, message)
end

-- Uses TLS on the control connection from now on.
function session.secure(self, host, parameters)
    self.secured = { host = host, parameters = parameters }
    self.peer = self.try(self.tp:getpeername())
    secure(self, self.tp, "c")
end

-- Sends AUTH TLS (RFC 4217). Fails when it is refused: the session never goes on in plaintext.
function session.auth_tls(self, host, parameters)
    -- some servers reply 334 instead of 234
    ask(self, { 234, 334 }, "AUTH", "TLS")
    session.secure(self, host, parameters)
end

-- Requests TLS for data connections, as on the control connection.
function session.protect_data(self)
    if not self.secured then return end
    -- any reply to PBSZ is accepted; the reply to PROT decides
    ask(self, ".", "PBSZ", 0)
    ask(self, "2..", "PROT", "P")
    self.private_data = true
end

local function use_passive(self, address, port)
    close_listener(self)
    self.pasvt = { address = address, port = port }
    return address, port
end

-- TLS objects, LuaSec's and this library's, do not have `getpeername`.
local function peer_address(self)
    if not self.tp:getcontrol().getpeername then return self.peer end
    return (self.try(self.tp:getpeername()))
end

---Asks the server for an address to connect the data connection to (PASV).
---@return string address as in the server's reply
---@return number port
function connection:pasv()
    local _, reply = ask(self, "2..", "PASV")
    local address, port = replies.pasv(reply)
    self.try(address, reply)
    return use_passive(self, address, port)
end

---Asks the server for a port to connect the data connection to (EPSV), for any address family.
---@return string address the control connection's peer
---@return number port
function connection:epsv()
    local _, reply = ask(self, 229, "EPSV")
    local port = self.try(replies.epsv(reply))
    return use_passive(self, peer_address(self), port)
end

local function pasv_port(self, address)
    -- a PASV reply cannot hold an IPv6 address
    if address:find(":", 1, true) or not self.tp:command("PASV") then return nil end
    local code, reply = self.tp:check("2..")
    return code and select(2, replies.pasv(reply))
end

-- Passive mode for get and put: EPSV, or PASV when EPSV is refused (F11), unless the server is closing (421). In both
-- cases the data connection goes to the peer of the control connection, so that a reply cannot redirect it.
function session.enter_passive(self)
    self.try(self.tp:command("EPSV"))
    local code, reply = self.tp:check(229)
    self.try(code or reply:find("^%d%d%d") and not reply:find("^421"), reply)
    local port = code and self.try(replies.epsv(reply))
    local address = peer_address(self)
    use_passive(self, address, port or self.try(pasv_port(self, address), reply))
end

-- The address to announce: the given one, or that of a new listener on the control connection's local address.
local function announced(self, address, port)
    self.pasvt = nil
    if address then return address, port end
    close_listener(self)
    self.server = self.try(socket.bind((self.try(self.tp:getsockname())), 0))
    self.server:settimeout(self.defaults.TIMEOUT)
    return self.try(self.server:getsockname())
end

---Active mode: sends the server an address to connect to. Without an address, listens on a free port.
---@param address string|nil IPv4 address
---@param port number|nil
---@return number one
function connection:port(address, port)
    address, port = announced(self, address, port)
    port = tonumber(port)
    ---@cast port -?
    local low = port % 256
    ---@cast port -?
    ask(self, "2..", "PORT", ("%s,%d,%d"):format(address:gsub("%.", ","), (port - low) / 256, low))
    return 1
end

---`port` for any address family.
---@param family number|string 1 for IPv4, 2 for IPv6
---@param address string|nil
---@param port number|nil
---@return number one
function connection:eprt(family, address, port)
    address, port = announced(self, address, port)
    ask(self, "2..", "EPRT", ("|%s|%s|%s|"):format(family, address, port))
    return 1
end

---Makes the data connection to the address from `pasv` or `epsv`.
function connection:pasvconnect()
    close_data(self)
    self.data = self.try(socket.tcp())
    self.data:settimeout(self.defaults.TIMEOUT)
    self.try(self.data:connect(self.pasvt.address, self.pasvt.port))
end

---Accepts the data connection announced by `port` or `eprt`.
function connection:portconnect()
    close_data(self)
    self.server:settimeout(self.defaults.TIMEOUT)
    self.data = self.try(self.server:accept())
    self.data:settimeout(self.defaults.TIMEOUT)
end

-- The argument of the transfer command (F15).
function session.argument(transfert)
    local argument = transfert.argument or url.unescape((string.gsub(transfert.path or "", "^[/\\]", "")))
    if argument == "" then return nil end
    return argument
end

-- Completes the data connection, after the server has replied to the command.
local function open_data(self)
    if not self.pasvt then self:portconnect() end
    -- some servers require the TLS session of the control connection, as proof that both come from one client
    if self.private_data then secure(self, self, "data", self.tp:getcontrol()) end
end

-- Sends a transfer command. In passive mode the data connection is made before it. Returns the first reply.
local function begin_transfer(self, command, transfert, ok)
    self.try(self.pasvt or self.server, "need port or pasv first")
    if self.pasvt then self:pasvconnect() end
    return ask(self, ok, command, session.argument(transfert))
end

local TRANSFER = { "1..", "2.." }
-- 450 for a listing: there are no files
local LISTING = { "1..", "2..", 450 }
local LISTINGS = { NLST = true, LIST = true, MLSD = true }

local function is_listing(command)
    return LISTINGS[string.upper(string.match(command, "^%a*") --[[@as string]])]
end

---Downloads (F19).
---@param gett { command?: string, argument?: string, path?: string, sink: function, step?: function }
---@return number one
function connection:receive(gett)
    local command = gett.command or "retr"
    local code, reply = begin_transfer(self, command, gett, is_listing(command) and LISTING or TRANSFER)
    if code >= 200 then
        local ok, err = gett.sink(code < 400 and reply or nil)
        self.try(ok or not err, err)
        close_data(self)
        return 1
    end
    open_data(self)
    local source = socket.source("until-closed", self.data)
    self.try(ltn12.pump.all(source, gett.sink, gett.step))
    close_data(self)
    self.try(self.tp:check("2.."))
    return 1
end

-- True when a reply is ready on the control connection.
local function has_reply(self, seconds)
    local c = self.tp:getcontrol()
    if not c.getfd or not c.dirty then return false end
    return #socket.select({ c }, nil, seconds) > 0
end

-- The error of a failed upload: the server's reply, if there is one.
local function upload_failure(self, final, err)
    if final or not has_reply(self, LATE_REPLY) then return err end
    local code, reply = self.tp:check("2..")
    if code or not reply:find("^%d%d%d") then return err end
    return reply
end

---Uploads (F22 to F25).
---@param putt { command?: string, argument?: string, path?: string, source: function, step?: function }
---@return number sent bytes of the data connection
function connection:send(putt)
    local code = begin_transfer(self, putt.command or "stor", putt, TRANSFER)
    open_data(self)
    local final, sent, broken = code >= 200, 0, false
    local step = putt.step or ltn12.pump.step

    local function sink(chunk)
        if not chunk then return 1 end
        local last, err = self.data:send(chunk)
        if not last then
            broken = true
            return nil, err
        end
        sent = sent + #tostring(chunk)
        return 1
    end

    -- checks between chunks, because a server may give up, and reply before the data ends
    local function watching_step(src, snk)
        if not final and has_reply(self, 0) then
            self.try(self.tp:check("2.."))
            final = true
        end
        return step(src, snk)
    end

    local ok, err = ltn12.pump.all(putt.source, sink, watching_step)
    if not ok then
        if broken then err = upload_failure(self, final, err) end
        self.try(nil, err)
    end
    if self.private_data then starttls.finish(self.data) end
    close_data(self)
    if not final then self.try(self.tp:check("2..")) end
    return sent
end

session.receive = connection.receive
session.send = connection.send

---Connects to a server. The caller reads the greeting with `greet`. Throws on failure.
---@param defaults socket.ftp
---@param server string
---@param port number|nil default 21
---@param create (fun(): table)|nil makes the control connection, default `socket.tcp`
---@return socket.ftp.session
function session.open(defaults, server, port, create)
    local control = socket.try(tp.connect(server, port or PORT, defaults.TIMEOUT, create))
    local self = setmetatable({ tp = control, defaults = defaults, peer = server }, metatable)
    self.try = socket.newtry(function() self:close() end)
    return self
end

return session
