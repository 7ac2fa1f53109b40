-- mime and ltn12: encoders, line codecs and a chain of filters.
local measure = require("measure")
local ltn12 = require("ltn12")
local mime = require("mime")

local unpack = table.unpack or unpack -- luacheck: ignore 143

-- Every byte value, in an order that does not repeat soon.
local function binary(size)
    local bytes, state = {}, 1
    for i = 1, 4096 do
        state = (state * 16807) % 2147483647
        bytes[i] = string.char(state % 256)
    end
    return table.concat(bytes):rep(math.ceil(size / 4096)):sub(1, size)
end

-- Lines of about 60 bytes as in mail; a few letters need escapes.
local LINE = "Les \195\169l\195\168ves lisent = \195\160 voix haute, puis \195\169crivent.  And so on.\r\n"

local function text(size)
    return LINE:rep(math.ceil(size / #LINE)):sub(1, size)
end

-- Calls a low-level function on the same input until it has processed `total` bytes.
local function repeated(low, input, total, ...)
    local count = math.max(1, math.floor(total / #input))
    local extra, n = { ... }, select("#", ...)
    return function()
        for _ = 1, count do
            low(unpack(extra, 1, n))
        end
    end, count * #input
end

local cases = {}

function cases.b64(size, total)
    local input = binary(size)
    return repeated(mime.b64, input, total, input)
end

function cases.unb64(size, total)
    local input = mime.b64(binary(size - size % 3))
    return repeated(mime.unb64, input, total, input)
end

function cases.qp(size, total)
    local input = text(size)
    return repeated(mime.qp, input, total, input)
end

function cases.unqp(size, total)
    local input = mime.qp(text(size))
    return repeated(mime.unqp, input, total, input)
end

function cases.eol(size, total)
    local input = text(size)
    return repeated(mime.eol, input, total, 0, input, "\n")
end

function cases.wrp(size, total)
    local input = mime.b64(binary(size))
    return repeated(mime.wrp, input, total, 76, input, 76)
end

function cases.dot(size, total)
    local input = text(size)
    return repeated(mime.dot, input, total, 2, input)
end

-- Calls with a short text, for the cost of the call itself.
local function called(low, input, count, ...)
    local work = repeated(low, input, count * #input, ...)
    return work, count
end

function cases.b64_calls(size, count)
    local input = text(size)
    return called(mime.b64, input, count, input)
end

function cases.eol_calls(size, count)
    local input = text(size)
    return called(mime.eol, input, count, 0, input, "\n")
end

function cases.dot_calls(size, count)
    local input = text(size)
    return called(mime.dot, input, count, 2, input)
end

function cases.chain(size)
    local input = binary(size)
    return function()
        local filter = ltn12.filter.chain(mime.encode("base64"), mime.wrap("base64"))
        local sink = ltn12.sink.chain(filter, ltn12.sink.null())
        assert(ltn12.pump.all(ltn12.source.string(input), sink))
    end, size
end

measure.run(cases)
