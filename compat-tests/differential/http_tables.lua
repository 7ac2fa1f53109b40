-- http.fields: request tables with values of every type in every field, and with metatables.
local show = require("show")
local fake = require("fake_http")
local socket = require("socket")
local http = require("socket.http")
local ltn12 = require("ltn12")

http.USERAGENT = "test"
local OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
local MOVED = "HTTP/1.1 302 x\r\nLocation: n\r\n\r\n"

-- The address in the text of a table differs between runs. Windows writes it as sixteen digits.
local function plain(text) return (text:gsub("0x%x+", "<address>"):gsub(("%x"):rep(16), "<address>")) end

local function run(label, reqt, ...)
    local peer = fake.peer(...)
    socket.tcp = peer.create
    local results = { pcall(http.request, reqt) }
    -- the text of a Lua error depends on the position where it occurs
    if results[1] then show(label, results[2], results[3], results[4], results[5]) else show(label .. " raises") end
    for i, sock in ipairs(peer.sockets) do
        local sent = table.concat(fake.headers(sock), " ")
        show(label .. " " .. i, type(sock.host), type(sock.port), plain(tostring(sock.host) .. " " .. tostring(sock.port)),
            fake.request_line(sock), plain(sent), fake.body(sock))
    end
end

local callable = setmetatable({}, { __call = function() return nil end })
local VALUES = {
    { "nil" }, { "true", true }, { "false", false }, { "integer", 12 }, { "fraction", 1.5 }, { "negative", -1 },
    { "large", 2 ^ 31 }, { "infinity", math.huge }, { "text", "s" }, { "empty", "" }, { "numeral", "7" }, { "table", {} },
    { "function", print }, { "thread", coroutine.create(function() end) }, { "file", io.stdout }, { "callable", callable },
}
-- The fields in which LuaSocket accepts any value or raises an error.
for _, field in ipairs({
    "url", "port", "params", "query", "user", "password", "authority", "userinfo", "target", "headers", "redirect",
    "maxredirects", "nredirects", "create", "source", "sink", "step",
}) do
    for _, pair in ipairs(VALUES) do
        local name, value = pair[1], pair[2]
        -- print is not a source, sink or step
        local skipped = name == "function" and (field == "source" or field == "sink" or field == "step" or field == "create")
            -- http.bugs.7
            or field == "url" and (name == "nil" or name == "false" or name == "empty")
            -- http.bugs.12, add.29: such credentials are forwarded on a relative redirect
            or (field == "user" or field == "password") and name ~= "nil"
            -- invalid ports; values that are not functions, which LuaSocket notices in the middle of a request
            or field == "port" and (name == "large" or name == "infinity")
            or (field == "source" or field == "sink" or field == "step" or field == "create")
                and (name == "text" or name == "empty" or name == "numeral" or name == "integer" or name == "fraction"
                    or name == "negative" or name == "large" or name == "infinity" or name == "true" or name == "thread")
            or field == "url" and (name == "text" or name == "numeral")
        if not skipped then
            local reqt = { url = "http://u:p@h.test/x" }
            reqt[field] = value
            run(field .. " = " .. name, reqt, OK)
        end
    end
end
for _, pair in ipairs(VALUES) do
    local name, value = pair[1], pair[2]
    run("user and password = " .. name, { url = "http://h.test/", user = value, password = value }, OK)
    for _, field in ipairs({ "redirect", "maxredirects", "nredirects" }) do
        run(field .. " = " .. name .. ", redirected", { url = "http://h.test/x", [field] = value }, MOVED, OK)
    end
    run("TIMEOUT = " .. name, (function()
        http.TIMEOUT = value
        return { url = "http://h.test/" }
    end)(), OK)
    http.TIMEOUT = 60
end
for _, value in ipairs({ 12, 1.5, -1, 2 ^ 31, "s", "7" }) do
    for _, field in ipairs({ "method", "uri", "host", "path" }) do
        run(field .. " = " .. tostring(value), { url = "http://h.test/x", [field] = value }, OK)
    end
    run("header = " .. tostring(value), { url = "http://h.test/", headers = { Accept = value } }, OK)
    run("header name = " .. tostring(value), { url = "http://h.test/", headers = { [value == "s" and "Accept" or value] = "v" } }, OK)
end
for _, field in ipairs({ "method", "uri", "path", "query", "params" }) do
    run(field .. " = false", { url = "http://h.test/x;p?q", [field] = false }, OK)
end

-- Fields that a metatable provides: `url` and `uri` are found, the others are ignored.
local FIELDS = {
    method = "POST", host = "o.test", port = 9, path = "/p", params = "p", query = "q", user = "n", password = "w",
    headers = { Accept = "x" }, redirect = false, maxredirects = 0, nredirects = 5, proxy = "http://px.test",
    source = function() return nil end, sink = function() return nil, "inherited sink" end,
    step = function() return nil, "inherited step" end, create = function() return nil, "inherited create" end,
    uri = "/uri", url = "http://i.test/",
}
for _, field in ipairs({
    "method", "host", "port", "path", "params", "query", "user", "password", "headers", "redirect", "maxredirects",
    "nredirects", "proxy", "source", "sink", "step", "create", "uri", "url",
}) do
    run("__index has " .. field, setmetatable({ url = "http://h.test/x" }, { __index = { [field] = FIELDS[field] } }), OK)
end
run("__index has the url", setmetatable({}, { __index = { url = "http://h.test/x" } }), OK)
run("__index has url and uri", setmetatable({}, { __index = { url = "http://h.test/x", uri = "/u" } }), OK)
local read = {}
run("__index and __newindex that watch", setmetatable({}, {
    __index = function(_, name)
        read[tostring(name)] = true
        return name == "url" and "http://h.test/x" or nil
    end,
    __newindex = function(_, name) read["wrote " .. tostring(name)] = true end,
}), OK)
show("read through __index", read)
if _VERSION ~= "Lua 5.1" then
    local fields = { url = "http://h.test/x", method = "PUT", source = ltn12.source.string("abc") }
    run("__pairs", setmetatable({}, { __index = fields, __pairs = function() return next, fields end }), OK)
    run("__pairs of headers", {
        url = "http://h.test/", headers = setmetatable({}, { __pairs = function() return next, { Accept = "x" } end }),
    }, OK)
end
