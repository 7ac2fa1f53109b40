-- A custom filter in a chain: encodes a file for mail, and decodes it:
--   luasocket examples/filter-chain.lua encode|decode INPUT OUTPUT
local ltn12 = require("ltn12")
local mime = require("mime")

-- A filter is a function from chunk to chunk; nil is the end. This one counts bytes and changes nothing.
local function counter()
    local count = { bytes = 0 }
    function count.filter(chunk)
        if chunk then count.bytes = count.bytes + #chunk end
        return chunk
    end
    return count
end

local chains = {
    encode = function() return ltn12.filter.chain(mime.encode("base64"), mime.wrap("base64")) end,
    decode = function() return mime.decode("base64") end,
}

-- Ends the program with one sentence; `error` would add a traceback.
local function stop(...)
    io.stderr:write(table.concat({ ... }), "\n")
    os.exit(1)
end

local mode, input, output = ...
if not (chains[mode] and output) then return stop("usage: filter-chain.lua encode|decode INPUT OUTPUT") end

local before, after = counter(), counter()
local ok, message = ltn12.pump.all(
    ltn12.source.chain(ltn12.source.file(io.open(input, "rb")), before.filter, chains[mode](), after.filter),
    ltn12.sink.file(io.open(output, "wb")))
if not ok then return stop("filter-chain: ", message) end
print(("%d bytes in, %d bytes out"):format(before.bytes, after.bytes))
