#!/usr/bin/env bash
# Tarantool writes an IPv6 address without its brackets, file:///a as file://file///a, and counts another CRC-32 than all others.
#
# Guess:  uri.format(uri.parse(x)) is x again for "http://[::1]:80/a", "file:///a" and "mailto:a@b", since both functions are of one
#         module (RFC 3986 section 3.2.2 asks for the brackets, section 5.3 for the parts in their order). csv.load gives back
#         what csv.dump wrote, spaces included (RFC 4180 section 2.4). digest.crc32 is that of gzip, PNG and zip.
# Seen (tarantool 2.6.0-1.2+b1): "http://::1:80/a" comes out, whose host is "http". The host of file:///a is "file". "mailto" is
#         a user with the password "a", and format leaves passwords out. The port "3301" becomes "". Spaces at both ends of a
#         field are gone after dump and load. crc32("123456789") is 486108540: CRC-32C, not inverted at the end. JSON's
#         18446744073709551616 becomes one less, and "1e400" is written as inf, which is no JSON.
# Who meets it: a service that stores a peer's address in its normal form, and cannot connect to it again.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download tarantool=2.6.0-1.2+b1 tarantool-common=2.6.0-1.2 libunwind8 libicu72 libcurl4 libyaml-0-2 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu"
cat > probe.lua <<'LUA'
local uri, csv, json, digest = require("uri"), require("csv"), require("json"), require("digest")
for _, text in ipairs({ "http://h:80/a?b#c", "http://[::1]:80/a", "file:///a", "mailto:a@b", "3301" }) do
    local address = uri.parse(text)
    local again = uri.parse(uri.format(address)) or {}
    print(text, "host " .. tostring(address.host), uri.format(address), "host " .. tostring(again.host))
end
print("csv", "[" .. csv.load(csv.dump({ { " a ", "b" } }))[1][1] .. "]")
print("crc32", digest.crc32("123456789"))
for _, text in ipairs({ "18446744073709551615", "18446744073709551616", "1e400" }) do
    print(text, json.encode(json.decode(text)))
end
os.exit(0)
LUA
root/usr/bin/tarantool probe.lua | tee seen
python3 -c 'import zlib; print("zlib", zlib.crc32(b"123456789"), sep="\t")' | tee -a seen
cat > expected <<'EXPECTED'
http://h:80/a?b#c	host h	http://h:80/a?b#c	host h
http://[::1]:80/a	host ::1	http://::1:80/a	host http
file:///a	host file	file://file///a	host file
mailto:a@b	host b	mailto@b	host b
3301	host nil		host nil
csv	[a]
crc32	486108540
18446744073709551615	18446744073709551615
18446744073709551616	18446744073709551615
1e400	inf
zlib	3421780262
EXPECTED
diff expected seen && echo "as described: tarantool 2.6.0"
