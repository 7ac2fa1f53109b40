-- SMTP: sends mail (RFC 5321). src/late/smtp.lua and the files beside it have the sessions and the messages.
local socket = require("socket")
local ltn12 = require("ltn12")
local mime = require("mime")
local tp = require("socket.tp")
local headers = require("socket.headers")
local part = require("socket.part")
local session = require("socket.session")

---@class socket.smtp
local smtp = {
    TIMEOUT = 60,
    SERVER = "localhost",
    PORT = 25,
    DOMAIN = os.getenv("SERVER_NAME") or "localhost",
    ZONE = "-0000",
}
socket.smtp = smtp

local function environment() return next end

local string, math = string, math

local captured = {
    smtp = smtp, socket = socket, ltn12 = ltn12, mime = mime, tp = tp, headers = headers, protect = socket.protect,
    pcall = session.protected.call, calls = session.calls, starttls = session.starttls, tostring = tostring,
    byte = string.byte, find = string.find, gmatch = string.gmatch, gsub = string.gsub, lower = string.lower,
    match = string.match, sub = string.sub, upper = string.upper, concat = table.concat,
    floor = math.floor, max = math.max, min = math.min,
}
captured.address = part("smtp_address", environment, captured)
captured.fields = part("smtp_fields", environment, captured)
captured.login = part("smtp_login", environment, captured)
captured.message = part("smtp_message", environment, captured)
local late = part("smtp", environment, captured)

---Connects to a server. The caller reads the greeting with `greet`. Throws on failure.
---@param server string|nil default `smtp.SERVER`
---@param port number|nil default `smtp.PORT`
---@param create (fun(): table)|nil makes the connection object, default `socket.tcp`
---@return socket.smtp.session
function smtp.open(server, port, create)
    return late().open(server, port, create)
end

---@class socket.smtp.mail
---@field from string sender, as sent: with angle brackets
---@field rcpt string|string[] recipients, as sent: with angle brackets
---@field source function ltn12 source of the message, see `smtp.message`
---@field user string|nil
---@field password string|nil an access token for XOAUTH2
---@field auth string|nil "login", "plain", "cram-md5" or "xoauth2"; default login or plain
---@field server string|nil default `smtp.SERVER`
---@field port number|nil default `smtp.PORT`, or 465 with `tls`
---@field tls boolean|table|nil use TLS from the start; a table holds parameters for `ssl.wrap`
---@field starttls boolean|table|nil switch to TLS before any other command, or fail; a table as in `tls`
---@field domain string|nil default `smtp.DOMAIN`
---@field step function|nil ltn12 pump step for the message
---@field create (fun(): table)|nil makes the connection object, default `socket.tcp`

---Sends a mail (S3 to S18).
---@param mailt socket.smtp.mail
---@return number|nil ok 1, or nil with the server's reply or another error
---@return string|nil message
---@return nil
---@return string|nil why reason of a refused certificate, if that was the error
function smtp.send(mailt)
    return late().send(mailt)
end

---Makes a source that produces a message (M1 to M16). Replaces `mesgt.headers` by the completed headers. An error
---raised during production is returned as nil, message.
---@param mesgt { headers?: table<string, string|number>, body?: string|function|table, zone?: string }
---@return function source ltn12 source for `smtp.send`
function smtp.message(mesgt)
    local message = captured.message()
    mesgt.headers = message.headers(mesgt, smtp.ZONE, smtp.DOMAIN)
    return message.source(mesgt)
end

return smtp
