-- FTP client (RFC 959, RFC 2428): get, put and single commands. src/late/ftp.lua and the files beside it have the sessions.
local socket = require("socket")
local url = require("socket.url")
local ltn12 = require("ltn12")
local part = require("socket.part")
local session = require("socket.session")
local tp = require("socket.tp")

---@class socket.ftp
local ftp = {
    TIMEOUT = 60,
    USER = "ftp",
    PASSWORD = "anonymous@anonymous.org",
}
socket.ftp = ftp

local function environment() return next end

local captured = {
    ftp = ftp, socket = socket, url = url, ltn12 = ltn12, tp = tp, protect = socket.protect, calls = session.calls,
    starttls = session.starttls, find = string.find, gmatch = string.gmatch, match = string.match, sub = string.sub,
    tonumber = tonumber,
}
captured.replies = part("ftp_replies", environment, captured)
captured.session = part("ftp_session", environment, captured)
local late = part("ftp", environment, captured)

---@class socket.ftp.request
---@field host string|nil
---@field port number|nil default 21
---@field user string|nil default `ftp.USER`
---@field password string|nil default `ftp.PASSWORD`
---@field url string|nil its parts are used for fields that are not captured
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
    return captured.session().open(ftp, server, port, create)
end

---Parses an FTP URL (F2, F3). Throws when the URL is invalid.
---@param u string
---@return table parsed fields of `socket.url.parse`, user and password decoded, and `type`
function ftp.genericform(u)
    return late().generic_form(u)
end

---Downloads. The string form returns the content of a URL; the table form writes it into `sink` (F18 to F21).
---@param gett string|socket.ftp.transfer
---@return string|number|nil result the content, or 1 for the table form; nil on failure
---@return string|nil message the server's reply or another error
---@return nil
---@return string|nil why reason of a refused certificate, if that was the error
function ftp.get(gett)
    return late().get(gett)
end

---Uploads a string to a URL, or the `source` of a table (F22 to F25).
---@param putt string|socket.ftp.transfer
---@param content string|nil with a URL
---@return number|nil sent bytes; nil on failure
---@return string|nil message
---@return nil
---@return string|nil why reason of a refused certificate, if that was the error
function ftp.put(putt, content)
    return late().put(putt, content)
end

---Sends commands that need no data connection (F26 to F29).
---@param cmdt socket.ftp.request
---@return number|nil ok 1; nil on failure
---@return string|nil message
---@return nil
---@return string|nil why reason of a refused certificate, if that was the error
function ftp.command(cmdt)
    return late().command(cmdt)
end

return ftp
