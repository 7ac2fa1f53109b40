-- add.25: the caller's functions may yield inside socket.ftp, on every Lua
local check = require("check")
local dialogue = require("dialogue")
local ltn12 = require("ltn12")
local resuming = require("resuming")
local socket = require("socket")
local ftp = require("socket.ftp")

local drive = resuming.drive

-- A socket that yields first in every method, like a scheduler's.
local function yielding_socket()
    local inner = socket.tcp()
    return setmetatable({}, { __index = function(_, method)
        return function(_, ...)
            if method ~= "getfd" and method ~= "dirty" then coroutine.yield(method) end
            return inner[method](inner, ...)
        end
    end })
end

local function yielding_step(source, sink)
    coroutine.yield()
    return ltn12.pump.step(source, sink)
end

local EPSV, after_login = dialogue.EPSV, dialogue.after_login
local server = dialogue.serve({
    after_login(EPSV, "150 coming", { download = "content", reply = "226 done" }, "221 bye"),
    after_login(EPSV, "150 send", { upload = true, reply = "226 done" }, "221 bye"),
    after_login("250 there", "221 bye"),
    after_login(EPSV, "550 no"),
})
local function request(values)
    values.host, values.port, values.create, values.step = "127.0.0.1", server.port, yielding_socket, yielding_step
    return values
end

local received = {}
local yields, results = drive(ftp.get, request({ path = "/f", sink = function(chunk)
    received[#received + 1] = coroutine.yield() and chunk
    return 1
end }))
check.equal("add.25: get", { results, received }, { { true, 1 }, { "content" } })
check.ok("add.25: get yields", yields > 15)

local left = 2
yields, results = drive(ftp.put, request({ path = "/f", source = function()
    coroutine.yield()
    left = left - 1
    return left >= 0 and "data" or nil
end }))
check.equal("add.25: put", results, { true, 8 })
check.ok("add.25: put yields", yields > 15)

yields, results = drive(ftp.command, request({ command = "cwd", argument = "/", check = function(code)
    return coroutine.yield() and code == 250
end }))
check.equal("add.25: command", results, { true, 1 })
check.ok("add.25: command yields", yields > 10)

yields, results = drive(ftp.get, request({ path = "/f", sink = ltn12.sink.null() }))
check.equal("add.25: failure after yields", results, { true, nil, "550 no" })
check.ok("add.25: failure yields", yields > 10)
server:close()

check.done()
