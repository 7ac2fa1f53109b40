-- Mail messages as ltn12 sources (RFC 5322, RFC 2046). Internal to socket.smtp.
local captured = ...
local socket, headers, protected_call, fields = captured.socket, captured.headers, captured.pcall, captured.fields()

local message = {}

local boundaries, identifiers = 0, 0

-- Makes a boundary that is unique in the process and unlikely to occur in a text.
local function new_boundary()
    boundaries = boundaries + 1
    return ("%s%05d==%05d"):format(os.date("%d%m%Y%H%M%S"), math.random(0, 99999), boundaries)
end

-- Makes a globally unique Message-ID (RFC 5322, section 3.6.4): from the time, the address of a new table, a number,
-- and the sender's domain.
local function new_identifier(from, default_domain)
    identifiers = identifiers + 1
    local place = tostring({}):match("0x0*(%x+)") or tostring(math.random(0, 99999999))
    return ("<%s.%06d.%s.%d@%s>"):format(os.date("!%Y%m%d%H%M%S"), math.floor(socket.gettime() % 1 * 1e6), place, identifiers,
        fields.domain(from) or default_domain)
end

local function lowered(mesgt)
    local lower = {}
    for name, value in pairs(mesgt.headers or {}) do
        lower[string.lower(name)] = value
    end
    return lower
end

-- Raises an error for an invalid header; the source then returns it.
local function header_block(values)
    local names, lines = {}, {}
    for name in pairs(values) do names[#names + 1] = name end
    table.sort(names)
    for i, name in ipairs(names) do
        lines[i] = fields.line(headers.canonic[name] or name, name, values[name])
    end
    return table.concat(lines) .. "\r\n"
end

-- The pieces of a part, in order: chunks (strings), sources (functions) and
-- inner parts (tables), see M10.
local function pieces(part)
    local values, body = lowered(part), part.body
    if type(body) ~= "table" then
        values["content-type"] = values["content-type"] or 'text/plain; charset="iso-8859-1"'
        return { header_block(values), body }
    end
    local boundary = new_boundary()
    values["content-type"] = (values["content-type"] or "multipart/mixed") .. '; boundary="' .. boundary .. '"'
    local list = { header_block(values) }
    local function add(piece) list[#list + 1] = piece end
    if body.preamble then
        add(body.preamble)
        add("\r\n")
    end
    for _, inner in ipairs(body) do
        if type(inner) ~= "table" then error("invalid message part (table expected, got " .. type(inner) .. ")", 0) end
        add("\r\n--" .. boundary .. "\r\n")
        add(inner)
    end
    add("\r\n--" .. boundary .. "--\r\n\r\n")
    if body.epilogue then
        add(body.epilogue)
        add("\r\n")
    end
    return list
end

-- Takes the next chunk from a stack of pieces. Uses a stack instead of a coroutine, so that the caller's source may
-- yield on every Lua version (add.25).
local function next_chunk(stack)
    while #stack > 0 do
        local piece = table.remove(stack)
        if type(piece) == "table" then
            local list = pieces(piece)
            for i = #list, 1, -1 do stack[#stack + 1] = list[i] end
        elseif type(piece) == "function" then
            local chunk, err = piece()
            if chunk or err then
                stack[#stack + 1] = piece
                return chunk, err
            end
        else
            return piece
        end
    end
    return nil
end

local DAYS = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" }
local MONTHS = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" }

-- RFC 5322 requires English names; os.date depends on the locale.
local function date(zone)
    local now = os.date("!*t")
    return ("%s, %02d %s %d %02d:%02d:%02d "):format(DAYS[now.wday], now.day, MONTHS[now.month], now.year,
        now.hour, now.min, now.sec) .. zone
end

---The headers of a message under lower-case names, completed (M3, M4).
---@param mesgt socket.smtp.Message
---@param zone string
---@param domain string domain of the Message-ID in a message without a sender
---@return table<string, any>
function message.headers(mesgt, zone, domain)
    local lower = lowered(mesgt)
    lower["date"] = lower["date"] or date(mesgt.zone or zone)
    lower["message-id"] = lower["message-id"] or new_identifier(lower["from"], domain)
    lower["x-mailer"] = lower["x-mailer"] or socket._VERSION
    lower["mime-version"] = "1.0"
    return lower
end

---A source that produces a message. If that raises an error, the source returns nil and the error (M14).
---@param mesgt table
---@return function source
function message.source(mesgt)
    local stack = { mesgt }
    local failed, failure = false, nil
    return function()
        if failed then return nil, failure end
        local ok, chunk, err = protected_call(next_chunk, stack)
        if ok then return chunk, err end
        failed, failure = true, chunk or "message could not be produced"
        return nil, failure
    end
end

return message
