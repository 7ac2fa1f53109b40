---@meta socket.mbox

---Mail folders and messages taken apart.
---@class socket.mbox
local mbox = {}

---Takes a folder apart.
---@param folder string
---@return { headers: table<string, string>, body: string }[] messages
function mbox.parse(folder) end

---Takes a message apart.
---@param text string
---@return { headers: table<string, string>, body: string } message
function mbox.parse_message(text) end

---Header lines to a table, by lower-case name.
---@param text string
---@return table<string, string> headers
function mbox.parse_headers(text) end

---Takes a header line apart.
---@param line string
---@return string? name
---@return string? value
function mbox.parse_header(line) end

---Takes the value of a From header apart.
---@param text string
---@return string name
---@return string address
function mbox.parse_from(text) end

---The messages of a folder.
---@param folder string
---@return string[] messages
function mbox.split_mbox(folder) end

---Headers and body of a message.
---@param text string
---@return string headers
---@return string body
function mbox.split_message(text) end

---The lines of headers, folded ones joined.
---@param text string
---@return string[] lines
function mbox.split_headers(text) end

return mbox
