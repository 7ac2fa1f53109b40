-- Repaired defects of the HTTP client: heads in pieces, interim responses during an upload, files that must stay as
-- they are, CONNECT with a user alone, codings that need another library.
local check = require("check")
local http = require("http")
local socket = require("socket")
local tasks = require("socket.tasks")

-- brotli and zstd are offered without their library.
local opened = {}
if package.loadlib then
    local loadlib = package.loadlib
    rawset(package, "loadlib", function(path, name)
        opened[#opened + 1] = name
        return loadlib(path, name)
    end)
end
local function is_opened() return table.concat(opened, " "):find("all_codings", 1, true) ~= nil end

-- A server in a task. `handle` gets one connection.
local function serving(handle)
    local listener = assert(socket.bind("127.0.0.1", 0))
    local _, port = listener:getsockname()
    tasks.start(function()
        local client = listener:accept()
        listener:close()
        if not client then return end
        client:settimeout(20)
        client:setoption("tcp-nodelay", true)
        handle(client)
        client:close()
    end)
    return ("http://127.0.0.1:%d/"):format(port)
end

local function read_head(client)
    repeat
        local line = client:receive()
    until not line or line == ""
end

-- Sends a text in pieces, and lets the client run after each.
local function send_in_pieces(client, text, size)
    for from = 1, #text, size do
        client:send(text:sub(from, from + size - 1))
        for _ = 1, 5 do tasks.yield() end
    end
end

local function answering(text, size)
    return serving(function(client)
        read_head(client)
        send_in_pieces(client, text, size or #text)
    end)
end

local HEADS = {
    { "CR and LF", "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 2\r\n\r\nhi", "hi" },
    { "LF alone", "HTTP/1.1 200 OK\nA: b\nContent-Length: 2\n\nhi", "hi" },
    { "a CR inside a line", "HTTP/1.1 200 OK\r\nA: b\rc\r\nContent-Length: 2\r\n\r\nhi", "malformed response headers" },
    { "two CR at the end", "HTTP/1.1 200 OK\r\nA: b\r\r\nContent-Length: 2\r\n\r\nhi", "malformed response headers" },
    { "an interim response", "HTTP/1.1 103 Early\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "hi" },
    { "chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nh\r\n1\r\ni\r\n0\r\n\r\n", "hi" },
    { "a CR inside a chunk's size",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r2\r\nh\r\n0\r\n\r\n", "invalid chunk size" },
}

-- A response is read in the same way in one piece and in many.
local function heads()
    for _, case in ipairs(HEADS) do
        for _, size in ipairs({ 8192, 3, 1 }) do
            local response, message = http.get(answering(case[2], size), { pool = false })
            check.equal(case[1] .. ", in pieces of " .. size, response and response.body or message, case[3])
        end
    end
end

-- An upload goes on after an interim response, however its first bytes are cut. It ends at a final one.
local function uploads()
    local interim = "HTTP/1.1 103 Early\r\nA: b\r\n\r\n"
    for cut = 1, #interim - 1 do
        local whole = false
        local url = serving(function(client)
            read_head(client)
            client:send(interim:sub(1, cut))
            for number = 1, 3 do
                local size = client:receive()
                if size == "0" then break end
                client:receive(tonumber(size, 16))
                client:receive()
                if number == 1 then client:send(interim:sub(cut + 1)) end
            end
            whole = client:receive() == "0"
            client:receive()
            client:send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        end)
        local pieces = 0
        local response, message = http.post(url, { body = function()
            pieces = pieces + 1
            for _ = 1, 10 do tasks.yield() end
            return pieces <= 3 and "piece" or nil
        end, pool = false })
        check.equal("an interim response cut at " .. cut, { response and response.status or message, whole }, { 200, true })
    end
    local over = false
    local url = serving(function(client)
        read_head(client)
        client:send("HTTP/1.1 413 Large\r\nContent-Length: 0\r\n\r\n")
        while not over and client:receive() do tasks.yield() end
    end)
    local pieces = 0
    local response = http.post(url, { body = function()
        pieces = pieces + 1
        for _ = 1, 10 do tasks.yield() end
        return pieces < 1000 and "piece" or nil
    end, pool = false })
    over = true
    check.equal("a final response ends the upload", { response and response.status, pieces < 1000 }, { 413, true })
end

local function content(text)
    local file = assert(io.open("part", text and "wb" or "rb"))
    local found = text and file:write(text) or file:read("*a")
    file:close()
    return found
end

-- HEAD and 204 say nothing about the content of a file.
local function files()
    for _, case in ipairs({
        { "HEAD, resumed", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n", true },
        { "HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n", false },
        { "204, resumed", "GET", "HTTP/1.1 204 No\r\n\r\n", true },
    }) do
        content("the part")
        local response = http.request(case[2], answering(case[3]), { file = "part", resume = case[4], pool = false })
        check.equal(case[1] .. ": the file stays", { response and response.ok, content() }, { true, "the part" })
    end
    os.remove("part")
end

-- The headers of a response are complete however they are looked at.
local function headers()
    local text = "HTTP/1.1 200 OK\r\nX-a: 1\r\nX-A: 2\r\nSet-Cookie: c=d\r\nContent-Length: 2\r\n\r\nhi"
    for name, options in pairs({ ["at once"] = { pool = false }, later = { pool = false, jar = http.jar() } }) do
        local response = http.get(answering(text), options)
        check.equal("headers, " .. name, {
            response.headers["x-A"], response:header("X-a"), response:values("x-a"), response.header_list[3],
            response.cookies, response.reason, response.version,
        }, { "1", "1", { "1", "2" }, { "Set-Cookie", "c=d" }, { c = "d" }, "OK", "1.1" })
    end
end

-- Failures of files and callbacks leave nothing open.
local function open_files()
    local count = 0
    local status = io.open("/proc/self/stat")
    local names = io.popen("ls /proc/" .. status:read("*n") .. "/fd 2>/dev/null")
    status:close()
    for _ in names:lines() do count = count + 1 end
    names:close()
    return count
end

local function failures()
    local large = "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" .. ("x"):rep(200000)
    local full = io.open("/dev/full", "wb")
    if full then
        full:close()
        collectgarbage()
        local before = open_files()
        local _, message, phase = http.get(answering(large), { file = "/dev/full", pool = false })
        check.ok("a full disk", message and message:find("No space", 1, true) and phase == "body", message)
        local closed = false
        local url = serving(function(client)
            read_head(client)
            client:send(large)
            closed = client:receive() == nil
        end)
        local ok, problem = pcall(http.get, url, { pool = false, sink = function() error("mine", 0) end })
        check.equal("an error of a sink", { ok, problem }, { false, "mine" })
        for _ = 1, 1000 do
            if closed then break end
            socket.sleep(0.01)
        end
        check.ok("its connection is closed", closed)
        local after = open_files()
        check.ok("no descriptor is left", after <= before, after)
    end
    -- an unreadable file is not the end of the body. wine's C library does not distinguish it from an empty file
    content("the part")
    local unreadable = assert(io.open("part", "ab"))
    if select(2, unreadable:read(1)) then
        unreadable:seek("set", 0)
        local _, problem, when = http.post(serving(read_head), { body = unreadable, pool = false })
        check.equal("an unreadable file", { problem, when }, { "Bad file descriptor", "send" })
        unreadable:seek("set", 0)
        _, problem, when =
            http.post(serving(read_head), { multipart = { { name = "a", file = unreadable } }, pool = false })
        check.equal("an unreadable part", { problem, when }, { "Bad file descriptor", "send" })
    end
    unreadable:close()
    -- one file in two parts
    local file = assert(io.open("part", "rb"))
    local body
    local twice = http.post(serving(function(client)
        local length
        repeat
            local line = client:receive()
            length = length or line and line:match("^Content%-Length: (%d+)")
        until not line or line == ""
        body = client:receive(tonumber(length))
        client:send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    end), { multipart = { { name = "a", file = file }, { name = "b", file = file } }, pool = false })
    file:close()
    os.remove("part")
    check.equal("one file in two parts", { twice and twice.status, select(2, body:gsub("the part", "")) }, { 200, 2 })
    local response = http.get(answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"), { stream = true, pool = false })
    check.equal("read(0)", { response:read(0), response:read(1), response:read(0), response:read(9), response:read(9) },
        { "", "h", "", "i", nil })
    response:close()
    for _, host in ipairs({ "[::1]80", "[::1]:8x", "[::1]:80:80", "[::1]]" }) do
        local _, message, phase2 = http.get("http://" .. host .. "/")
        check.equal(host, { message, phase2 }, { "invalid host '" .. host .. "'", "request" })
    end
end

local BROTLI = "\31\23\0\248\141\148\110\222\68\85\134\214\10\32\108\111\74\17\121\226\128\174\22"
local function codings()
    local offer = require("socket.http_decoding").accept(true)
    check.ok("codings are offered", offer:find("^gzip, deflate"), offer)
    check.ok("without their library", not is_opened())
    if not offer:find("br", 1, true) then return end
    local response, message = http.get(answering(
        "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: " .. #BROTLI .. "\r\n\r\n" .. BROTLI), { pool = false })
    check.ok("a body is decoded", response and response.body:find("^hello"), response and response.body or message)
end

-- CONNECT: a user without a password has an empty one.
local function login(user, password)
    local sent
    require("socket.http_tunnel")().open({
        send = function(_, text)
            sent = text
            return #text
        end,
        receive = function() return nil, "closed" end,
    }, { user = user, password = password }, "host:443")
    return sent:match("\r\nProxy%-Authorization: Basic (%S+)") or false
end

tasks.run(function()
    codings()
    heads()
    uploads()
    files()
    headers()
    failures()
end)
check.equal("CONNECT: credentials", { login("u", "p"), login("u"), login("", "p"), login(""), login() },
    { "dTpw", "dTo=", "OnA=", false, false })
check.done()
