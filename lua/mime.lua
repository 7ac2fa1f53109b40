--- Filters for MIME: base64, quoted-printable, line lengths, line ends and dot stuffing.
--
--     local filter = ltn12.filter.chain(mime.encode("base64"), mime.wrap("base64"))
--
-- The filters keep their state between chunks. They follow the protocol of ltn12: nil ends the text and is repeated
-- until the filter returns nil.
local ltn12 = require("ltn12")

---@class mime
local mime = require("mime.core")

local error, type = error, type

local LINE_LENGTH = 76

local encoders, decoders, wrappers = {}, {}, {}
mime.encodet, mime.decodet, mime.wrapt = encoders, decoders, wrappers

function encoders.base64()
    return ltn12.filter.cycle(mime.b64, "")
end

encoders["quoted-printable"] = function(mode)
    -- In binary data a CRLF is not a line end, so its bytes are escaped like any others.
    return ltn12.filter.cycle(mime.qp, "", mode == "binary" and "=0D=0A" or "\r\n")
end

function decoders.base64()
    return ltn12.filter.cycle(mime.unb64, "")
end

decoders["quoted-printable"] = function()
    return ltn12.filter.cycle(mime.unqp, "")
end

local function wrap_text(length)
    length = length or LINE_LENGTH
    return ltn12.filter.cycle(mime.wrp, length, length)
end

wrappers.text = wrap_text
wrappers.base64 = wrap_text
wrappers.default = wrap_text

-- RFC 2045 fixes the length of these lines, so it is not a parameter.
wrappers["quoted-printable"] = function()
    return ltn12.filter.cycle(mime.qpwrp, LINE_LENGTH, LINE_LENGTH)
end

-- Makes a function that selects a filter from a table by name. Without a name it selects the entry "default", which
-- gets all arguments.
local function chooser(filters)
    return function(name, first, second)
        if type(name) ~= "string" then
            name, first, second = "default", name, first
        end
        local make = filters[name]
        if not make then
            error("unknown key (" .. name .. ")", 3)
        end
        return make(first, second)
    end
end

--- A filter that encodes.
---@type fun(name: "base64"|"quoted-printable"|string, mode?: "text"|"binary"|any): ltn12.Filter
--- mime.factories.1: raises `unknown key (<name>)` for a name that `mime.encodet` lacks.
mime.encode = chooser(encoders)

--- A filter that decodes.
---@type fun(name: "base64"|"quoted-printable"|string): ltn12.Filter
--- mime.factories.1: raises `unknown key (<name>)` for a name that `mime.decodet` lacks.
mime.decode = chooser(decoders)

--- A filter that breaks a text into lines of at most `length` bytes (default 76).
---@type fun(name?: "text"|"base64"|"quoted-printable"|string|integer, length?: integer): ltn12.Filter
--- mime.factories.1: raises `unknown key (<name>)` for a name that `mime.wrapt` lacks.
mime.wrap = chooser(wrappers)

--- A filter that writes every line end as `marker`: mime.factories, `normalize`.
---@param marker? string default CRLF
---@return ltn12.Filter
function mime.normalize(marker)
    return ltn12.filter.cycle(mime.eol, 0, marker)
end

--- A filter that doubles each dot at the start of a line, as SMTP requires: mime.factories, `stuff`.
---@return ltn12.Filter
function mime.stuff()
    return ltn12.filter.cycle(mime.dot, 2)
end

return mime
