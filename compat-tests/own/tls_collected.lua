-- needs: certs
-- Contexts and names that the collector takes while connections use them, and connections that are closed while another
-- task does their handshake.
local check = require("check")
local tls = require("tls")
local ssl = require("ssl")
local socket = require("socket")
local tasks = require("socket.tasks")

local function server(changes) return assert(ssl.newcontext(tls.server(changes))) end

-- Two passes: the first finalizes, the second one frees. New contexts then take the places of the old ones.
local function collect()
    for i = 1, 3 do
        collectgarbage()
        ssl.newcontext(tls.client({ alpn = "other " .. i }))
    end
end

local function tcp_pair()
    local listener = assert(socket.bind("127.0.0.1", 0))
    local address, port = listener:getsockname()
    local c = assert(socket.connect(address, port))
    local s = assert(listener:accept())
    listener:close()
    return s, c
end

-- True when a value that only weak tables hold was collected.
local function watch(value) return setmetatable({ value }, { __mode = "v" }) end

-- A pair whose contexts were made by these functions and are not held by the program.
local function pair(make_server, make_client, names)
    local s_tcp, c_tcp = tcp_pair()
    local of_server, of_client = make_server(), make_client()
    local seen = watch(of_server)
    local s, c = assert(ssl.wrap(s_tcp, of_server)), assert(ssl.wrap(c_tcp, of_client))
    if names then s:sni(names()) end
    c:sni("localhost")
    s:settimeout(20)
    c:settimeout(20)
    return s, c, seen
end

local function shake(s, c)
    local results = {}
    tasks.run(function()
        local other = tasks.start(function()
            results[1], results[3] = s:dohandshake()
        end)
        results[2], results[4] = c:dohandshake()
        other:wait()
    end)
    return results
end

local function talk(s, c)
    assert(c:send("ping\n"))
    local got = s:receive()
    assert(s:send("pong\n"))
    return got, c:receive()
end

local function make_client() return assert(ssl.newcontext(tls.client({ alpn = { "b", "a" }, session = true }))) end

-- native-tls has no servers with TLS 1.3 and no callbacks
local complete = tls.is_complete()
for _, protocol in ipairs({ "tlsv1_2", complete and "tlsv1_3" or nil }) do
    local function with_callback()
        return server({ protocol = protocol, alpn = complete and function(list)
            collectgarbage()
            return list[#list]
        end or { "a" } })
    end
    local function with_names()
        return { localhost = with_callback(), ["other.test"] = server({ protocol = protocol }) }
    end
    for name, makers in pairs({
        ["a server's context"] = { function() return server({ protocol = protocol, alpn = { "a" } }) end },
        ["a context with a callback"] = { with_callback },
        ["contexts of names"] = { function() return server({ protocol = protocol }) end, with_names },
    }) do
        local label = protocol .. ", " .. name
        local s, c, seen = pair(makers[1], make_client, makers[2])
        collect()
        check.equal(label .. ": the handshake", shake(s, c), { true, true, nil, nil })
        check.equal(label .. ": the callback was called", c:getalpn(), "a")
        collect()
        check.equal(label .. ": data", { talk(s, c) }, { "ping", "pong" })
        check.equal(label .. ": facts", { s:getsniname(), c:getpeerverification(), s:info("protocol") },
            { "localhost", true, protocol == "tlsv1_2" and "TLSv1.2" or "TLSv1.3" })
        s:close()
        collect()
        check.equal(label .. ": the other end", { c:receive() }, { nil, "closed", "" })
        c:close()
        s, c = nil, nil -- luacheck: ignore 311
        collect()
        check.equal(label .. ": collected in the end", seen[1], nil)
    end
end

-- A callback that drops the last reference to its own context and to the other ones.
if complete then
    local context
    context = server({ alpn = function()
        context = nil
        collect()
        return "a"
    end })
    local s, c = pair(function() return context end, make_client)
    check.equal("dropped in its callback", { shake(s, c), c:getalpn() }, { { true, true, nil, nil }, "a" })
    check.equal("dropped in its callback: data", { talk(s, c) }, { "ping", "pong" })
    s:close()
    c:close()
end

-- An object without any references, in the middle of its handshake.
do
    local s, c = pair(server, make_client)
    c:settimeout(0)
    c:dohandshake()
    s:settimeout(0)
    s:dohandshake()
    c = nil -- luacheck: ignore 311
    collect()
    s:settimeout(20)
    local ok, message = s:dohandshake()
    check.ok("a client that is collected in its handshake", not ok and message ~= "wantread", message)
    s:close()
end

-- `close` by another task ends the handshake at once.
for _, end_of in ipairs({ "client", "server" }) do
    for _, begun in ipairs({ false, true }) do
        local s, c = pair(server, make_client)
        local object, other = c, s
        if end_of == "server" then object, other = s, c end
        if begun then
            other:settimeout(0)
            other:dohandshake()
        end
        local label = "closed by another task, " .. end_of .. (begun and ", half done" or "")
        local results, seconds
        tasks.run(function()
            local start = socket.gettime()
            local shaking = tasks.start(function()
                results = { object:dohandshake() }
                seconds = socket.gettime() - start
            end)
            for _ = 1, 5 do tasks.yield() end
            object:close()
            shaking:wait()
        end)
        check.equal(label, { results[1], results[2] }, { false, "closed" })
        check.ok(label .. ": at once", seconds < 10, seconds)
        check.equal(label .. ": it stays closed", { object:getfd(), { object:dohandshake() }, object:want() },
            { -1, { false, "closed" }, "nothing" })
        other:settimeout(20)
        local ok, message = other:dohandshake()
        -- with TLS 1.3, a client is done when it has the server's part
        if ok then ok, message = other:receive() end
        check.ok(label .. ": the other end", not ok and message ~= "wantread", message)
        other:close()
    end
end

-- A descriptor that is reused at once does not get what the closed handshake still had to say.
do
    local s, c = pair(server, make_client)
    local outcome, heard
    tasks.run(function()
        local shaking = tasks.start(function() outcome = { c:dohandshake() } end)
        for _ = 1, 5 do tasks.yield() end
        local number = c:getfd()
        c:close()
        local a, b = tcp_pair()
        check.ok("the number is used again", a:getfd() == number or b:getfd() == number)
        shaking:wait()
        heard = #socket.select({ a, b }, nil, 0.1)
        a:close()
        b:close()
    end)
    check.equal("closed while the number is used again", { outcome[1], outcome[2], heard }, { false, "closed", 0 })
    s:close()
end

check.done()
