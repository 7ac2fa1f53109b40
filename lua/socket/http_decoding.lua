-- Decoding of content codings: gzip, deflate, brotli, zstd. Internal to HTTP.
local native = require("socket.native")

local ipairs, pcall, type = ipairs, pcall, type
local concat, gmatch, lower, sub = table.concat, string.gmatch, string.lower, string.sub

local MOST_CODINGS = 5

-- In order of preference. The first two are in the core; a separate library is loaded for the others.
local NAMES = { "gzip", "deflate", "br", "zstd" }

local decoding = {}

local core = native("socket_codings")
-- The native module with every coding; false when it is not installed.
local all

local function every_coding()
    if all == nil then
        local ok, module = pcall(native, "socket_all_codings")
        all = ok and module
    end
    return all
end

-- A decoder for a lower-case name, or nil when this build has none.
local function decoder(name)
    local made = core.decoder(name)
    if made or name ~= "br" and name ~= "zstd" then return made end
    local module = every_coding()
    return module and module.decoder(name) or nil
end

-- Checks once which codings are available. The separate library is loaded only when a body needs it.
local offered
local function default_offer()
    if not offered then
        local names, others = {}, nil
        for _, name in ipairs(NAMES) do
            local found = core.decoder(name)
            if not found then
                if others == nil then
                    local ok, installed = pcall(native, "socket_all_codings", true)
                    others = ok and installed
                end
                found = others
            end
            if found then names[#names + 1] = name end
        end
        offered = concat(names, ", ")
    end
    return offered
end

---The value of Accept-Encoding.
---@param setting? true|"strict"|string[] the user's `decode`
---@return string|nil value
function decoding.accept(setting)
    if type(setting) == "table" then return concat(setting, ", ") end
    return default_offer()
end

-- Returns whether the user's setting decodes this coding.
local function wanted(name, setting)
    if type(setting) ~= "table" then return true end
    for _, own in ipairs(setting) do
        own = lower(own)
        if own == name or own == "gzip" and name == "x-gzip" then return true end
    end
    return false
end

---Decoders for the codings of a body.
---@param value? string value of Content-Encoding
---@param setting? true|"strict"|string[] the user's `decode`
---@return table|nil plan decoders, the outermost first; nil when there is nothing to decode or a coding is unknown
---@return string|nil message why the body cannot be decoded
function decoding.plan(value, setting)
    if value == nil then return nil end
    local names = {}
    for name in gmatch(lower(value), "[^,%s]+") do
        if name ~= "identity" then
            if #names == MOST_CODINGS then return nil, "too many codings" end
            names[#names + 1] = name
        end
    end
    if #names == 0 then return nil end
    local plan = {}
    for i = #names, 1, -1 do
        local made = wanted(names[i], setting) and decoder(names[i])
        if not made then
            if setting == "strict" then return nil, "unsupported coding '" .. names[i] .. "'" end
            return nil
        end
        plan[#plan + 1] = made
    end
    return plan
end

-- A source of the output of one decoder.
local function decoded(source, coding)
    local fed, ended = false, false
    return function()
        if ended then return nil end
        while true do
            if fed then
                local piece, err = coding:decode()
                if piece then return piece end
                if err then return nil, err end
            end
            local chunk, err = source()
            if err then return nil, err end
            if not chunk then
                ended, fed = true, false
                local ok
                ok, err = coding:finish()
                coding:close()
                if not ok then return nil, err end
                return nil
            end
            local piece
            piece, err = coding:decode(chunk)
            if err then return nil, err end
            fed = piece ~= nil
            if piece then return piece end
        end
    end
end

---A source of a decoded body, in pieces of at most 64 KB.
---@param source function LTN12 source of the encoded body
---@param plan table decoders, from `decoding.plan`
---@return function source
function decoding.source(source, plan)
    for i = 1, #plan do source = decoded(source, plan[i]) end
    return source
end

---A source that fails with "oversized" when another source gives more than `most` bytes.
---@param source function LTN12 source
---@param most number
---@return function source
function decoding.limit(source, most)
    local left, failed = most, false
    return function()
        if failed then return nil, "oversized" end
        local chunk, err = source()
        if not chunk then return nil, err end
        if #chunk > left then
            failed = true
            if left == 0 then return nil, "oversized" end
            ---@cast left integer
            return (sub(chunk, 1, left))
        end
        left = left - #chunk
        return chunk
    end
end

return decoding
