#!/usr/bin/env bash
# dnslib reads the decimal escapes of a zone file as octal, and keeps the last word alone of a record of unknown type.
#
# Guess:  "\065" in a TXT record is "A", since RFC 1035 section 5.1 has three decimal digits, and so writes every server.
#         TYPE65280 \# 4 0A 00 00 01 has four bytes (RFC 3597 section 5). What it prints, it reads again.
# Seen (dnslib 0.9.26): "\065" is "5". "\200" is one character, and of two bytes in the packet. "caf\195\169" raises, as
#         9 is no octal digit. Without quotes the escape stays four characters, while in names it is decimal. The unknown
#         record has one byte, 01. A TXT with a quote is printed as "a"b c", which it cannot read. dnspython 2.9.2 reads all.
# Who meets it: test servers and tools that load zones from dig, BIND or a registrar: keys and UTF-8 in TXT records change.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check dnslib==0.9.26 dnspython==2.9.2
cat > run.py <<'PYTHON'
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dnslib


def of_dnslib(line):
    try:
        record = dnslib.RR.fromZone("$TTL 60\n" + line + "\n")[0]
        packet = dnslib.DNSBuffer()
        record.rdata.pack(packet)
        return bytes(packet.data).hex()
    except Exception as problem:
        return type(problem).__name__


def of_dnspython(line):
    _, kind, data = line.split(" ", 2)
    return dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(kind), data).to_wire().hex()


for line in (r'a.test. TXT "\065"', r'a.test. TXT \065', r'a.test. TXT "\200"', r'a.test. TXT "caf\195\169"',
             r"a.test. TYPE65280 \# 4 0A 00 00 01", r'a.test. TXT "a\"b"'):
    print(line, "dnslib:", of_dnslib(line), "dnspython:", of_dnspython(line))
written = str(dnslib.RR.fromZone('$TTL 60\na.test. TXT "a\\"b c"\n')[0].rdata)
print("written:", written, "read again:", of_dnslib("a.test. TXT " + written))
print("name:", dnslib.RR.fromZone("$TTL 60\n\\065.test. A 192.0.2.1\n")[0].rname)
PYTHON
environment/bin/python run.py | tee seen
cat > expected <<'EXPECTED'
a.test. TXT "\065" dnslib: 0135 dnspython: 0141
a.test. TXT \065 dnslib: 045c303635 dnspython: 0141
a.test. TXT "\200" dnslib: 02c280 dnspython: 01c8
a.test. TXT "caf\195\169" dnslib: ValueError dnspython: 05636166c3a9
a.test. TYPE65280 \# 4 0A 00 00 01 dnslib: 01 dnspython: 0a000001
a.test. TXT "a\"b" dnslib: 03612262 dnspython: 03612262
written: "a"b c" read again: IndexError
name: A.test.
EXPECTED
diff expected seen && echo "as described: dnslib 0.9.26"
