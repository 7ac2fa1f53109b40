#!/usr/bin/env bash
# dns-zonefile reads "1d" as one second, and drops records without a word.
#
# Guess:  a zone that is read and written again has the same records. "b IN 300 A" is as good as "b 300 IN A" (RFC 1035 section
#         5.1), and units such as 1d are known, since $TTL 1h is kept. A type that is not known raises, or passes as text.
# Seen (dns-zonefile 0.3.2): in the SOA, 1d 2h 1w becomes 1, 2 and 1 seconds, so secondary servers ask each second. The record
#         with the class before the TTL is gone, and so are one with a TTL of 2h, and TLSA, NAPTR and HTTPS records.
# Who meets it: tools that move zones from one provider to another.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --prefix . dns-zonefile@0.3.2 >/dev/null
cat > zone <<'ZONE'
$ORIGIN example.test.
$TTL 1h
@ IN SOA ns hostmaster ( 1 1d 2h 1w 30 )
@ IN NS ns
a 300 IN A 192.0.2.1
b IN 300 A 192.0.2.2
c 2h IN A 192.0.2.3
_25._tcp IN TLSA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
d IN NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:i@example.test!" .
e IN HTTPS 1 . alpn="h2"
t IN TXT "one" "two; three"
ZONE
cat > run.mjs <<'JAVASCRIPT'
import zonefile from "dns-zonefile";
import { readFileSync } from "node:fs";

console.log(zonefile.generate(zonefile.parse(readFileSync("zone", "utf8"))));
JAVASCRIPT
node run.mjs | grep -v '^$' | sed '/^; /d' | tr -s '\t ' ' ' | tee seen
cat > expected <<'EXPECTED'
$ORIGIN example.test.
$TTL 1h
@ IN SOA ns hostmaster (
1 ;serial
1 ;refresh
2 ;retry
1 ;expire
30 ;minimum ttl
)
@ IN NS ns
a 300 IN A 192.0.2.1
t IN TXT "one" "two; three"
EXPECTED
diff expected seen && echo "as described: dns-zonefile 0.3.2"
