#!/usr/bin/env bash
# Penlight reads "10:30pm" as half past ten in the morning, and dates that it does not know as today.
#
# Guess:  "10:30pm" is 22:30 and "12:30am" is 0:30, or both are refused. The same for other ways to write a date: the
#         right day, or nil and a message, which Date.Format():parse returns for what it does not understand.
# Seen (Penlight 1.13.1-3, Lua 5.3): the hours are 10 and 12, the letters are dropped. "20010102" and "2020-W19-1", both
#         valid in ISO 8601, give the current day with some of the digits as time of day. "Nov 29 2026" gives the first
#         of November 2029. No error in any.
# Who meets it: readers of logs and of what people type.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download lua-penlight=1.13.1-3 lua-filesystem=1.8.0-3 lua5.3=5.3.6-2 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LUA_PATH="$work/root/usr/share/lua/5.3/?.lua" LUA_CPATH="$work/root/usr/lib/x86_64-linux-gnu/lua/5.3/?.so" TZ=UTC
cat > run.lua <<'LUA'
local Date = require("pl.Date")
local format = Date.Format()
local function day() return os.date("%Y-%m-%d") end
for _, text in ipairs({ "2020-05-04T10:00:00+02:00", "10:30pm", "12:30am", "2020-05-04 10:30pm",
    "20010102", "2020-W19-1", "Nov 29 2026" }) do
    local before = day()
    local date, message = format:parse(text)
    if not date then
        print(text, message)
    else
        local when = ("%04d-%02d-%02d"):format(date:year(), date:month(), date:day())
        if when == before or when == day() then when = "today" end
        local hour = ("%02d:%02d"):format(date:hour(), date:min())
        print(text, when, text:find("m$") and hour or "")
    end
end
LUA
root/usr/bin/lua5.3 run.lua | tee seen
cat > expected <<'EXPECTED'
2020-05-04T10:00:00+02:00	2020-05-04	
10:30pm	today	10:30
12:30am	today	12:30
2020-05-04 10:30pm	2020-05-04	10:30
20010102	today	
2020-W19-1	today	
Nov 29 2026	2029-11-01	
EXPECTED
diff expected seen && echo "as described: Penlight 1.13.1"
