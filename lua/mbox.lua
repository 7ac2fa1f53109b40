-- Parses mail folders in mbox form and mail messages. Pure string functions; CRLF counts as LF throughout.

---@class socket.mbox
local mbox = {}

local function with_lf(s)
    return (s:gsub("\r\n", "\n"))
end

---Separates a message's header part from its body (B1).
---@param message string
---@return string headers
---@return string body
function mbox.split_message(message)
    message = with_lf(message)
    local empty = message:find("\n\n", 1, true)
    if empty then return message:sub(1, empty), message:sub(empty + 2) end
    if message:sub(1, 1) == "\n" then return "", message:sub(2) end
    return message, ""
end

-- Joins folded lines (RFC 5322, 2.2.3).
local function unfold(s)
    return (with_lf(s):gsub("\n[ \t]+", " "))
end

---Splits a header part into logical lines (B2).
---@param headers string
---@return string[] lines
function mbox.split_headers(headers)
    local lines = {}
    for line in unfold(headers):gmatch("[^\n]+") do
        lines[#lines + 1] = line
    end
    return lines
end

---Splits one header line into name and value (B3).
---@param line string
---@return string|nil name nil when there is no colon
---@return string|nil value
function mbox.parse_header(line)
    line = unfold(line):gsub("\n", "")
    local colon = line:find(":", 1, true)
    if not colon then return nil, nil end
    local before = line:sub(1, colon - 1)
    return before:match("^.*%s(.*)$") or before, line:match("^%s*(.*)$", colon + 1)
end

---Parses a header part into names and values (B4).
---@param headers string
---@return table<string, string> fields by lower-case name; repeated ones joined by ", "
function mbox.parse_headers(headers)
    local fields = {}
    for _, line in ipairs(mbox.split_headers(headers)) do
        local name, value = mbox.parse_header(line)
        if name then
            name = name:lower()
            local values = fields[name] or {}
            values[#values + 1] = value
            fields[name] = values
        end
    end
    for name, values in pairs(fields) do fields[name] = table.concat(values, ", ") end
    return fields
end

local function trim(s)
    local first = s:find("%S")
    return first and s:match("^.*%S", first) or ""
end

---Parses the value of a From header (B5).
---@param from string
---@return string name the address when there is no name
---@return string address
function mbox.parse_from(from)
    local open = from:find("<", 1, true)
    local address = open and from:match("^<(.-)>", open)
    ---@cast open -?
    ---@cast open integer
    local name = trim(address and from:sub(1, open - 1) or from)
    if not address then address = name end
    if name == "" then name = address end
    return (name:gsub('"', "")), address
end

---Splits a folder into messages (B6, B8).
---@param folder string
---@return string[] messages
function mbox.split_mbox(folder)
    local messages, first = {}, 1
    -- a separator at the end, so that the last message has one too
    folder = with_lf(folder) .. "\n\nFrom \n"
    while true do
        local empty = folder:find("\n\nFrom ", first, true)
        if not empty then break end
        messages[#messages + 1] = folder:sub(first, empty - 1)
        ---@cast folder -?
        ---@diagnostic disable-next-line: need-check-nil
        first = folder:find("\n", empty + 2, true) + 1
    end
    return messages
end

---Splits a folder into parsed messages (B7).
---@param folder string
---@return { headers: table<string, string>, body: string }[] messages
function mbox.parse(folder)
    ---@type any[]
    local messages = mbox.split_mbox(folder)
    for i, message in ipairs(messages) do
        messages[i] = mbox.parse_message(message)
    end
    return messages
end

---Parses one message (B7).
---@param message string
---@return { headers: table<string, string>, body: string } parsed
function mbox.parse_message(message)
    local headers, body = mbox.split_message(message)
    return { headers = mbox.parse_headers(headers), body = body }
end

-- Scripts written for `module` expect the global variable (L3).
if type(rawget(_G, "module")) == "function" then rawset(_G, "mbox", mbox) end

return mbox
