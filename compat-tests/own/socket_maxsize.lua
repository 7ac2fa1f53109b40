-- receive's third argument: add.2 to add.5.
local check = require("check")
local socket = require("socket")

local server = assert(socket.bind("127.0.0.1", 0))
local _, port = server:getsockname()
local function with(data, close)
    local client = assert(socket.connect("127.0.0.1", port))
    local peer = assert(server:accept())
    if #data > 0 then peer:send(data) end
    if close then peer:close() end
    client:settimeout(close and 5 or 0.05)
    return client, peer
end
local function values(...) return { n = select("#", ...), ... } end

local c = with("abcdefgh\nnext\n")
check.equal("add.2: a line too long", values(c:receive("*l", nil, 4)), { n = 3, nil, "oversized", "abcd" })
check.equal("add.2: no byte is lost", values(c:receive("*l", nil, 8)), { n = 3, "efgh", nil, nil })
check.equal("add.2: a line within the limit", c:receive("*l", nil, 100), "next")
check.equal("add.2: exactly the limit", with("abcd\nx"):receive("*l", nil, 4), "abcd")
check.equal("add.2: exactly the limit, CRLF", with("abcd\r\nx"):receive("*l", nil, 4), "abcd")
check.equal("add.2: the prefix counts", values(with("cdef\n"):receive("*l", "ab", 4)),
    { n = 3, nil, "oversized", "abcd" })
check.equal("add.2: an endless run of CR", select(2, with(("\r"):rep(5000)):receive("*l", nil, 100)), "oversized")
check.equal("add.2: number within", with("abcdef"):receive(4, nil, 4), "abcd")
check.equal("add.2: *a too long", values(with("abcdefgh", true):receive("*a", nil, 4)),
    { n = 3, nil, "oversized", "abcd" })
local all = with("abcdefgh", true)
all:receive("*a", nil, 4)
check.equal("add.2: the rest of *a", values(all:receive("*a", nil, 100)), { n = 3, "efgh", nil, nil })
check.equal("add.5: *a exactly at the limit", values(with("abcd", true):receive("*a", nil, 4)), { n = 3, "abcd", nil, nil })
check.equal("add.4: a timeout's partial is shorter", values(with("abc"):receive("*l", nil, 4)),
    { n = 3, nil, "timeout", "abc" })
check.equal("add.4: full is oversized", values(with("abcd"):receive("*l", nil, 4)), { n = 3, nil, "oversized", "abcd" })
check.equal("add.4: full is oversized, *a", values(with("abcd"):receive("*a", nil, 4)),
    { n = 3, nil, "oversized", "abcd" })
local resumed = with("abcdef")
local _, _, partial = resumed:receive("*l", nil, 10)
check.equal("add.4: the partial serves as prefix", values(resumed:receive("*l", partial, 10)),
    { n = 3, nil, "timeout", "abcdef" })

local untouched = with("abc\n")
for _, bad in ipairs({ 0, -1, 0.5, 0 / 0 }) do
    check.raises("add.3: maxsize " .. tostring(bad), "bad argument #3", function() untouched:receive("*l", nil, bad) end)
end
check.raises("add.3: a prefix of the limit", "bad argument #2", function() untouched:receive("*l", "abcd", 4) end)
check.raises("add.3: a longer prefix", "bad argument #2", function() untouched:receive("*a", "abcde", 4) end)
check.raises("add.3: a number above", "bad argument #1", function() untouched:receive(5, nil, 4) end)
check.raises("add.3: not a number", "number expected", function() untouched:receive("*l", nil, "x") end)
check.equal("add.3: nothing was read", untouched:receive("*l", nil, 4), "abc")

-- The result is the same for any split of the stream.
local data = "first\r\nsecond line\n\n" .. ("long"):rep(50) .. "\ntail"
for cut = 1, #data - 1, 7 do
    local client, peer = with("")
    client:settimeout(5)
    peer:setoption("tcp-nodelay", true)
    local got = {}
    peer:send(data:sub(1, cut))
    got[1] = client:receive("*l", nil, 60) or "?"
    peer:send(data:sub(cut + 1))
    peer:close()
    for i = 2, 12 do
        local line, problem, rest = client:receive("*l", nil, 60)
        got[i] = line or (problem .. ":" .. rest)
        if problem == "closed" then break end
    end
    if cut >= 7 then
        check.equal("cut at " .. cut, got, { "first", "second line", "", "oversized:" .. ("long"):rep(15),
            "oversized:" .. ("long"):rep(15), "oversized:" .. ("long"):rep(15), ("long"):rep(5), "closed:tail" })
    end
end
check.done()
