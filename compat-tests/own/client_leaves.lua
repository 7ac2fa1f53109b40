-- The modules under the client: codings (client.s.14, 15, 17, 20), jars (A.jar.6, 7), dates (B.dates, client.s.77, 78,
-- 82), durations (B.duration), queries (client.s.40).
local check = require("check")
local mime = require("mime")
local cookies = require("socket.http_cookies")
local date = require("socket.http_date")
local decoding = require("socket.http_decoding")
local duration = require("socket.http_duration")
local query = require("socket.http_query")

local TEXT = "the quick brown fox jumps over the lazy dog"
local BODIES = {
    gzip = "H4sIAAAAAAAAAyvJSFUoLM1MzlZIKsovz1NIy69QyCrNLShWyC9LLVIoAUrnJFZVKqTkpwMAFFEMzisAAAA=",
    br = "HyoAiJwJNk6odze8JDOjS5AzvEJ7S5CyOZjIgUNboPfepxUO6QtHieoMG+BWNQY=",
    zstd = "KLUv/QRYWQEAdGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcyBvdmVyIHRoZSBsYXp5IGRvZ5KnqcU=",
    deflate = "eJwryUhVKCzNTM5WSCrKL89TSMuvUMgqzS0oVsgvSy1SKAFK5yRWVSqk5KcDAGE8D/o=",
}
for name, body in pairs(BODIES) do BODIES[name] = mime.unb64(body) end
local RAW = mime.unb64("K8lIVSgszUzOVkgqyi/PU0jLr1DIKs0tKFbIL0stUigBSuckVlUqpOSnAwA=")

