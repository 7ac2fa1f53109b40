-- Header fields of mail: checks them, and encodes UTF-8 (RFC 2047). Internal to socket.smtp.
local captured = ...
local mime, address, byte, find = captured.mime, captured.address(), captured.byte, captured.find
local gsub, match, sub, concat = captured.gsub, captured.match, captured.sub, captured.concat
local floor, max, min = captured.floor, captured.max, captured.min

local is_international = address.is_international

local fields = {}

local function set(names)
    local found = {}
    for name in captured.gmatch(names, "%S+") do found[name] = true end
    return found
end

-- Fields with text for people, and fields with addresses. Any other field is sent unchanged.
local TEXTS = set("subject comments content-description thread-topic")
local ADDRESSES = set([[
    bcc cc from mail-followup-to reply-to resent-bcc resent-cc resent-from resent-reply-to resent-sender resent-to sender
    to
]])

-- An encoded word has at most 75 bytes, and a line with one at most 76 (RFC 2047, section 2).
local LONGEST_LINE = 76
local PREFIX, SUFFIX = "=?UTF-8?B?", "?="

-- The bytes of the UTF-8 sequence at `i`, or nil when there is none.
local function sequence_length(text, i)
    local first = byte(text, i)
    if first < 0x80 then return 1 end
    local length = first >= 0xf0 and 4 or first >= 0xe0 and 3 or 2
    local second = byte(text, i + 1) or 0
    if first < 0xc2 or first > 0xf4 then return nil end
    if first == 0xe0 and second < 0xa0 or first == 0xed and second > 0x9f then return nil end
    if first == 0xf0 and second < 0x90 or first == 0xf4 and second > 0x8f then return nil end
    for k = i + 1, i + length - 1 do
        local continuation = byte(text, k)
        if not continuation or continuation < 0x80 or continuation > 0xbf then return nil end
    end
    return length
end

local function is_utf8(text)
    local i = 1
    while i <= #text do
        local length = sequence_length(text, i)
        if not length then return false end
        i = i + length
    end
    return true
end

-- The longest run of whole characters from `first` in at most `most` bytes; at least one character.
local function take(text, first, most)
    local stop = first
    repeat
        stop = stop + sequence_length(text, stop)
    until stop > #text or stop + sequence_length(text, stop) - first > most
    return stop - 1
end

-- Encodes a text as encoded words. Its first line already has `used` bytes.
local function encoded_words(text, used)
    local words, first = {}, 1
    while first <= #text do
        local room = min(LONGEST_LINE - 1, LONGEST_LINE - used) - #PREFIX - #SUFFIX
        local last = take(text, first, max(floor(room / 4) * 3, 3))
        words[#words + 1] = PREFIX .. mime.b64(sub(text, first, last)) .. SUFFIX
        first, used = last + 1, 1
    end
    return concat(words, "\r\n ")
end

-- True when a text needs encoding. Text that is not UTF-8, or is already partly encoded, is sent unchanged.
local function needs_words(text)
    return is_international(text) and not find(text, "=?", 1, true) and is_utf8(text)
end

-- The content of a quoted string.
local function unquoted(text)
    local inner = match(text, '^"(.*)"$')
    return inner and gsub(inner, "\\(.)", "%1") or text
end

-- The next comma or semicolon outside quotes and brackets from `position` on, or the position after the end.
local function end_of_mailbox(text, position)
    local quoted, bracketed = false, false
    while true do
        position = find(text, '[",;:<>\\]', position)
        if not position then return #text + 1 end
        local mark = sub(text, position, position)
        if mark == "\\" then
            position = position + 1
        elseif mark == '"' then
            quoted = not quoted
        elseif not quoted then
            if mark == "<" or mark == ">" then
                bracketed = mark == "<"
            elseif not bracketed then
                return position
            end
        end
        position = position + 1
    end
end

-- Encodes `Name <address>` or an address alone: the name as encoded words, the domain in ASCII.
local function encoded_mailbox(text, used)
    if not is_international(text) then return text end
    local before, rest = match(text, "^(%s*)(.*)$")
    ---@cast rest string
    local open = find(rest, "<[^<]*$")
    ---@cast rest string
    if not open then return before .. address.ascii(rest) end
    ---@cast rest string
    local name, mailbox = sub(rest, 1, open - 1), sub(rest, open)
    local stop = #name
    while stop > 0 and find(name, "^%s", stop) do stop = stop - 1 end
    local plain, blanks = unquoted(sub(name, 1, stop)), sub(name, stop + 1)
    if needs_words(plain) then name = encoded_words(plain, used + #before) .. blanks end
    return before .. name .. address.ascii(mailbox)
end

local function encoded_addresses(text, used)
    local parts, first = {}, 1
    while first <= #text do
        local stop = end_of_mailbox(text, first)
        ---@cast stop integer
        local part = encoded_mailbox(sub(text, first, stop - 1), used) .. sub(text, stop, stop)
        parts[#parts + 1] = part
        local last_line = match(part, "^.*\n()")
        used = last_line and #part - last_line + 1 or used + #part
        first = stop + 1
    end
    return concat(parts)
end

-- True when each line break of a value is folding: followed by a blank and some text (add.50).
local function is_folded(value)
    if not find(value, "[\r\n%z]") then return true end
    local rest = gsub(value, "\r?\n[ \t]+([^ \t\r\n])", "%1")
    return not find(rest, "[\r\n%z]")
end

---The domain of the first address in a header's value, in ASCII form; nil when there is none.
---@param from any
---@return string|nil
function fields.domain(from)
    if type(from) ~= "string" then return nil end
    local domain = match(from, "@([%w%.%-\128-\255]+)")
    domain = domain and address.domain(domain)
    return domain and not is_international(domain) and domain or nil
end

---Makes the line of a header with its line end. Raises "invalid header '…'" for an invalid header.
---@param spelling string the name as sent
---@param name string the name in lower case
---@param value any
---@return string
function fields.line(spelling, name, value)
    local kind = type(value)
    if not find(name, "^[!-9;-~]+$") or kind ~= "string" and kind ~= "number" or not is_folded(tostring(value)) then
        error("invalid header '" .. gsub(spelling, "%c", "?") .. "'", 0)
    end
    if kind == "string" and is_international(value) then
        local used = #spelling + 2
        local text = gsub(value, "\r?\n([ \t])", "%1")
        if TEXTS[name] and needs_words(text) then
            value = encoded_words(text, used)
        elseif ADDRESSES[name] then
            value = encoded_addresses(text, used)
        end
    end
    return spelling .. ": " .. value .. "\r\n"
end

return fields
