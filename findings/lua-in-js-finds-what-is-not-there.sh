#!/usr/bin/env bash
# lua-in-js finds text that is not there, gives one capture of three, and takes the year 2026 for 4053.
#
# Guess:  a runtime that says it is Lua 5.3 has the results of its string library, in number too, and os.time and os.date turn
#         a date into a number and back.
# Seen (lua-in-js 2.2.5, beside Lua 5.3): string.find("abc", "b", -1) is -1, not nil, so it counts as found. A plain search
#         raises. string.match gives the first capture alone, string.gsub no count, string.byte nothing for more than one
#         byte. os.date ignores its time for the present one, os.time of 2026 lies two thousand years ahead. An error that is
#         a table becomes text. There is no coroutine, no utf8 and no string.pack.
# Who meets it: pages and servers that run scripts of users with it: the code runs, and its branches are the wrong ones.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --prefix . lua-in-js@2.2.5 >/dev/null
apt-get -qq download lua5.3=5.3.6-2 2>/dev/null
dpkg-deb -x lua5.3_*.deb root
cat > lines <<'LINES'
string.find("abc", "b", -1)
string.find("abc", "x")
string.find("a.b", ".", 1, true)
string.match("2026-11-30", "(%d+)-(%d+)-(%d+)")
string.gsub("one two", "o", "0")
string.byte("AB", 1, -1)
os.date("!%Y-%m-%d", 0) == "1970-01-01"
os.time({ year = 2026, month = 1, day = 1, hour = 12 }) < 4e9
select(2, pcall(error, { code = 1 })).code
coroutine, utf8, string.pack
LINES
cat > run.js <<'JAVASCRIPT'
const lua = require("lua-in-js");
const { execFileSync } = require("child_process");

for (const line of require("fs").readFileSync("lines", "utf8").trim().split("\n")) {
    const program = `
        local function join(ok, ...)
            if not ok then return "raises" end
            local text = ""
            for i = 1, select("#", ...) do
                local value = select(i, ...)
                local kind = type(value)
                text = text .. ((kind == "table" or kind == "function") and kind or tostring(value)) .. " "
            end
            return text
        end
        return join(pcall(function() return ${line} end))`;
    const here = lua.createEnv().parse(program).exec();
    const there = execFileSync("root/usr/bin/lua5.3", ["-"], { input: `print((function() ${program} end)())`, encoding: "utf8" });
    console.log("%s", [line, "lua-in-js:", String(here).trim() || "nothing", "Lua:", there.trim()].join(" "));
}
JAVASCRIPT
node run.js | tee seen
cat > expected <<'EXPECTED'
string.find("abc", "b", -1) lua-in-js: -1 -1 Lua: nil
string.find("abc", "x") lua-in-js: nil Lua: nil
string.find("a.b", ".", 1, true) lua-in-js: raises Lua: 2 2
string.match("2026-11-30", "(%d+)-(%d+)-(%d+)") lua-in-js: 2026 Lua: 2026 11 30
string.gsub("one two", "o", "0") lua-in-js: 0ne tw0 Lua: 0ne tw0 2
string.byte("AB", 1, -1) lua-in-js: nothing Lua: 65 66
os.date("!%Y-%m-%d", 0) == "1970-01-01" lua-in-js: false Lua: true
os.time({ year = 2026, month = 1, day = 1, hour = 12 }) < 4e9 lua-in-js: false Lua: true
select(2, pcall(error, { code = 1 })).code lua-in-js: nil Lua: 1
coroutine, utf8, string.pack lua-in-js: nil nil nil Lua: table table function
EXPECTED
diff expected seen && echo "as described: lua-in-js 2.2.5"
