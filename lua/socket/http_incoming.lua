-- The requests that a server receives. Parts that not every handler needs are computed on first access. Internal to
-- socket.http_server.
local native = require("socket.http_server_leaves")
local bodies = require("socket.http_incoming_body")
local http_pairs = require("socket.http_pairs")
local reading = require("socket.http_reading")

local pairs, rawset, setmetatable, tonumber, type = pairs, rawset, setmetatable, tonumber, type
local char, find, gmatch, gsub, lower, match =
    string.char, string.find, string.gmatch, string.gsub, string.lower, string.match
local concat = table.concat

local PIECE = 65536
-- The most names in `params`.
local PARAMS = 1000

-- Private keys that scripts cannot access.
local HEAD, FLAT, VALUES, CONNECTION, STREAM, READER = {}, {}, {}, {}, {}, {}
-- The state of a body that was read whole.
local COMPLETE = {}

local incoming = { HEAD = HEAD, CONNECTION = CONNECTION, STREAM = STREAM }

---@class http.request
local methods = {}

incoming.methods = methods

-- Names and values in turn.
local function flat(request)
    local list = request[FLAT]
    if not list then
        list = native.fields(request[HEAD])
        request[FLAT] = list
    end
    return list
end

---All values of a field, in order.
---@param name string in any case
---@return string[]
function methods:values(name)
    local list, values, wanted = flat(self), {}, lower(name)
    for i = 1, #list, 2 do
        if lower(list[i]) == wanted then values[#values + 1] = list[i + 1] end
    end
    return values
end

-- Cache for a table of headers: lower-case names to the names in the table.
local spellings = setmetatable({}, { __mode = "k" })

local Headers = {
    __index = function(headers, name)
        if type(name) ~= "string" then return nil end
        local spelling = spellings[headers][lower(name)]
        if spelling and spelling ~= name then return rawget(headers, spelling) end
    end,
}

local lazy = {}

function lazy.scheme(request) return request[CONNECTION].tls and "https" or "http" end

function lazy.server(request) return request[CONNECTION].server end

function lazy.headers(request)
    local list, headers, known, several = flat(request), {}, {}, nil
    for i = 1, #list, 2 do
        local name, value = list[i], list[i + 1]
        local low = lower(name)
        local spelling = known[low]
        if not spelling then
            known[low] = name
            headers[name] = value
        else
            several = several or {}
            local values = several[spelling]
            if not values then
                values = { headers[spelling] }
                several[spelling] = values
            end
            values[#values + 1] = value
        end
    end
    for name, values in pairs(several or {}) do
        headers[name] = concat(values, lower(name) == "cookie" and "; " or ", ")
    end
    spellings[headers] = known
    return setmetatable(headers, Headers)
end

function lazy.header_list(request)
    local list, pairs_of = flat(request), {}
    for i = 1, #list, 2 do pairs_of[#pairs_of + 1] = { list[i], list[i + 1] } end
    return pairs_of
end

local function decode(text)
    if find(text, "[+%%]") then
        text = gsub(gsub(text, "+", " "), "%%(%x%x)", function(digits) return char(tonumber(digits, 16) --[[@as integer]]) end)
    end
    return text
end

-- The decoded query: each name with its values.
local function values_of(request)
    local values = request[VALUES]
    if values then return values end
    values = {}
    local names = 0
    for pair in gmatch(request.query or "", "[^&]+") do
        local name, value = match(pair, "^([^=]*)=(.*)$")
        name = decode(name or pair)
        local list = values[name]
        if not list then
            names = names + 1
            if names > PARAMS then break end
            list = {}
            values[name] = list
        end
        list[#list + 1] = decode(value or "")
    end
    request[VALUES] = values
    return values
end

function lazy.params(request)
    local params = {}
    for name, values in pairs(values_of(request)) do params[name] = values[1] end
    return params
end

---All values of a name in the query.
---@param name string
---@return string[]
function methods:param_values(name)
    local values = {}
    for i, value in ipairs(values_of(self)[name] or {}) do values[i] = value end
    return values
end

function lazy.cookies(request)
    local cookies = {}
    for pair in gmatch(request.headers.cookie or "", "[^;]+") do
        local name, value = http_pairs.split(pair)
        if name and name ~= "" and cookies[name] == nil then
            ---@cast value string
            cookies[name] = match(value, '^"(.*)"$') or value
        end
    end
    return cookies
end

-- The client's certificate, fetched once for each connection.
local function certificate_of(connection)
    local certificate = connection.certificate
    if certificate == nil then
        certificate = connection.sock:getpeercertificate() or false
        connection.certificate = certificate
    end
    return certificate or nil
end

function lazy.tls(request)
    local connection = request[CONNECTION]
    if not connection.tls then return nil end
    local sock = connection.sock
    local info = sock:info() or {}
    return {
        protocol = info.protocol,
        cipher = info.cipher,
        alpn = sock:getalpn(),
        sni = sock:getsniname(),
        certificate = certificate_of(connection),
    }
end

-- The next piece of a streamed body: nil at the end, nil and a message on failure.
local function next_piece(request)
    local state = request[STREAM]
    if not state then
        -- a body that was read whole is one piece
        request[STREAM] = COMPLETE
        local body = request.body
        return body ~= "" and body or nil
    end
    if state == COMPLETE then return nil end
    return bodies.piece(state, 1, PIECE, request[CONNECTION].settings.progresstime)
end

local function reader_of(request)
    local reader = request[READER]
    if not reader then
        reader = reading.new(function() return next_piece(request) end)
        request[READER] = reader
    end
    return reader
end

---Reads the body of a streamed request. A body that was read whole can be read, too.
---@param what? integer|string number of bytes, fewer only at the end; `"*l"`, a line; `"*a"`, all; nil: available bytes
---@return string|nil data nil at the end
---@return string|nil message
function methods:read(what)
    reading.check(what)
    return reader_of(self):read(what)
end

---An LTN12 source of the request's body.
---@return fun(): string?, string?
function methods:source()
    local reader = reader_of(self)
    return function() return reader:piece() end
end

incoming.metatable = {
    __index = function(request, name)
        local make = lazy[name]
        if make then
            local value = make(request)
            rawset(request, name, value)
            return value
        end
        return methods[name]
    end,
    __name = "http.request",
}

return incoming
