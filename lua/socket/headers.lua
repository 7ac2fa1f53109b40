-- Spelling of message headers on the wire.
local socket = require("socket")

local type, error, setmetatable = type, error, setmetatable
local lower, upper, gsub = string.lower, string.upper, string.gsub

local SPELLINGS = {
    "Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language", "Accept-Ranges", "Action", "Age", "Allow",
    "Alternate-Recipient", "Arrival-Date", "Authorization", "Bcc", "Cache-Control", "Cc", "Comments", "Connection",
    "Content-Description", "Content-Disposition", "Content-Encoding", "Content-ID", "Content-Language",
    "Content-Length", "Content-Location", "Content-MD5", "Content-Range", "Content-Transfer-Encoding",
    "Content-Type", "Cookie", "DSN-Gateway", "Date", "Diagnostic-Code", "ETag", "Expect", "Expires",
    "Final-Log-ID", "Final-Recipient", "From", "Host", "If-Match", "If-Modified-Since", "If-None-Match", "If-Range",
    "If-Unmodified-Since", "In-Reply-To", "Keywords", "Last-Attempt-Date", "Last-Modified", "Location",
    "MIME-Version", "Max-Forwards", "Message-ID", "Original-Envelope-ID", "Original-Recipient", "Pragma",
    "Proxy-Authenticate", "Proxy-Authorization", "Range", "Received", "Received-From-MTA", "References", "Referer",
    "Remote-MTA", "Reply-To", "Reporting-MTA", "Resent-Bcc", "Resent-Cc", "Resent-Date", "Resent-From",
    "Resent-Message-ID", "Resent-Reply-To", "Resent-Sender", "Resent-To", "Retry-After", "Return-Path",
    "SMTP-Remote-Recipient", "Sender", "Server", "Status", "Subject", "TE", "To", "Trailer", "Transfer-Encoding",
    "Upgrade", "User-Agent", "Vary", "Via", "WWW-Authenticate", "Warning", "Will-Retry-Until", "X-Mailer",
}

-- Returns a spelling for lower-case names only. A name with capitals is the sender's choice; the caller's
-- `canonic[name] or name` keeps it.
local function title_case(_, name)
    if type(name) ~= "string" or name ~= lower(name) then return nil end
    return (gsub(gsub(name, "^%l", upper), "%-%l", upper))
end

---@class socket.headers
---@type any
local headers = {
    ---Lower-case name to wire spelling; mutable. A lower-case name that is not in the table gives its Title-Case
    ---form, which is not stored: names from a peer must not fill the memory (headers.2, add.7, add.56).
    ---@type table<string, string>
    canonic = setmetatable({}, { __index = title_case }),
}

---Registers the exact spelling of a header for everything sent from now on (add.7).
---@param name string the name as it must appear on the wire, such as `"X-CuStom"`
---Raises a bad-argument error when `name` is not a string.
function headers.setcanonic(name)
    if type(name) ~= "string" then
        error("bad argument #1 to 'setcanonic' (string expected, got " .. type(name) .. ")", 2)
    end
    headers.canonic[lower(name)] = name
end

for i = 1, #SPELLINGS do headers.setcanonic(SPELLINGS[i]) end

socket.headers = headers
return headers
