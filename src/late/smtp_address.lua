-- Mail addresses with international domains. Internal to socket.smtp.
local captured = ...
local find, match, sub, tostring = captured.find, captured.match, captured.sub, captured.tostring

local address = {}

---Returns whether a text contains non-ASCII bytes.
---@param text string
---@return boolean
function address.is_international(text)
    return find(text, "[\128-\255]") ~= nil
end

local is_international = address.is_international

---The ASCII form of a domain (add.32), or the domain unchanged when it has none.
---@param domain string|number
---@return string
function address.domain(domain)
    domain = tostring(domain)
    if not is_international(domain) then return domain end
    return (require("socket.native")("socket_idna").to_ascii(domain)) or domain
end

---The address with its domain in ASCII form. Angle brackets, and text after them, stay unchanged.
---@param text string|number
---@return string
function address.ascii(text)
    text = tostring(text)
    if not is_international(text) then return text end
    local before, rest = match(text, "^(<?[^>]*@)(.*)$")
    if not before then return text end
    ---@cast rest string
    local domain = match(rest, "^[^>%s]*")
    ---@cast domain string
    ---@cast rest string
    return before .. address.domain(domain) .. sub(rest, #domain + 1)
end

return address
