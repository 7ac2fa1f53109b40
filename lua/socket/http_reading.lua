-- Reads a body by bytes, by lines or as a whole, from a source of its pieces. Internal to HTTP.
local error, match, setmetatable, type = error, string.match, setmetatable, type
local concat, find, gsub, sub = table.concat, string.find, string.gsub, string.sub
local huge = math.huge

local reading = {}

-- Pieces below this size are joined while they are collected.
local SMALL = 4096

---Adds a piece to a list. Small pieces are joined to equal lengths, because a body in chunks of one byte would
---otherwise need many times its length for the list.
---@param pieces string[]
---@param data string
function reading.add(pieces, data)
    local n = #pieces
    while n > 0 and #data < SMALL and #pieces[n] <= #data do
        data = pieces[n] .. data
        pieces[n] = nil
        n = n - 1
    end
    pieces[n + 1] = data
end

local add = reading.add

---A reader.
---@class socket.http.reader
---@field next fun(): string|nil, string|nil the next piece
---@field rest string|nil the last piece, if it was not read to its end
---@field at integer position of the first byte of `rest` that was not read
local methods = {}
local metatable = { __index = methods }

---Makes a reader over a source.
---@param source fun(): string|nil, string|nil
---@return socket.http.reader
function reading.new(source)
    return setmetatable({ next = source, rest = nil, at = 1 }, metatable)
end

---The bytes that are there, at least one.
---@return string|nil piece nil at the end
---@return string|nil message
function methods:piece()
    local rest, at = self.rest, self.at
    if not rest then return self.next() end
    self.rest = nil
    return at == 1 and rest or sub(rest, at)
end

-- Keeps a piece whose bytes from `at` on were not read.
local function keep(reader, piece, at)
    if at <= #piece then reader.rest, reader.at = piece, at else reader.rest = nil end
end

-- Collects pieces until `take(piece, at)` returns the position of the last byte wanted.
local function collect(reader, take)
    local pieces = {}
    while true do
        local piece, at = reader.rest, reader.at
        if not piece then
            local message
            piece, message = reader.next()
            at = 1
            if not piece then
                if message then return nil, message end
                return pieces[1] and concat(pieces)
            end
        end
        local last = take(piece, at)
        if last then
            keep(reader, piece, last + 1)
            piece = sub(piece, at, last)
            return pieces[1] and concat(pieces) .. piece or piece
        end
        reader.rest = nil
        if piece ~= "" then add(pieces, at == 1 and piece or sub(piece, at)) end
    end
end

-- Exactly `count` bytes, or fewer at the end.
local function read_count(reader, count)
    if count < 1 then return "" end
    local missing = count
    return collect(reader, function(piece, at)
        local length = #piece - at + 1
        if length >= missing then return at + missing - 1 end
        missing = missing - length
    end)
end

-- A line without its line end.
local function read_line(reader)
    local line, message = collect(reader, function(piece, at)
        return (find(piece, "\n", at, true))
    end)
    if not line then return nil, message end
    return (gsub(line, "\r?\n?$", ""))
end

---Raises an error in the caller of `read` for an argument that is none.
---@param what any
function reading.check(what)
    if what == nil or type(what) == "number" and what >= 0 and (what % 1 == 0 or what == huge) then return end
    if type(what) == "string" and find(what, "^%*?[la]") then return end
    error("bad argument #1 to 'read' (invalid pattern)", 3)
end

---@param what? integer|string number of bytes, fewer only at the end; `"*l"`, a line; `"*a"`, all; nil: available bytes
---@return string|nil data nil at the end
---@return string|nil message
function methods:read(what)
    if what == nil then return self:piece() end
    if type(what) == "number" then return read_count(self, what) end
    if match(what, "^%*?(.)") == "l" then return read_line(self) end
    return read_count(self, huge)
end

return reading
