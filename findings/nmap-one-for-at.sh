#!/usr/bin/env bash
# nmap's Lua writes "1" into an address for each "@", "=", ":" and comma of its path.
#
# Guess:  url.absolute and url.build keep the characters that a path may have, or escape them as %40 (RFC 3986 section 3.3: pchar).
#         An escaped space stays escaped. A query may follow the host without "/" (section 3.4), and "?y" alone keeps the last
#         part of the base (section 5.4.1). json.generate escapes control characters (RFC 8259 section 7).
# Seen (nmap 7.93+dfsg1-1): "/@user/a=b,c" becomes "/1user/a1b1c". A path with an escaped space raises an error that speaks of a
#         table. The host of "http://h?x" is "h?x", and "?y" drops the last part. A zero byte stays as it is in JSON.
# Who meets it: spiders and other scripts that build the next address: they ask for pages that are not there, or stop.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download nmap=7.93+dfsg1-1 nmap-common=7.93+dfsg1-1 liblinear4 libblas3 liblua5.3-0 libpcap0.8 libssh2-1 libdbus-1-3 \
    libgomp1 libgfortran5 libquadmath0 libpcre3 lua-lpeg 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu:$work/root/usr/lib/x86_64-linux-gnu/blas:$work/root/lib/x86_64-linux-gnu"
export NMAPDIR="$work/root/usr/share/nmap"
cat > any.nse <<'LUA'
description = "Builds addresses."
categories = { "safe" }
prerule = function() return true end
local json, url = require("json"), require("url")
action = function()
    local file = io.open("seen", "w")
    local function show(name, call, ...)
        local ok, result = pcall(call, ...)
        result = tostring(result):gsub("^.-:%d+: ", "")
        file:write(name, ": ", ok and "" or "raises ", result, "\n")
    end
    show("plain", url.absolute, "http://h/a/b", "c")
    show("at", url.absolute, "http://h/a/b", "/@user/a=b,c")
    show("colon", url.absolute, "http://h/a:b/c", "d")
    show("build", url.build, { scheme = "http", host = "h", path = "/a=b" })
    show("space", url.absolute, "http://h/a%20b/c", "d")
    show("query", url.absolute, "http://h/a/b", "?y")
    show("host", function() return url.parse("http://h?x").host end)
    show("json", function() return #json.generate("\0") .. " bytes" end)
    file:close()
end
LUA
timeout 60 root/usr/bin/nmap --script ./any.nse >/dev/null 2>&1
cat seen
cat > expected <<'EXPECTED'
plain: http://h/a/c
at: http://h/1user/a1b1c
colon: http://h/a1b/d
build: http://h/a1b
space: raises bad argument #1 to 'byte' (string expected, got table)
query: http://h/a/?y
host: h?x
json: 3 bytes
EXPECTED
diff expected seen && echo "as described: nmap 7.93"
