-- needs: lua-sec, lua-sec-samples, openssl, network-namespace
-- time limit: 150
-- LuaSec's samples, unchanged. Each client runs with our `ssl` and with LuaSec's, against LuaSec's server. Both print
-- the same.
--
-- Not run here:
--   curve-negotiation                     LuaSec itself refuses its list of curves
--   dane                                  needs a resolver module
--   key                                   reads the password from the terminal
--   luaossl                               a context made by another module
--   wantread/client, wantwrite/client     print a line per wait of 0.3 s, so the output depends on the machine's speed;
--                                         `want` makes the same calls, and tls_stream.lua tests them
--   dhparam, ecdh, multicert, sni, verification, verify    tls_beside_luasec.lua and tls_parameters.lua test their
-- parameters
local check = require("check")
local socket = require("socket")

local SAMPLES = os.getenv("COMPAT_LUASEC_SAMPLES")
local LUA = os.getenv("COMPAT_LUA") or "lua"
local LISTENING = ":22B8 %x+:%x+ 0A"

local function run(command)
    local process = io.popen(command .. " 2>&1")
    local output = process:read("*a")
    process:close()
    return output
end

-- Some servers do not share their port with recently closed connections: this network keeps none (no TIME_WAIT).
local lingering = io.open("/proc/sys/net/ipv4/tcp_max_tw_buckets", "w")
if lingering then
    lingering:write("0")
    lingering:close()
end

run("cp -r '" .. SAMPLES .. "' samples && chmod -R u+w samples")
local made = run("(cd samples/certs && for name in rootA rootB clientA serverA; do sh ./$name.sh; done; ls serverA.pem)")
check.ok("certificates", made:find("serverA.pem\n", 1, true), made)

-- share-tls, next to `share`, has the files that `share` lacks in tests with LuaSec.
local ours = package.path:gsub("([^;]*)share/%?%.lua", "%1share-tls/?.lua;%0")
local OURS = ("LUA_PATH='%s' LUA_CPATH='%s' "):format(ours, package.cpath)
local LUASEC = "env -u LUA_PATH -u LUA_CPATH "

local function is_listening()
    local file = assert(io.open("/proc/net/tcp"))
    local table_of_sockets = file:read("*a")
    file:close()
    return table_of_sockets:find(LISTENING) ~= nil
end

local function wait_until(listening)
    local deadline = socket.gettime() + 20
    while is_listening() ~= listening and socket.gettime() < deadline do socket.select(nil, nil, 0.02) end
    return is_listening() == listening
end

-- The output of a client, without the parts that differ between runs.
local function converse(name, environment, words, argument)
    -- a server that would run forever is ended a little after its client
    local limit = words and 5 or 60
    local folder = "cd samples/" .. name .. " && "
    local server = io.popen(folder .. "exec " .. LUASEC .. "timeout " .. limit .. " " .. LUA .. " server.lua"
        .. (argument and " 2>port" or " 2>&1"))
    local arguments = ""
    if argument then
        local deadline = socket.gettime() + 20
        local port
        repeat
            socket.select(nil, nil, 0.02)
            local file = io.open("samples/" .. name .. "/port")
            port = file and file:read("*a") or ""
            if file then file:close() end
        until port:find("%d") or socket.gettime() > deadline
        arguments = " " .. port
    else
        local up = wait_until(true)
        check.ok(name .. ": the server is up", up, not up and server:read("*a"))
    end
    local output = run(folder .. environment .. (words or "") .. LUA .. " client.lua" .. arguments)
    return (output:gsub("0x%x+", "0x")), server
end

local function both(name, expected, argument)
    local by_luasec, server = converse(name, LUASEC, nil, argument)
    server:read("*a")
    server:close()
    wait_until(false)
    local by_us
    by_us, server = converse(name, OURS, nil, argument)
    server:read("*a")
    server:close()
    wait_until(false)
    check.ok(name .. ": does what it is for", by_luasec:find(expected, 1, true), by_luasec)
    check.equal(name .. ": with ours", by_us, by_luasec)
end

both("oneshot", "oneshot test", true)
both("digest", "oneshot test")
both("info", "oneshot test")
both("alpn", "ALPN\tfoo")
both("want", "** Handshake done")

-- the whole chain is printed; only its ends are compared
local by_luasec, server = converse("chain", LUASEC)
server:close()
wait_until(false)
local by_us
by_us, server = converse("chain", OURS)
server:close()
wait_until(false)
local first = by_us:match("^(.-%-%-%-%-\n)")
check.ok("chain: the peer's certificate", first and by_luasec:sub(1, #first) == first, by_us)
local pem = by_us:match("%-%-%-%-%-BEGIN.*$")
check.ok("chain: its PEM", pem and by_luasec:sub(-#pem) == pem, by_us)

-- these never end by themselves; their output must not be buffered until they are killed
for _, name in ipairs({ "loop", "loop-gc" }) do
    local output
    output, server = converse(name, OURS, "timeout 2 stdbuf -oL ")
    local _, count = output:gsub("loop test", "")
    check.ok(name .. ": goes on", count > 5 and not output:find("stack traceback", 1, true), output:sub(-300))
    server:close()
    wait_until(false)
end

check.done()
