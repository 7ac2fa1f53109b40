-- Tables of plain strings may take a fast path of `url.build`. Its results must be those of the general path
-- (url.build).
local check = require("check")
local url = require("socket.url")

local NAMES = {
    "scheme", "host", "path", "params", "query", "fragment", "port", "user", "password", "userinfo", "authority",
}
local VALUES = { "", "a", "h:1", "[::1]", false, 80 }

local state = 1
local function random(most)
    state = state * 16807 % 2147483647
    return state % most + 1
end

local different
for _ = 1, 20000 do
    local plain, other = {}, setmetatable({}, {})
    for _, name in ipairs(NAMES) do
        local value = VALUES[random(2 * #VALUES)]
        plain[name], other[name] = value, value
    end
    local built, expected = url.build(plain), url.build(other)
    if built ~= expected then different = ("%s, expected %s"):format(built, expected) end
end
check.equal("url.build: plain tables", different, nil)

for _, name in ipairs({ "scheme", "host", "path", "query" }) do
    local parts = { scheme = "http", host = "h", path = "/", query = "q" }
    parts[name] = {}
    local ok, message = pcall(url.build, parts)
    check.ok("url.build: a table as " .. name, not ok and message:find("string expected in field '" .. name, 1, true))
end

check.done()
