#!/usr/bin/env bash
# lua-uri refuses a base64 data URI that ends in "=", and shortens one URI to the address of another.
#
# Guess:  "data:text/plain;base64,SGVsbG8=" is valid (RFC 2397), with the padding that every encoder writes. A URI that
#         was made relative leads back to itself when it is resolved against the same base.
# Seen (lua-uri 0.1+20130926+git14fa255d-2, Lua 5.1): the padded URI is "invalid data URI (illegal character in base64
#         encoding)". So are two in three images. Without padding, it is accepted. http://a/b//x relative to
#         http://a/b/c becomes "/x", and that is http://a/x.
# Who meets it: anything that checks the addresses in a page. A link to a file or an object store may have two slashes
#         in a row.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download lua-uri=0.1+20130926+git14fa255d-2 lua5.1=5.1.5-9 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LUA_PATH="$work/root/usr/share/lua/5.1/?.lua"
cat > run.lua <<'LUA'
local URI = require("uri")
for _, text in ipairs({ "data:text/plain;base64,SGVsbG8h", "data:text/plain;base64,SGVsbG8=",
    "data:image/png;base64,iVBORw0KGgo=" }) do
    print(text, select(2, URI:new(text)) or "accepted")
end
for _, text in ipairs({ "http://a/b/x", "http://a/b//x" }) do
    local uri = assert(URI:new(text))
    uri:relativize("http://a/b/c")
    print(text, "relative: " .. tostring(uri), "resolved: " .. tostring(URI:new(tostring(uri), "http://a/b/c")))
end
LUA
root/usr/bin/lua5.1 run.lua | tee seen
cat > expected <<'EXPECTED'
data:text/plain;base64,SGVsbG8h	accepted
data:text/plain;base64,SGVsbG8=	invalid data URI (illegal character in base64 encoding)
data:image/png;base64,iVBORw0KGgo=	invalid data URI (illegal character in base64 encoding)
http://a/b/x	relative: x	resolved: http://a/b/x
http://a/b//x	relative: /x	resolved: http://a/x
EXPECTED
diff expected seen && echo "as described: lua-uri 0.1+20130926"
