-- Random HTTP responses: each number gives one response, the same on every Lua.
--
--   local server = random_http.serve()
--   local results = random_http.ask(server, number)     -- the results of http.request, and the sink's calls
local random_http = {}

-- A pseudo-random generator (Lehmer's), in arithmetic that is exact in doubles and in integers.
local function generator(seed)
    local state = seed * 7919 % 2147483646 + 1
    for _ = 1, 3 do state = state * 16807 % 2147483647 end
    local make = {}
    function make.below(n)
        state = state * 16807 % 2147483647
        return math.floor(state / 8) % n
    end
    function make.one(...) return (select(make.below(select("#", ...)) + 1, ...)) end
    function make.bytes(most, alphabet)
        local bytes = {}
        for i = 1, make.below(most + 1) do
            local at = make.below(alphabet and #alphabet or 256)
            bytes[i] = alphabet and alphabet:sub(at + 1, at + 1) or string.char(at)
        end
        return table.concat(bytes)
    end
    return make
end

local NAMES = "ABCDEFGHxyz019-_.!#"
-- everything except line ends
local TEXT = "abc XYZ\t,;=\"()<>:/?%\0\1\127\128\200\255"

local function line_end(make) return make.one("\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r\r\n") end

local function header(make)
    local name = make.one("X-Random", "Set-Cookie", "Server", "Date", "A" .. make.bytes(6, NAMES))
    local value = make.bytes(20, TEXT)
    for _ = 1, make.below(8) - 5 do
        make.folded = true
        value = value .. line_end(make) .. make.one(" ", "\t", "  ") .. make.bytes(6, TEXT)
    end
    return name .. ":" .. make.one("", " ", "\t ", "   ") .. value .. line_end(make)
end

local function headers(make, most, framing)
    local lines = {}
    for i = 1, make.below(most) do lines[i] = header(make) end
    for _, line in ipairs(framing) do
        table.insert(lines, make.below(#lines + 1) + 1, line .. line_end(make))
    end
    return table.concat(lines) .. line_end(make)
end

local function chunked(make, body)
    local chunks, at = {}, 1
    while at <= #body do
        local piece = body:sub(at, at + make.below(40))
        at = at + #piece
        chunks[#chunks + 1] = make.one("", "", "0", "00") .. make.one("%x", "%X", "%x"):format(#piece) ..
            make.one("", "", " ", ";a", ";a=\"b;c\"", " ;" .. make.bytes(5, TEXT)) .. line_end(make) .. piece .. line_end(make)
    end
    local trailers = {}
    for i = 1, make.below(6) - 3 do trailers[i] = header(make) end
    make.trailed = #trailers > 0
    return table.concat(chunks) .. make.one("0", "00", "0;x") .. line_end(make) .. table.concat(trailers) .. line_end(make)
end

local function spelled(make, name) return make.one(name, name, name:lower(), name:upper()) end

-- Changes a few bytes, inserts some and removes some.
local function damaged(make, response)
    for _ = 0, make.below(4) do
        local at = make.below(#response + 1)
        response = response:sub(1, at) .. make.bytes(2, make.one(nil, "\r\n", "0123456789abcdef", TEXT)) ..
            response:sub(at + 1 + make.below(4))
    end
    return response
end

-- Numbers from here on give a response that is also damaged.
random_http.DAMAGED = 1000000

-- The response for a number, as sent on the wire, and whether LuaSocket's result differs. LuaSocket drops trailers, or
-- raises an error for them (add.48), and differs when the connection ends after a folded header (http.receive.14).
function random_http.response(number)
    local make = generator(number)
    local parts = {}
    for _ = 1, make.below(6) - 3 do
        parts[#parts + 1] = "HTTP/1.1 100 Continue" .. line_end(make) .. headers(make, 3, {})
    end
    local code = make.one(200, 200, 200, 200, 200, 200, 201, 203, 204, 205, 206, 226, 299, 300, 304, 400, 401, 404, 409, 410,
        418, 500, 503, 599, 999, "000")
    parts[#parts + 1] = ("HTTP/%s %s"):format(make.one("1.1", "1.1", "1.1", "1.0", "1.9", "9.9"), code) ..
        make.one(" OK", "", " ", " " .. make.bytes(10, TEXT)) .. line_end(make)
    local body = make.bytes(make.one(0, 10, 100, 1000, 20000), make.one(nil, TEXT, "\r\n", "0123\r\n"))
    local framing = {}
    local length = spelled(make, "Content-Length") .. ":" .. make.one("", " ", "\t", "  ")
    local how = make.below(10)
    if how < 4 then
        framing[1] = length .. make.one("", "", "0", "000") .. #body .. make.one("", "", " ", "\t")
    elseif how < 8 then
        framing[1] = spelled(make, "Transfer-Encoding") .. ": " .. make.one("chunked", "chunked", "Chunked", "gzip, chunked")
        if make.below(4) == 0 then framing[2] = length .. make.below(100) end
        body = chunked(make, body)
    elseif how == 8 then
        framing[1] = length .. make.below(2 * #body + 2)
    end
    parts[#parts + 1] = headers(make, 9, framing)
    parts[#parts + 1] = body
    local response = table.concat(parts)
    local cut = make.below(4) == 0
    if cut then response = response:sub(1, make.below(#response + 1)) end
    if number >= random_http.DAMAGED then response = damaged(make, response) end
    return response, make.trailed or cut and make.folded
end

-- A method for each number.
local function method(number) return ({ "GET", "GET", "GET", "POST", "HEAD" })[number % 5 + 1] end

-- In the server's process: the request's path selects the response, and whether it is sent in one piece or in many.
function random_http.answer()
    local socket = require("socket")
    local listener = assert(socket.bind("127.0.0.1", 0))
    print((select(2, listener:getsockname())))
    while true do
        local client = listener:accept()
        client:settimeout(20)
        local number, pieces = (client:receive() or ""):match("^%u+ /(%d+)/(%d+)")
        if not number then break end
        repeat local field = client:receive() until not field or field == ""
        local response, make = random_http.response(tonumber(number)), generator(number * 3 + 1)
        for _ = 2, tonumber(pieces) do
            local size = make.below(#response + 1)
            if not client:send(response:sub(1, size)) then break end
            response = response:sub(size + 1)
            socket.select(nil, nil, 0.001)
        end
        client:send(response)
        client:close()
    end
end

function random_http.serve() return require("peer").lua("require('random_http').answer()") end

-- Makes the request for a response. Returns the results of http.request, and the sink's calls.
function random_http.ask(server, number, pieces)
    local http = require("socket.http")
    http.TIMEOUT = 20
    local got, last = {}, "not ended"
    local function sink(chunk, err)
        if chunk then got[#got + 1] = chunk else last = "ended with " .. tostring(err) end
        return 1
    end
    local url = ("http://127.0.0.1:%d/%d/%d"):format(server.port, number, pieces or 1)
    local ok, result, code, head, status = pcall(http.request, { url = url, method = method(number), sink = sink, redirect = false })
    return { ok = ok, result = result, code = code, headers = head, status = status, body = table.concat(got), last = last }
end

function random_http.stop(server)
    require("socket").connect("127.0.0.1", server.port):close()
    server:close()
end

return random_http
