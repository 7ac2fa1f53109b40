#!/usr/bin/env bash
# lua-json turns an escaped surrogate pair into six bytes that are no UTF-8.
#
# Guess:  "\ud83d\ude00" is one character, which RFC 8259 section 7 writes as a pair, so the result is its four bytes of UTF-8.
# Seen (lua-json 1.3.4-2): each half becomes three bytes (the encoding called CESU-8). iconv refuses the result.
# Who meets it: every producer that escapes beyond ASCII writes such pairs (Python's json.dumps by default). What comes
#         out of lua-json fails in the next program that checks UTF-8, a database for instance.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download lua-json=1.3.4-2 lua-lpeg=1.0.2-2 lua5.3=5.3.6-2 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LUA_PATH="$work/root/usr/share/lua/5.3/?.lua;$work/root/usr/share/lua/5.3/?/init.lua"
export LUA_CPATH="$work/root/usr/lib/x86_64-linux-gnu/lua/5.3/?.so"
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu"
"$work/root/usr/bin/lua5.3" - <<'LUA' | tee seen
local text = require("json").decode('["\\ud83d\\ude00"]')[1]
print((text:gsub(".", function(byte) return ("%02x "):format(byte:byte()) end)))
io.open("text", "wb"):write(text):close()
LUA
iconv -f utf-8 -t utf-16 text >/dev/null 2>&1 || echo "iconv: not UTF-8" | tee -a seen
printf 'ed a0 bd ed b8 80 \niconv: not UTF-8\n' > expected
diff expected seen && echo "as described: lua-json 1.3.4-2"
