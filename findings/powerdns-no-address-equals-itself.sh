#!/usr/bin/env bash
# In PowerDNS's Lua, no address equals itself. In dnsdist's, no name does either.
#
# Guess:  newCA("192.0.2.1") == newCA("192.0.2.1"). Two names are equal when their letters are, whatever their case (RFC
#         4343), in both programs. What cannot be compared raises an error.
# Seen (dnsdist 1.7.3-2, pdns-recursor 4.8.8-1+deb12u1): == of two addresses is false in both, without a word, while
#         their texts are the same. The recursor compares names well, "A.b" with "a.B" as well. In dnsdist two names of
#         one text differ, and a name has no method "equal", as it has in the recursor. __eq is set in both, so the
#         answer looks like a real one.
# Who meets it: rules that compare a client's address or a query's name with one from a list: they never apply. So do
#         rules that are moved from the recursor to dnsdist.
set -euo pipefail
work=$(mktemp -d)
recursor=
trap 'kill "$recursor" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download dnsdist=1.7.3-2 pdns-recursor=4.8.8-1+deb12u1 libcdb1 libfstrm0 libh2o-evloop0.13 liblmdb0 \
    libre2-9 libsnmp40 libwslay1 libpci3 libboost-context1.74.0 libluajit-5.1-2 libsodium23 libedit2 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu"
cat > probe.lua <<'LUA'
local name = newDNSName or newDN
local lines = {
    "addresses: " .. tostring(newCA("192.0.2.1") == newCA("192.0.2.1")),
    "their text: " .. tostring(newCA("192.0.2.1"):toString() == newCA("192.0.2.1"):toString()),
    "a name and itself: " .. tostring(name("a.b") == name("a.b")),
    "A.b and a.B: " .. tostring(name("A.b") == name("a.B")),
    "method equal: " .. tostring((pcall(function() return name("a.b"):equal("a.b") end))),
    "__eq: " .. type(getmetatable(name("a.b")).__eq),
}
local file = assert(io.open("lines", "w"))
file:write(table.concat(lines, "\n"), "\n")
file:close()
if newDNSName then os.exit(0) end
LUA
: > recursor.conf
timeout 30 root/usr/bin/dnsdist --check-config -C probe.lua >/dev/null 2>&1 || true
{ echo "dnsdist"; cat lines; } | tee seen
rm lines
root/usr/sbin/pdns_recursor --config-dir="$work" --socket-dir="$work" --local-address=127.0.0.1 --local-port=0 \
    --hint-file=no --daemon=no --threads=1 --lua-dns-script=probe.lua >/dev/null 2>&1 &
recursor=$!
for _ in $(seq 100); do [ -s lines ] && break; sleep 0.1; done
{ echo "recursor"; cat lines; } | tee -a seen
cat > expected <<'EXPECTED'
dnsdist
addresses: false
their text: true
a name and itself: false
A.b and a.B: false
method equal: false
__eq: function
recursor
addresses: false
their text: true
a name and itself: true
A.b and a.B: true
method equal: true
__eq: function
EXPECTED
diff expected seen && echo "as described: dnsdist 1.7.3, pdns-recursor 4.8.8"
