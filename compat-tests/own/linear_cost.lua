-- not on: lua5.2, lua5.3, lua5.5, luajit, runner
-- Parsing text from a peer costs at most linear time. Twice the length takes about twice the work, counted in bytes
-- that patterns read and in instructions. Seconds are not compared. (LuaJIT's compiled code runs no count hooks.)
local counted = require("counted_patterns")
local check = require("check")
local mbox = require("mbox")
local tp = require("socket.tp")
local part = require("socket.part")
local digest = require("socket.http_digest")
local pairs_of = require("socket.http_pairs")
local redirect = require("socket.http_parts").redirect()
local decoding = require("socket.http_decoding")

local functions = setmetatable({ tonumber = tonumber, mime = require("mime") }, { __index = string })
local function environment() return next end
local replies = part("ftp_replies", environment, functions)()
local login = part("smtp_login", environment, functions)()

local LENGTH = 400
-- a constant part makes the ratio less than 2, a step in a table's growth makes it a little more
local MOST = 2.5

-- `make(n)` returns a text of about n bytes, which `f` processes.
local function measure(name, f, make)
    local short, long = make(LENGTH), make(2 * LENGTH)
    -- one run before counting: it loads modules and creates tables
    f(short)
    local steps, instructions = counted.steps(f, short)
    local more_steps, more_instructions = counted.steps(f, long)
    check.ok(name .. ": bytes", more_steps <= MOST * steps + 100, steps .. " and " .. more_steps)
    check.ok(name .. ": instructions", more_instructions <= MOST * instructions + 100, instructions .. " and " .. more_instructions)
end

local function repeated(piece, before, after)
    return function(n) return (before or "") .. piece:rep(math.floor(n / #piece)) .. (after or "") end
end
local BLANKS, WORD = repeated(" "), repeated("a")

-- checks that the test detects a quadratic cost
do
    local function trim(s) return s:match("^%s*(.-)%s*$") end
    local steps = counted.steps(trim, repeated(" ", "a", "b")(LENGTH))
    local more = counted.steps(trim, repeated(" ", "a", "b")(2 * LENGTH))
    check.ok("the square is noticed", more > MOST * steps + 100, steps .. " and " .. more)
end

-- mail folders
for name, make in pairs({
    blanks = BLANKS, word = WORD, ["blanks inside"] = repeated(" ", "a", "b"), quotes = repeated('"'), brackets = repeated("<"),
    ["addresses"] = repeated("a <b> "), colons = repeated(":"), lines = repeated("\n"), ["half a separator"] = repeated("\n\nFrom"),
    separators = repeated("\n\nFrom a\n"), ["line ends"] = repeated("\r\n"), headers = repeated("a: b\n"), folded = repeated("a\n "),
    ["folded blanks"] = repeated("\n \t"), ["open blanks"] = repeated(" ", "<"), ["blank and word"] = repeated("a "),
}) do
    measure("mbox.parse: " .. name, mbox.parse, make)
    measure("mbox.parse_message: " .. name, mbox.parse_message, make)
    measure("mbox.parse_headers: " .. name, mbox.parse_headers, make)
    measure("mbox.parse_header: " .. name, mbox.parse_header, make)
    measure("mbox.parse_from: " .. name, mbox.parse_from, make)
end
measure("mbox.parse_headers: a name again and again", function(text)
    local fields = mbox.parse_headers(text)
    check.equal("mbox.parse_headers: all values", fields.x, ("y, "):rep(#text / 5 - 1) .. "y")
end, repeated("x: y\n"))

-- FTP
for name, make in pairs({
    ["open brackets"] = repeated("(", "229 "), delimiters = repeated("|", "229 (", "|)"), groups = repeated("(|||", "229 "),
    ["no end"] = repeated("|1", "229 (|"), ["many ends"] = repeated("|)", "229 (|"), replies = repeated("(|||x|)", "229 "),
    digits = repeated("1", "227 "), commas = repeated(",", "227 "), five = repeated("1,2,3,4,5,", "227 ", ",x"),
    ["five and a blank"] = repeated("1,2,3,4,5  ", "227 "), ["long numbers"] = repeated("123456789,", "227 "), letters = WORD,
}) do
    measure("EPSV: " .. name, replies.epsv, make)
    measure("PASV: " .. name, replies.pasv, make)
end

-- mail servers
for name, make in pairs({
    auth = repeated("AUTH ", "250 "), ["auth lines"] = repeated("250-AUTH X\n"), blanks = repeated(" ", "250 AUTH", "x"), word = WORD,
    ["almost a mechanism"] = repeated("LOGI", "250 AUTH "), equals = repeated("=", "250 AUTH"), codes = repeated("250-"),
}) do
    measure("EHLO: " .. name, function(text) login.choose(login.extensions(text), "login") end, make)
end

-- replies, from a connection that returns them line by line
local function control(text)
    local next_line = text:gmatch("([^\n]*)\n")
    local object = {
        settimeout = function() return 1 end, connect = function() return 1 end, close = function() return 1 end,
        receive = function()
            local line = next_line()
            if not line then return nil, "closed" end
            return line
        end,
    }
    return assert(tp.connect("h", 1, 1, function() return object end))
end
for name, make in pairs({
    lines = repeated("250-a\n", "", "250 end\n"), ["other codes"] = repeated("251 a\n", "250-a\n", "250 end\n"),
        empty = repeated("\n", "250-\n", "250\n"),
    ["no end"] = repeated("250-a\n"), ["one long line"] = repeated("2", "250 ", "\n"),
}) do
    measure("reply: " .. name, function(text) control(text):check("2..") end, make)
end

-- HTTP: fields that are read in Lua
for name, make in pairs({
    blanks = BLANKS, word = WORD, ["blanks inside"] = repeated(" ", "a", "b"), equals = repeated("="),
        ["pair and blanks"] = repeated(" ", "a=", "b"),
    ["blanks before ="] = repeated(" ", "a", "=b"), commas = repeated(","), quotes = repeated('"'), escapes = repeated("\\", 'Digest a="'),
    challenges = repeated("Digest a=b, "), words = repeated("a "), slashes = repeated("/"), dots = repeated("../"), percent = repeated("%"),
}) do
    measure("pair: " .. name, pairs_of.split, make)
    measure("challenge: " .. name, function(text) digest.authorization({ text }, "GET", "/", "u", "p") end, make)
    measure("Location: " .. name, function(text)
        redirect.target({ scheme = "http", authority = "h", host = "h", path = "/" }, text)
    end, make)
    measure("Content-Encoding: " .. name, function(text) decoding.plan(text, true) end, make)
end

check.done()
