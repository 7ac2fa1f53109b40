#!/usr/bin/env bash
# lua-http keeps a cookie for ever when the server deletes it with a date such as 01-Jan-1970.
#
# Guess:  the date of Expires is read as RFC 6265 section 5.1.1 says, which accepts hyphens, two digits of a year and one
#         digit of a day, because servers write all of these. The value is all that stands before the semicolon (5.2).
# Seen (lua-http 0.4-1, Lua 5.3): Expires=Thu, 01-Jan-1970 00:00:00 GMT stores the new value with the expiry "inf", and so do
#         the others; only "Thu, 01 Jan 1970 00:00:00 GMT" and Max-Age=0 delete the cookie. A date that it cannot read
#         counts as no date. A value with a comma, a space or JSON is not parsed, and the old cookie stays.
# Who meets it: clients of servers that write the older form of the date. They stay logged in, with an empty or dead session.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download lua-http=0.4-1 lua-cqueues=20200726-1+b1 lua-luaossl=20220711-1 lua-lpeg=1.0.2-2 \
    lua-lpeg-patterns=0.4-1.1 lua-binaryheap=0.4-2 lua-fifo=0.2-3.1 lua-basexx=0.3-2.1 lua-compat53=0.7-2 \
    lua-bit32=5.3.0-4 lua5.3=5.3.6-2 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LUA_PATH="$work/root/usr/share/lua/5.3/?.lua;$work/root/usr/share/lua/5.3/?/init.lua;$work/root/usr/share/lua/5.1/?.lua"
export LUA_CPATH="$work/root/usr/lib/x86_64-linux-gnu/lua/5.3/?.so"
cat > run.lua <<'LUA'
local cookie = require "http.cookie"

local function jar_after(text)
  local jar = cookie.new_store()
  for _, line in ipairs { "session=old; Path=/", text } do
    local key, value, attributes = cookie.parse_setcookie(line)
    if not key then return "not parsed, still " .. jar:lookup("host.test", "/", true, true, true) end
    jar:store("host.test", "/", true, true, nil, key, value, attributes)
  end
  local kept = jar:lookup("host.test", "/", true, true, true)
  return kept == "" and "deleted" or "sends " .. kept
end

for _, date in ipairs { "Thu, 01 Jan 1970 00:00:00 GMT", "Thu, 01-Jan-1970 00:00:00 GMT", "Thursday, 01-Jan-70 00:00:00 GMT",
    "Thu, 1 Jan 1970 00:00:00 GMT" } do
  print(date .. ": " .. jar_after("session=gone; Path=/; Expires=" .. date))
end
print("Max-Age=0: " .. jar_after("session=gone; Path=/; Max-Age=0"))
for _, value in ipairs { "a,b", "a b", '{"a":1}', '"a b"' } do
  print(value .. ": " .. jar_after("session=" .. value .. "; Path=/"))
end
LUA
root/usr/bin/lua5.3 run.lua | tee seen
cat > expected <<'EXPECTED'
Thu, 01 Jan 1970 00:00:00 GMT: deleted
Thu, 01-Jan-1970 00:00:00 GMT: sends session=gone
Thursday, 01-Jan-70 00:00:00 GMT: sends session=gone
Thu, 1 Jan 1970 00:00:00 GMT: sends session=gone
Max-Age=0: deleted
a,b: not parsed, still session=old
a b: not parsed, still session=old
{"a":1}: not parsed, still session=old
"a b": not parsed, still session=old
EXPECTED
diff expected seen && echo "as described: lua-http 0.4-1"
