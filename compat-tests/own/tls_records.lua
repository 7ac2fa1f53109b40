-- needs: certs
-- Records that arrive in any pieces: each is delivered as soon as it is whole, and `dirty` and `select` report no data
-- that cannot be received. The test forwards the server's bytes to the client, as many as it wants to.
local check = require("check")
local tls = require("tls")
local ssl = require("ssl")
local socket = require("socket")

local RECORD = 16384
local WAITING = { wantread = true, wantwrite = true }

local listener = assert(socket.bind("127.0.0.1", 0))
local address, port = listener:getsockname()

local function tcp_pair()
    local near = assert(socket.connect(address, port))
    local far = assert(listener:accept())
    near:setoption("tcp-nodelay", true)
    far:setoption("tcp-nodelay", true)
    return near, far
end

-- All bytes that the socket has now.
local function take(sock)
    sock:settimeout(0)
    local data, _, partial = sock:receive("*a")
    return data or partial or ""
end

-- A client and a server after their handshake, and the sockets between them: the client's and the server's.
local function connect(protocol)
    local c, by_client = tcp_pair()
    local s, by_server = tcp_pair()
    c = assert(ssl.wrap(c, tls.client({ protocol = protocol })))
    s = assert(ssl.wrap(s, tls.server({ protocol = protocol })))
    c:sni("localhost")
    c:settimeout(0)
    s:settimeout(0)
    local start = socket.gettime()
    local done = {}
    repeat
        for i, object in ipairs({ c, s }) do
            local ok, message = object:dohandshake()
            assert(ok or WAITING[message], message)
            done[i] = ok
        end
        by_server:send(take(by_client))
        by_client:send(take(by_server))
        socket.select({ by_client, by_server, c, s }, nil, 0.01)
        assert(socket.gettime() - start < 20, "no progress")
    until done[1] and done[2]
    -- session tickets
    socket.sleep(0.02)
    by_client:send(take(by_server))
    socket.select({ c }, nil, 0.02)
    assert(select(2, c:receive(1)) == "wantread")
    return c, s, by_client, by_server
end

-- The bytes that a server sends for this text.
local function encrypt(s, by_server, text)
    local bytes, sent = {}, 0
    local deadline = socket.gettime() + 20
    repeat
        local last, _, partial = s:send(text, sent + 1)
        sent = last or partial
        socket.select({ by_server }, nil, sent < #text and 1 or 0.05)
        bytes[#bytes + 1] = take(by_server)
        assert(socket.gettime() < deadline, "no progress")
    until sent == #text
    return table.concat(bytes)
end

-- Cuts bytes into records.
local function records(bytes)
    local list, at = {}, 1
    while at <= #bytes do
        local high, low = bytes:byte(at + 3, at + 4)
        local length = 5 + high * 256 + low
        list[#list + 1] = bytes:sub(at, at + length - 1)
        at = at + length
    end
    return list
end

local function forward(by_client, c, bytes)
    by_client:settimeout(20)
    assert(by_client:send(bytes))
    -- loopback delivers at once, or soon
    socket.select({ c }, nil, 0.2)
end

-- Receives what is there.
local function receive_all(c, most)
    local parts = {}
    while true do
        local data, _, partial = c:receive(most)
        parts[#parts + 1] = data or partial
        if not data then return table.concat(parts) end
    end
end

local CUTS = { -16000, -9000, -100, -2, -1, 0, 1, 3, 4, 5, 6, 7, 100, 8191, 8192, 8193, 8300, 16000 }
-- native-tls has no servers with TLS 1.3
for _, protocol in ipairs({ "tlsv1_2", tls.is_complete() and "tlsv1_3" or nil }) do
    local c, s, by_client, by_server = connect(protocol)
    -- sizes below and above the size from which on a body is received in place
    for _, sizes in ipairs({
        { RECORD, RECORD, RECORD, RECORD }, { 100, 200, RECORD, 300 }, { 8170, 8200, 8180, 8190 }, { 1, 1, 1, 1 },
        { RECORD, 1, RECORD, 1 }, { RECORD, RECORD, 5, RECORD },
    }) do
        local label = protocol .. ", " .. table.concat(sizes, " ")
        for _, most in ipairs({ 2048, RECORD, 100000 }) do
            local good = true
            for _, cut in ipairs(CUTS) do
                local texts, bytes, ends = {}, {}, {}
                local at = 0
                for i, size in ipairs(sizes) do
                    texts[i] = ("%d "):format(i):rep(size):sub(1, size)
                    local encrypted = encrypt(s, by_server, texts[i])
                    assert(#records(encrypted) == 1)
                    bytes[i] = encrypted
                    at = at + #encrypted
                    ends[i] = at
                end
                local all, text = table.concat(bytes), table.concat(texts)
                local first = math.max(1, math.min(#all, ends[2] + cut))
                local whole = 0
                for i, last in ipairs(ends) do
                    if last <= first then whole = whole + sizes[i] end
                end
                forward(by_client, c, all:sub(1, first))
                local got = receive_all(c, most)
                local case = ("%s, %d, cut at %d: "):format(label, most, cut)
                good = check.ok(case .. "whole records", got == text:sub(1, whole), #got) and good
                good = check.equal(case .. "nothing more", { c:dirty(), #socket.select({ c }, nil, 0) }, { false, 0 })
                    and good
                if first < #all then forward(by_client, c, all:sub(first + 1)) end
                got = got .. receive_all(c, most)
                good = check.ok(("%s, %d, cut at %d: the rest"):format(label, most, cut), got == text, #got) and good
                if not good then break end
            end
            if not good then break end
        end
    end

    -- one byte at a time
    local text = ("x"):rep(9000) .. "\n"
    local bytes = encrypt(s, by_server, text)
    local early = 0
    for i = 1, #bytes - 1 do
        by_client:send(bytes:sub(i, i))
        if i % 500 == 0 or i < 12 then
            local _, message, partial = c:receive(1)
            if message ~= "wantread" or partial ~= "" or c:dirty() then early = early + 1 end
        end
    end
    forward(by_client, c, bytes:sub(-1))
    c:settimeout(20)
    check.equal(protocol .. ": byte by byte", { early, c:receive() == ("x"):rep(9000) }, { 0, true })

    -- a connection that is cut in a record
    bytes = encrypt(s, by_server, ("y"):rep(RECORD) .. ("z"):rep(RECORD))
    forward(by_client, c, bytes:sub(1, -2))
    by_client:close()
    local _, message, partial = c:receive(2 * RECORD)
    check.equal(protocol .. ": cut in a record", { message, partial == ("y"):rep(RECORD) }, { "unexpected eof while reading", true })
    c:close()
    s:close()
    by_server:close()
end
listener:close()

check.done()