-- Decodes a body, given in pieces of `step` bytes.
local function decode(value, body, setting, step)
    local plan, err = decoding.plan(value, setting)
    if err then return nil, err end
    local place = 1
    local function source()
        local piece = body:sub(place, place + (step or 7) - 1)
        place = place + #piece
        if piece ~= "" then return piece end
    end
    if plan then source = decoding.source(source, plan) end
    local pieces = {}
    while true do
        local piece
        piece, err = source()
        if err then return nil, err end
        if not piece then return table.concat(pieces) end
        pieces[#pieces + 1] = piece
    end
end

check.equal("client.s.14 what is offered", decoding.accept(), "gzip, deflate, br, zstd")
check.equal("the codings that the user chose are offered", decoding.accept({ "gzip", "br" }), "gzip, br")
for name, body in pairs(BODIES) do
    check.equal("client.s.14 " .. name, decode(name, body), TEXT)
    check.equal("client.s.14 " .. name .. ", byte by byte", decode(name:upper(), body, "strict", 1), TEXT)
    local message = "decoding failed (" .. name .. ")"
    check.equal("client.s.17 cut " .. name, { decode(name, body:sub(1, 20)) }, { nil, message })
    check.equal("client.s.17 rubbish after " .. name, { decode(name, body .. "\n") }, { nil, message })
    check.equal("A.decode.5 an empty body of " .. name, decode(name, ""), "")
end
check.equal("client.s.14 two members", decode("x-gzip", BODIES.gzip .. BODIES.gzip), TEXT .. TEXT)
check.equal("client.s.14 raw deflate", decode("deflate", RAW), TEXT)
check.equal("client.s.15 several codings, undone from the last to the first",
    decode("gzip, identity,br", mime.unb64(
        "jx6AH4sIAAAAAAAAAyvJSFUoLM1MzlZIKsovz1NIy69QyCrNLShWyC9LLVIoAUrnJFZVKqTkpwMAFFEMzisAAAAD")), TEXT)
check.equal("client.s.15 six codings", { decode("gzip,gzip,gzip,gzip,gzip,gzip", "") }, { nil, "too many codings" })
check.equal("client.s.20 unknown coding", decode("x", "raw"), "raw")
check.equal("client.s.20 unknown beside known", decode("gzip, x", "raw"), "raw")
check.equal("client.s.20 strict", { decode("X", "raw", "strict") }, { nil, "unsupported coding 'x'" })
check.equal("a coding that the user left out", decode("br", "raw", { "gzip" }), "raw")
check.equal("one that he named", decode("br", BODIES.br, { "BR" }), TEXT)
check.equal("identity alone", decode("identity", "raw"), "raw")

local function limited(body, most)
    local given = false
    local source = decoding.limit(function()
        if not given then
            given = true
            return body
        end
    end, most)
    local got = {}
    while true do
        local piece, err = source()
        if not piece then return table.concat(got), err end
        got[#got + 1] = piece
    end
end
check.equal("A.decode.4 within the limit", { limited("12345", 5) }, { "12345" })
check.equal("A.decode.4 beyond it", { limited("123456", 5) }, { "12345", "oversized" })
check.equal("A.decode.4 a limit of nothing", { limited("1", 0) }, { "", "oversized" })

-- jars
local jar = cookies.jar()
check.equal("is_jar", { cookies.is_jar(jar), cookies.is_jar({}), cookies.is_jar(io.stdout) }, { true, false, false })
check.equal("set", jar:set("https://a.example.com/x/y", "n=1; Domain=example.com; Path=/; Max-Age=1000; HttpOnly"), true)
check.equal("set", jar:set("https://a.example.com/x/y", "s=2; Secure; SameSite=lax"), true)
check.equal("client.s.22 refused", { jar:set("http://example.com/", "a=1; Domain=com") }, { nil, "cookie for a public suffix" })
check.equal("header", jar:header("https://a.example.com/x/z"), "s=2; n=1")
check.equal("header of another host", jar:header("http://b.example.com/x/z"), "n=1")
check.equal("no header", jar:header("http://other.com/"), nil)
local records = jar:cookies("https://a.example.com/x/")
check.equal("records", #records, 2)
check.equal("a record", records[1], { name = "s", value = "2", domain = "a.example.com", path = "/x", secure = true,
    httponly = false, hostonly = true, samesite = "Lax" })
check.ok("its end", records[2].expires > os.time() + 900 and records[2].expires <= os.time() + 1000)
check.equal("A.jar.7 save", jar:save("jar.txt"), true)
local again = cookies.jar({ publicsuffix = false })
check.equal("A.jar.7 load", again:load("jar.txt"), true)
check.equal("client.s.25 the same cookies", again:header("https://a.example.com/x/z"), "s=2; n=1")
check.equal("A.jar.7 a missing file", { again:load("missing.txt") },
    { nil, "cannot open 'missing.txt': No such file or directory" })
check.equal("no list", again:set("http://example.com/", "a=1; Domain=com"), true)
again:clear("example.com")
check.equal("clear of a domain", again:header("https://a.example.com/x/z"), "s=2; a=1")
again:clear()
check.equal("clear", again:cookies(), {})
check.equal("a list that is not there", { cookies.jar({ publicsuffix = "missing" }) },
    { nil, "cannot open 'missing': No such file or directory" })
check.raises("options", "table expected, got string", cookies.jar, "x")

-- dates
check.equal("client.s.77", { date.format(784111777), date.format(784111777.9), date.format(1408986974) },
    { "Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT", "Mon, 25 Aug 2014 17:16:14 GMT" })
if rawget(_G, "jit") then
    local wide = load and load("return 1408986974LL") or loadstring("return 1408986974LL")
    check.equal("client.s.77 a 64-bit integer", date.format(wide()), "Mon, 25 Aug 2014 17:16:14 GMT")
end
check.equal("before 1970, downwards", date.format(-0.5), "Wed, 31 Dec 1969 23:59:59 GMT")
check.ok("B.dates.1 now", math.abs(date.parse(date.format()) - os.time()) <= 2)
for _, time in ipairs({ 253402300800, -62135596801, 0 / 0, 1e300 }) do
    check.raises("B.dates.1 out of range " .. time, "bad argument #1 to 'format_date'", date.format, time)
end
for _, text in ipairs({ "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994" }) do
    check.equal("client.s.78 " .. text, date.parse(text), 784111777)
end
check.equal("client.s.78 no date", date.parse("asdf"), nil)
local year = tonumber(os.date("!%Y"))
local function short_year(ahead)
    local text = ("Sunday, 06-Nov-%02d 08:49:37 GMT"):format((year + ahead) % 100)
    return tonumber(date.format(date.parse(text)):match("%d%d%d%d"))
end
check.equal("client.s.82", { short_year(49), short_year(51) }, { year + 49, year - 49 })

-- durations
for text, seconds in pairs({ ["30s"] = 30, ["1h15m30.5s"] = 4530.5, ["250ms"] = 0.25, ["0"] = 0, ["-1m"] = -60, ["+2us"] = 2e-6,
    ["1\194\181s"] = 1e-6, ["1.s"] = 1, [".5s"] = 0.5, ["1ns"] = 1e-9 }) do
    check.equal("B.duration " .. text, duration.seconds(text), seconds)
end
check.equal("B.duration a number", duration.seconds(1.5), 1.5)
for _, text in ipairs({ "", "1", "s", ".s", "1x", "1s2", "1 s", "--1s", "1d", "0x1s", "1e3s", "1s " }) do
    check.equal("B.duration " .. text, { duration.seconds(text) }, { nil, "invalid duration '" .. text .. "'" })
end

-- queries
check.equal("client.s.40", query.encode({ b = 1, a = { "x", "y z" } }), "a=x&a=y%20z&b=1")
check.equal("client.s.41", query.encode({ a = "x y" }, true), "a=x+y")
check.equal("pairs, in order", query.encode({ { "b", 1 }, { "a", true }, { "b", "&=+%/\195\164" } }),
    "b=1&a=true&b=%26%3D%2B%25%2F%C3%A4")
for _, bad in ipairs({ { a = print }, { [true] = 1 }, { 1 }, { a = { {} } } }) do
    check.equal("invalid query", { query.encode(bad) }, { nil, "invalid query" })
end
check.done()
