---@meta mime

---Filters for mail and the web.
---@class mime
---@field encodet table<string, fun(...: any): ltn12.Filter> what `encode` knows
---@field decodet table<string, fun(...: any): ltn12.Filter> what `decode` knows
---@field wrapt table<string, fun(...: any): ltn12.Filter> what `wrap` knows
---@field _VERSION string
local mime = {}

---A filter that encodes.
---@param name "base64"|"quoted-printable"|string
---@param mode? "text"|"binary"|any
---@return ltn12.Filter
function mime.encode(name, mode) end

---A filter that decodes.
---@param name "base64"|"quoted-printable"|string
---@return ltn12.Filter
function mime.decode(name) end

---A filter that breaks lines.
---@param name? "text"|"base64"|"quoted-printable"|string|number
---@param length? integer default 76
---@return ltn12.Filter
function mime.wrap(name, length) end

---A filter that makes all line ends the same.
---@param marker? string default CRLF
---@return ltn12.Filter
function mime.normalize(marker) end

---A filter that doubles dots at the beginning of lines.
---@return ltn12.Filter
function mime.stuff() end

---Encodes base64.
---@param text string?
---@param more? string
---@return string? encoded
---@return string? rest
function mime.b64(text, more) end

---Decodes base64.
---@param text string?
---@param more? string
---@return string? decoded
---@return string? rest
function mime.unb64(text, more) end

---Encodes quoted-printable.
---@param text string?
---@param more? string
---@param marker? string for CRLF
---@return string? encoded
---@return string? rest
function mime.qp(text, more, marker) end

---Decodes quoted-printable.
---@param text string?
---@param more? string
---@return string? decoded
---@return string? rest
function mime.unqp(text, more) end

---Breaks lines.
---@param left integer characters the line still takes
---@param text string?
---@param length? integer default 76
---@return string? wrapped
---@return integer left
function mime.wrp(left, text, length) end

---Breaks lines of quoted-printable.
---@param left integer characters the line still takes
---@param text string?
---@param length? integer default 76
---@return string? wrapped
---@return integer left
function mime.qpwrp(left, text, length) end

---Makes line ends the same.
---@param state integer 0 at first
---@param text string?
---@param marker? string default CRLF
---@return string? normalized
---@return integer state
function mime.eol(state, text, marker) end

---Doubles dots at the beginning of lines.
---@param state integer 2 at first
---@param text string?
---@return string? stuffed
---@return integer state
function mime.dot(state, text) end

return mime
