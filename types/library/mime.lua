---@meta mime

---Filters for mail and the web.
---@class mime
---@field encodet table<string, fun(...: any): ltn12.Filter> the encodings of `encode`
---@field decodet table<string, fun(...: any): ltn12.Filter> the encodings of `decode`
---@field wrapt table<string, fun(...: any): ltn12.Filter> the line breakers of `wrap`
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

---A filter that converts all line ends to `marker`.
---@param marker? string default CRLF
---@return ltn12.Filter
function mime.normalize(marker) end

---A filter that doubles dots at the start of lines.
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
---@param marker? string written for each CRLF
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
---@param left integer characters left in the current line
---@param text string?
---@param length? integer default 76
---@return string? wrapped
---@return integer left
function mime.wrp(left, text, length) end

---Breaks lines of quoted-printable.
---@param left integer characters left in the current line
---@param text string?
---@param length? integer default 76
---@return string? wrapped
---@return integer left
function mime.qpwrp(left, text, length) end

---Converts all line ends to `marker`.
---@param state integer 0 in the first call
---@param text string?
---@param marker? string default CRLF
---@return string? normalized
---@return integer state
function mime.eol(state, text, marker) end

---Doubles dots at the start of lines.
---@param state integer 2 in the first call
---@param text string?
---@return string? stuffed
---@return integer state
function mime.dot(state, text) end

return mime
