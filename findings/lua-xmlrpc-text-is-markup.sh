#!/usr/bin/env bash
# lua-xmlrpc writes text into a request without escaping it.
#
# Guess:  clEncode("m", "a<b") gives <string>a&lt;b</string>, an array gives <array>, and 2^40 is refused or sent as a
#         double, because <int> holds 32 bits.
# Seen (lua-xmlrpc 1.2.1-8): <string>a<b</string>, which no XML parser reads. A list becomes a <struct> with members
#         "1", "2", ... And 2^40 becomes <int>1099511627776</int>, which other implementations refuse.
# Who meets it: a client whose text holds "<" or "&" gets a parse error from the server. A server that expects an
#         array gets a struct.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download lua-xmlrpc=1.2.1-8 lua-expat=1.5.1-3 lua5.1=5.1.5-9 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LUA_PATH="$work/root/usr/share/lua/5.1/?.lua;$work/root/usr/share/lua/5.1/?/init.lua"
export LUA_CPATH="$work/root/usr/lib/x86_64-linux-gnu/lua/5.1/?.so"
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu"
"$work/root/usr/bin/lua5.1" - <<'LUA' | tee seen
local request = require("xmlrpc").clEncode("m", "a<b", { 1, 2 }, 2 ^ 40)
for value in request:gmatch("<param>(.-)</param>") do
    print(value)
end
LUA
cat > expected <<'EXPECTED'
<value><string>a<b</string></value>
<value><struct><member><name>1</name><value><int>1</int></value></member><member><name>2</name><value><int>2</int></value></member></struct></value>
<value><int>1099511627776</int></value>
EXPECTED
diff expected seen && echo "as described: lua-xmlrpc 1.2.1-8"
