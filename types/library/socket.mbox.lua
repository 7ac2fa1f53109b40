---@meta socket.mbox

---Parses mail folders and messages.
---@class socket.mbox
local mbox = {}

---Parses a folder into messages.
---@param folder string
---@return { headers: table<string, string>, body: string }[] messages
function mbox.parse(folder) end

---Parses a message.
---@param text string
---@return { headers: table<string, string>, body: string } message
function mbox.parse_message(text) end

---Parses header lines into a table by lower-case name.
---@param text string
---@return table<string, string> headers
function mbox.parse_headers(text) end

---Splits a header line into name and value.
---@param line string
---@return string? name
---@return string? value
function mbox.parse_header(line) end

---Parses the value of a From header.
---@param text string
---@return string name
---@return string address
function mbox.parse_from(text) end

---Splits a folder into messages.
---@param folder string
---@return string[] messages
function mbox.split_mbox(folder) end

---Splits a message into headers and body.
---@param text string
---@return string headers
---@return string body
function mbox.split_message(text) end

---Splits headers into lines, and joins folded lines.
---@param text string
---@return string[] lines
function mbox.split_headers(text) end

return mbox
