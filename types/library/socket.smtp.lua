---@meta socket.smtp

---The argument of `smtp.send`.
---@class socket.smtp.Mail
---@field from string sender, with angle brackets
---@field rcpt string|string[] recipients, with angle brackets
---@field source ltn12.Source the message
---@field server? string default `smtp.SERVER`
---@field port? string|number default `smtp.PORT`, or 465 with `tls`
---@field user? string
---@field password? string an access token for XOAUTH2
---@field auth? "login"|"plain"|"cram-md5"|"xoauth2"|string default LOGIN or PLAIN, as the server offers
---@field starttls? boolean|ssl.Parameters switch to TLS before any other command, or fail
---@field tls? boolean|ssl.Parameters use TLS from the start
---@field domain? string default `smtp.DOMAIN`
---@field step? ltn12.Step
---@field create? fun(): table|userdata|nil, string?

---The argument of `smtp.message`: a message, or a part of one.
---@class socket.smtp.Message
---@field headers? table<string, string|number>
---@field body? string|ltn12.Source|socket.smtp.Multipart
---@field zone? string time zone after the date; default `smtp.ZONE`

---@class socket.smtp.Multipart
---@field [integer] socket.smtp.Message
---@field preamble? string
---@field epilogue? string

---A session with a server. Its methods raise their failures; catch them with `socket.protect`.
---@class socket.smtp.Session
local session = {}

---Reads the greeting and sends EHLO.
---@param domain? string
---@return string reply
function session:greet(domain) end

---Authenticates with a mechanism that the EHLO reply offers.
---@param user? string
---@param password? string an access token for XOAUTH2
---@param extensions string
---@param mechanism? "login"|"plain"|"cram-md5"|"xoauth2"|string
---@return integer code
---@return string? reply
function session:auth(user, password, extensions, mechanism) end

---Authenticates with LOGIN.
---@param user string
---@param password string
---@return integer code
---@return string reply
function session:login(user, password) end

---Authenticates with PLAIN.
---@param user string
---@param password string
---@return integer code
---@return string reply
function session:plain(user, password) end

---Sends the sender's address.
---@param from string
---@return integer code
---@return string reply
function session:mail(from) end

---Sends a recipient's address.
---@param to string
---@return integer code
---@return string reply
function session:rcpt(to) end

---Sends the message unchanged. Dots are not stuffed.
---@param source ltn12.Source
---@param step? ltn12.Step
---@return integer code
---@return string reply
function session:data(source, step) end

---Sends envelope and message. Dots are stuffed.
---@param mail socket.smtp.Mail
function session:send(mail) end

---Ends the session.
---@return integer code
---@return string reply
function session:quit() end

---Closes the connection.
---@return number one
function session:close() end

---Sends mail, and builds messages.
---@class socket.smtp
---@field TIMEOUT number? limit of one operation in seconds: 60
---@field SERVER string default server
---@field PORT integer default port: 25
---@field DOMAIN string name of this client in EHLO
---@field ZONE string time zone after a message's date: "-0000"
local smtp = {}

---Sends a mail.
---@param mail socket.smtp.Mail
---@return number? one nil on failure
---@return string? message the server's reply, or another error
---@return nil
---@return string? why reason of a refused certificate, if that was the error
function smtp.send(mail) end

---Makes a source that produces a message.
---@param message socket.smtp.Message
---@return ltn12.Source
function smtp.message(message) end

---Connects. Raises a failure; catch it with `socket.protect`.
---@param server? string
---@param port? string|number default `smtp.PORT`
---@param create? fun(): table|userdata|nil, string?
---@return socket.smtp.Session
function smtp.open(server, port, create) end

return smtp
