#!/usr/bin/env bash
# lua-iconv leaves ISO-2022-JP text in its Japanese shift state.
#
# Guess:  converting a whole string gives a whole ISO-2022-JP string. RFC 1468 wants each line to end in ASCII, so a
#         text that ends in Japanese ends with ESC ( B.
# Seen (lua-iconv 7-3): cd:iconv("\230\151\165") returns ESC $ B F | and no ESC ( B. The next call on the same
#         descriptor goes on in that state, so the pieces fit together, but no call ever closes the last one. With
#         "utf-16" only the first call of a descriptor has a byte order mark, for the same reason.
# Who meets it: a mail whose subject is converted this way swallows the ASCII that follows it. The iconv program closes
#         the state.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download lua-iconv=7-3+b1 lua5.1=5.1.5-9 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LUA_CPATH="$work/root/usr/lib/x86_64-linux-gnu/lua/5.1/?.so"
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu"
"$work/root/usr/bin/lua5.1" - <<'LUA' | tee seen
local iconv = require("iconv")
local function hex(text)
    return (text:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
end
local japanese = iconv.new("iso-2022-jp", "utf-8")
print("iso-2022-jp, one whole string:", hex(japanese:iconv("\230\151\165")))
local wide = iconv.new("utf-16", "utf-8")
print("utf-16, first call:", hex(wide:iconv("a")))
print("utf-16, second call:", hex(wide:iconv("a")))
LUA
printf 'the iconv program:\t%s\n' "$(printf '\346\227\245' | iconv -f utf-8 -t iso-2022-jp | od -An -tx1 | tr -d ' \n')" | tee -a seen
cat > expected <<'EXPECTED'
iso-2022-jp, one whole string:	1b2442467c
utf-16, first call:	fffe6100
utf-16, second call:	6100
the iconv program:	1b2442467c1b2842
EXPECTED
diff expected seen && echo "as described: lua-iconv 7-3"
