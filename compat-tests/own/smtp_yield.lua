-- add.25: the caller's functions may yield inside smtp.send, on every Lua
local check = require("check")
local dialogue = require("dialogue")
local ltn12 = require("ltn12")
local resuming = require("resuming")
local socket = require("socket")
local smtp = require("socket.smtp")
local tp = require("socket.tp")

local drive = resuming.drive

local function yielding_source(...)
    local chunks, i = { ... }, 0
    return function()
        local word, number = coroutine.yield("asks for the next")
        if word ~= "resumed with" or type(number) ~= "number" then return nil, "wrong values resumed" end
        i = i + 1
        return chunks[i]
    end
end

local function yielding_step(source, sink)
    coroutine.yield()
    return ltn12.pump.step(source, sink)
end

-- A socket that yields first in every method, like a scheduler's.
local function yielding_socket()
    local inner = socket.tcp()
    return setmetatable({}, { __index = function(_, method)
        return function(_, ...)
            coroutine.yield(method)
            return inner[method](inner, ...)
        end
    end })
end

local GOOD = { "220 hi", "250 me", "250 from", "250 to", "354 go", { message = "250 done" }, "221 bye" }
local server = dialogue.serve({ GOOD, GOOD, { "220 hi", "550 no", "550 no" } })

local function mail(port, create, source)
    return smtp.send({ from = "<a>", rcpt = "<b>", server = "127.0.0.1", port = port, create = create,
        source = source, step = yielding_step })
end
local yields, results = drive(mail, server.port, nil, yielding_source("one ", "two"))
check.equal("add.25: source and step yield", results, { true, 1 })
check.equal("add.25: number of yields", yields, 6)
yields, results = drive(mail, server.port, yielding_socket, smtp.message({
    headers = { subject = "s" },
    body = { preamble = "p", { body = yielding_source("part ", "one") }, { body = "two" } },
}))
check.equal("add.25: connection and message body yield", results, { true, 1 })
check.ok("add.25: many yields", yields > 20)
yields, results = drive(mail, server.port, yielding_socket, yielding_source("x"))
check.equal("add.25: failure after yields", results, { true, nil, "550 no" })
check.ok("add.25: failure yielded", yields > 3)
local seen = {}
server:transcript(function(line)
    line = line:match("^  message: (.*)")
    if line then seen[#seen + 1] = line end
end)
check.equal("add.25: first message", seen[1], "one two\\013\\010.\\013\\010")
check.equal("add.25: second message", #seen, 2)

-- the message source alone
local source = smtp.message({ body = yielding_source("body") })
yields, results = drive(function()
    local chunks = {}
    local ok = ltn12.pump.all(source, (ltn12.sink.table(chunks)))
    return ok, chunks[2]
end)
check.equal("add.25: message source", results, { true, 1, "body" })
check.equal("add.25: message source yields", yields, 2)
source = smtp.message({ body = function()
    coroutine.yield()
    error("after a yield", 0)
end })
yields, results = drive(function()
    source()
    return source()
end)
check.equal("M14: raised after a yield", results, { true, nil, "after a yield" })
check.equal("M14: it did yield", yields, 1)

-- tp: connecting, sinks and check functions
yields, results = drive(function()
    local calls = setmetatable({ receive = function()
        coroutine.yield()
        return "250 fine"
    end, connect = function()
        coroutine.yield()
        return 1
    end }, { __index = function() return function() return 1 end end })
    local c = tp.connect("h", 1, 1, function() return calls end)
    local code = c:check(function(code) return coroutine.yield() and code end)
    local kept = c:sink(function(chunk) return coroutine.yield() and chunk end)
    return code, kept
end)
check.equal("add.25: tp", results, { true, 250, "250 fine" })
check.equal("add.25: tp yields", yields, 5)

check.done()
