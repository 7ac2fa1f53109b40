#!/usr/bin/env bash
# lighttpd's Lua cuts a cookie at the second equals sign, writes \x into JSON, and tears an entity tag at its comma.
#
# Guess:  lighty.c.cookie_tokens gives the value that the browser sent, equals signs included (RFC 6265 section 4.1.1 allows them,
#         base64 ends with them). lighty.c.bsenc_json makes the inside of a JSON string: "é" stays or is \u00e9 (RFC 8259
#         section 7 has no \x). lighty.c.header_tokens keeps W/"a,b" whole (RFC 9110 section 8.8.3), as it keeps other quoted text.
# Seen (lighttpd 1.4.69-1, mod_magnet with Lua 5.4): "id=YQ==" is "YQ", "a=b=c" is "b". "é" becomes \xC3\xA9, U+007F \x7F, and
#         json.loads of Python refuses both. The entity tag comes in three pieces. The fields
#         of a form, from urldec_query, keep their equals signs.
# Who meets it: scripts that check a session or a signed cookie in front of an application: two base64 texts of three end with "=".
set -euo pipefail
work=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download lighttpd=1.4.69-1 lighttpd-modules-lua=1.4.69-1 liblua5.4-0 libnettle8 libxxhash0 libpcre2-8-0 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu"
cat > run.lua <<'LUA'
local c, lines = lighty.c, {}
local function show(...) lines[#lines + 1] = table.concat({ ... }, "\t") .. "\n" end
local cookies = c.cookie_tokens("a=b=c; id=YQ==; plain=1")
show("cookies", cookies.a, cookies.id, cookies.plain)
show("form", c.urldec_query("id=YQ==").id)
show("tags", table.concat(c.header_tokens('W/"a,b", "c,d"'), " | "))
for _, text in ipairs({ 'a"b\n', "caf\u{e9}", "\u{7f}" }) do show("json", '"' .. c.bsenc_json(text) .. '"') end
lighty.r.resp_body.set(lines)
return 200
LUA
cat > lighttpd.conf <<CONFIGURATION
server.modules = ("mod_magnet")
server.document-root = "$work"
server.bind = "$work/socket"
magnet.attract-raw-url-to = ("$work/run.lua")
CONFIGURATION
root/usr/sbin/lighttpd -D -m "$work/root/usr/lib/lighttpd" -f lighttpd.conf 2>/dev/null &
server=$!
until [ -S socket ]; do sleep 0.1; done
curl -s --unix-socket socket http://host/ > answer
cat > read.py <<'PYTHON'
import json

for line in open("answer", encoding="utf-8"):
    words = line.rstrip("\n").split("\t")
    if words[0] == "json":
        try:
            words.append("Python reads " + ascii(json.loads(words[1])))
        except ValueError as error:
            words.append("Python says " + str(error).split(":")[0])
    print(*words, sep="\t")
PYTHON
python3 read.py | tee seen
cat > expected <<'EXPECTED'
cookies	b	YQ	1
form	YQ==
tags	W/"a | , | b" | , | "c,d"
json	"a\"b\n"	Python reads 'a"b\n'
json	"caf\xC3\xA9"	Python says Invalid \escape
json	"\x7F"	Python says Invalid \escape
EXPECTED
diff expected seen && echo "as described: lighttpd 1.4.69"
