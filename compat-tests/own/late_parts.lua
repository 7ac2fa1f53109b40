-- Parts of a module that are compiled at their first use see what the module saw when it was required: its
-- environment, the functions of Lua's libraries, and the path. The sockets here are tables.
-- not on: runner
-- luacheck: ignore 113 121 122
local check = require("check")
local unpack = table.unpack or unpack
local real_setmetatable, real_pairs = setmetatable, pairs

-- Makes sockets that answer with `text`, and keep what was sent.
local function maker(text, sent)
    local methods = {}
    function methods.settimeout() return 1 end
    function methods.connect() return 1 end
    function methods.close() return 1 end
    function methods.send(_, data)
        sent[#sent + 1] = data
        return #data
    end
    function methods.receive(self, pattern, prefix)
        local left, n = self.left, type(pattern) == "number" and pattern
        local stop = not n and left:find("\n", 1, true)
        if not n and not stop then return nil, "closed", left end
        self.left = left:sub((n or stop) + 1)
        local piece = n and left:sub(1, n) or left:sub(1, stop - 1):gsub("\r", "")
        return (prefix or "") .. piece
    end
    return function() return real_setmetatable({ left = text }, { __index = methods }) end
end

local ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\n\r\nok"
local CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"

local MOVED = "HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"

-- Makes a request. Returns its results, the body and what was sent.
local function request(http, text, fields)
    local body, sent = {}, {}
    local reqt = { url = "http://h/p", create = maker(text or ANSWER, sent), sink = function(chunk)
        body[#body + 1] = chunk
        return 1
    end }
    for name, value in real_pairs(fields or {}) do reqt[name] = value end
    local ok, code = http.request(reqt)
    return { ok, code, body[1], sent[1] and true }
end
local EXPECTED = { 1, 200, "ok", true }
-- The last of five redirects is the response.
local LAST = { 1, 302, nil, true }

local MAIL = ("220 a\r\n250 b\r\n"):rep(1) .. ("250 c\r\n"):rep(2) .. "354 d\r\n250 e\r\n221 f\r\n"
local function mail(smtp)
    local sent = {}
    local ok, message = smtp.send({ from = "<a@b>", rcpt = "<c@d>", create = maker(MAIL, sent),
        source = smtp.message({ headers = { subject = "x" }, body = "text" }) })
    return { ok, message, sent[1] }
end
local SENT = { 1, nil, "EHLO localhost\r\n" }

local function command(ftp)
    local sent = {}
    local ok, message = ftp.command({ host = "h", command = "noop", check = 200,
        create = maker("220 a\r\n331 b\r\n230 c\r\n200 d\r\n221 e\r\n", sent) })
    return { ok, message, sent[1], sent[3] }
end
local COMMANDED = { 1, nil, "USER ftp\r\n", "NOOP\r\n" }

-- Requires the modules again. None of their late parts is compiled yet.
local function fresh(...)
    for name in pairs(package.loaded) do
        if name:find("^socket") and name ~= "socket.core" or name == "ltn12" or name == "mime" then package.loaded[name] = nil end
    end
    local modules = {}
    for i, name in ipairs({ ... }) do modules[i] = require(name) end
    return unpack(modules)
end

-- The path and `package` may change after `require`.
do
    local http, ftp, smtp = fresh("socket.http", "socket.ftp", "socket.smtp")
    local path, cpath, loadlib, config, global = package.path, package.cpath, package.loadlib, package.config, require
    package.path, package.cpath, package.loadlib, package.config, require = "/none", "/none", nil, "??", nil
    local got = { request(http), request(http, CHUNKED), request(http, MOVED), mail(smtp), command(ftp) }
    package.path, package.cpath, package.loadlib, package.config, require = path, cpath, loadlib, config, global
    check.equal("a path that changes", got, { EXPECTED, EXPECTED, LAST, SENT, COMMANDED })
end

-- Functions of Lua's libraries may change after `require`: socket.http calls those that it has found.
do
    local http = fresh("socket.http")
    local changed = {}
    local function change(library, names)
        for name in names:gmatch("%a+") do
            changed[#changed + 1] = { library, name, library[name] }
            library[name] = function() error("the replaced " .. name .. " was called") end
        end
    end
    local sent = {}
    local create = maker(CHUNKED, sent)
    local collected
    local reqt = { url = "http://h:81/p", headers = { ["X-A"] = "b" }, create = function()
        local object = create()
        -- the socket above needs the real functions
        local find, sub, gsub = string.find, string.sub, string.gsub
        change(string, "byte format gmatch len lower match upper")
        string.find, string.sub, string.gsub = find, sub, gsub
        return object
    end, sink = function(chunk)
        collected = collected or chunk
        return 1
    end }
    change(table, "concat sort")
    change(_G, "error getmetatable next rawget setmetatable tonumber tostring")
    local ok, code = http.request(reqt)
    for i = #changed, 1, -1 do changed[i][1][changed[i][2]] = changed[i][3] end
    check.equal("functions that change", { ok, code, collected }, { 1, 200, "ok" })
end

-- A program may replace functions of this library after `require`. socket.skip is looked up at each call, and
-- socket.protect only at `require`.
do
    local http, socket = fresh("socket.http", "socket")
    local skip, seen = socket.skip, 0
    socket.skip = function(...)
        seen = seen + 1
        return skip(...)
    end
    check.equal("socket.skip replaced before the first request", request(http), EXPECTED)
    check.ok("socket.skip gets the header lines (http.module.6)", seen >= 3, seen)
end
do
    local http, ftp, socket = fresh("socket.http", "socket.ftp", "socket")
    local protect = socket.protect
    socket.protect = function() error("called too late") end
    local got = { request(http), command(ftp) }
    socket.protect = protect
    check.equal("socket.protect replaced after require", got, { EXPECTED, COMMANDED })
end

-- The sink of chunked bodies stays the same function: programs may compare it.
do
    local http, socket = fresh("socket.http", "socket")
    local sink = socket.sinkt["http-chunked"]
    local source = require("ltn12").source.string("abc")
    check.equal("a chunked body", request(http, nil, { method = "POST", source = source }), EXPECTED)
    check.ok("the sink is the same function", socket.sinkt["http-chunked"] == sink)
end

-- A module may be required again. Both of its tables can be used.
do
    local http, socket = fresh("socket.http", "socket")
    package.loaded["socket.http"] = nil
    local again = require("socket.http")
    check.ok("a second module", again ~= http and socket.http == again and type(again.request) == "function")
    check.equal("both can be used", { request(http), request(again) }, { EXPECTED, EXPECTED })
    for name, module in pairs(package.loaded) do
        check.ok("no unfinished module " .. name, type(module) ~= "userdata" or name == "socket.native")
    end
end

-- The first use may be anywhere.
local PLACES = {
    ["a coroutine"] = function(f) return coroutine.wrap(f)() end,
    ["a protected call"] = function(f) return select(2, pcall(f)) end,
    ["a metamethod"] = function(f) return (setmetatable({}, { __index = f })).x end,
    ["a callback of a native function"] = function(f)
        local got
        string.gsub("x", "x", function() got = f() end)
        return got
    end,
    ["a finalizer"] = function(f)
        local got
        local function finish() got = f() end
        if rawget(_G, "newproxy") then
            getmetatable(newproxy(true)).__gc = finish
        else
            setmetatable({}, { __gc = finish })
        end
        collectgarbage()
        collectgarbage()
        return got
    end,
}
for name, place in pairs(PLACES) do
    local http, ftp, smtp = fresh("socket.http", "socket.ftp", "socket.smtp")
    check.equal("first use in " .. name, place(function()
        return { request(http), request(http, MOVED), mail(smtp), command(ftp) }
    end), { EXPECTED, LAST, SENT, COMMANDED })
end

-- An error from a debug hook in the middle of the first use leaves no half-loaded part.
local function interrupted(count, f, argument)
    local armed = false
    debug.sethook(function()
        if not armed then return end
        armed = false
        error("stop", 0)
    end, "", count)
    pcall(function()
        armed = true
        f(argument)
        armed = false
    end)
    debug.sethook()
end
for count = 1, 2000, 97 do
    local http, ftp, smtp = fresh("socket.http", "socket.ftp", "socket.smtp")
    interrupted(count, request, http)
    interrupted(count, function() request(http, MOVED) end)
    interrupted(count, command, ftp)
    interrupted(count, mail, smtp)
    check.equal("after an interrupted first use", { request(http), request(http, MOVED), mail(smtp), command(ftp) },
        { EXPECTED, LAST, SENT, COMMANDED })
end

-- A host may load the files with an environment of its own. Late parts then use the globals of that environment.
local environment = real_setmetatable({}, { __index = _G })
local loaded = {}
function environment.require(name)
    if loaded[name] ~= nil then return loaded[name] end
    if name == "socket.core" or name == "socket.native" then return require(name) end
    for template in package.path:gmatch("[^;]+") do
        local path = template:gsub("%?", (name:gsub("%.", "/")))
        local file = io.open(path)
        if file then
            file:close()
            local chunk = setfenv and setfenv(assert(loadfile(path)), environment)
                or assert(loadfile(path, "t", environment))
            loaded[name] = chunk(name)
            return loaded[name]
        end
    end
    return require(name)
end
do
    local http, smtp = environment.require("socket.http"), environment.require("socket.smtp")
    local h = http.open("h", 80, maker(ANSWER, {}))
    local date = false
    environment.os = real_setmetatable({ date = function(...)
        date = true
        return os.date(...)
    end }, { __index = os })
    check.equal("mail in a sandbox", mail(smtp), SENT)
    check.ok("globals of the sandbox", date)
    if getfenv then
        local seen = 0
        local function visit(value)
            if type(value) == "function" and debug.getinfo(value, "S").what ~= "C" then
                seen = seen + 1
                check.ok("environment of a function", getfenv(value) == environment)
            end
        end
        for _, object in ipairs({ http, smtp, getmetatable(h).__index, getmetatable(smtp.open("h", 1, maker("", {}))).__index }) do
            for _, value in pairs(object) do visit(value) end
        end
        visit(smtp.message({ headers = {}, body = "" }))
        check.ok("functions were found", seen > 10, seen)
    end
end
check.done()
