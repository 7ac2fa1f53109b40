#!/usr/bin/env bash
# Wireshark's Lua writes half a second before zero as -2.5, and takes text for numbers and addresses without a word.
#
# Guess:  NSTime.new(-1, 500000000) is -1 s and 0.5 s, so -0.5, as a text and as a number. Text that is no address or number
#         raises an error. Address.ip takes both kinds of IP address. A byte array reads hexadecimal with colons.
# Seen (tshark 4.0.17-0+deb12u3, Lua 5.2): tostring gives "-2.500000000", tonumber -0.5; with (-2, 250000000) it is
#         "-3.750000000" and -1.75. Address.ip("::1") and Address.ip("localhost") are 0.0.0.0. UInt64.new("0x10") is 0,
#         and UInt64.new("7x") is 7. ByteArray.new("ab:cd") has one byte, without an error, and so has "abc".
# Who meets it: authors of dissectors that subtract times, or build addresses and numbers from settings.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download tshark=4.0.17-0+deb12u3 wireshark-common=4.0.17-0+deb12u3 libwireshark16=4.0.17-0+deb12u3 \
    libwiretap13=4.0.17-0+deb12u3 libwsutil14=4.0.17-0+deb12u3 libwireshark-data=4.0.17-0+deb12u3 liblua5.2-0 libsmi2ldbl \
    libpcap0.8 libc-ares2 libsnappy1v5 libnghttp2-14 libbrotli1 libglib2.0-0 libxml2 libicu72 libdbus-1-3 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu" HOME="$work"
cat > probe.lua <<'LUA'
local function show(...)
    local words = { ... }
    for i = 1, #words do words[i] = tostring(words[i]) end
    print("seen: " .. table.concat(words, " "))
end
for _, pair in ipairs({ { 1, 500000000 }, { -1, 500000000 }, { -2, 250000000 }, { 0, -500000000 } }) do
    local time = NSTime.new(pair[1], pair[2])
    show(pair[1], pair[2], tostring(time), time:tonumber())
end
show(Address.ip("127.0.0.1"), Address.ip("::1"), Address.ip("localhost"))
show(UInt64.new("16"), UInt64.new("0x10"), UInt64.new("7x"))
show(ByteArray.new("ab cd"):len(), ByteArray.new("ab:cd"):len(), ByteArray.new("abc"):len())
LUA
# a capture file without packets
printf '\324\303\262\241\002\000\004\000\000\000\000\000\000\000\000\000\377\377\000\000\001\000\000\000' > empty.pcap
as=
if [ "$(id -u)" = 0 ]; then     # Wireshark runs no scripts of root
    chmod 755 .
    as="setpriv --reuid=65534 --regid=65534 --clear-groups"
fi
$as root/usr/bin/tshark -Q -X lua_script:probe.lua -r empty.pcap 2>/dev/null | grep '^seen' | tee seen
cat > expected <<'EXPECTED'
seen: 1 500000000 1.500000000 1.5
seen: -1 500000000 -2.500000000 -0.5
seen: -2 250000000 -3.750000000 -1.75
seen: 0 -500000000 -0.500000000 -0.5
seen: 127.0.0.1 0.0.0.0 0.0.0.0
seen: 16 0 7
seen: 2 1 1
EXPECTED
diff expected seen && echo "as described: tshark 4.0.17"
