#!/usr/bin/env bash
# luaossl writes "Zoë" into a certificate as "ZoÃ«", says that equal names differ, and divides -7 into -3 and a rest of 1.
#
# Guess:  a name in UTF-8 is that name in the certificate (RFC 5280 section 4.1.2.4: UTF8String). getIssuer() == getSubject() tells
#         whether a certificate is self-signed, as bignum's == compares values. a == a // b * b + a % b, as everywhere in Lua.
#         setBasicConstraints{CA = false} leaves no length of a chain behind.
# Seen (luaossl 20220711-1, Lua 5.4, OpenSSL 3, read by cryptography 46.0.3): each byte is taken for a Latin-1 character and written
#         as UTF-8 again. The two names are never equal. -7 // 2 is -3 and -7 % 2 is 1, which makes -5. pathLen stays 0.
# Who meets it: those who make certificates for people or places with accents, and compare names to find the end of a chain.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download lua-luaossl=20220711-1 lua5.4=5.4.4-3+deb12u1 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check cryptography==46.0.3
export LUA_PATH="$work/root/usr/share/lua/5.4/?.lua" LUA_CPATH="$work/root/usr/lib/x86_64-linux-gnu/lua/5.4/?.so"
cat > make.lua <<'LUA'
local bignum, name, pkey, x509 = require("openssl.bignum"), require("openssl.x509.name"), require("openssl.pkey"), require("openssl.x509")
local key, subject, certificate = pkey.new({ type = "EC", curve = "prime256v1" }), name.new(), x509.new()
subject:add("CN", "Zo\u{eb}")
certificate:setSubject(subject)
certificate:setIssuer(subject)
certificate:setSerial(bignum.new(1))
certificate:setLifetime(0, 86400)
certificate:setPublicKey(key)
certificate:sign(key)
io.open("certificate", "w"):write(tostring(certificate)):close()
print("names equal", certificate:getIssuer() == certificate:getSubject(), "texts equal",
    tostring(certificate:getIssuer()) == tostring(certificate:getSubject()))
local a, b = bignum.new(-7), bignum.new(2)
print("-7 and 2", a // b, a % b, a // b * b + a % b == a, "Lua", -7 // 2, -7 % 2)
certificate:setBasicConstraints({ CA = true, pathLen = 0 })
certificate:setBasicConstraints({ CA = false })
print("pathLen", certificate:getBasicConstraints().pathLen)
LUA
cat > read.py <<'PYTHON'
from cryptography import x509

print(ascii(x509.load_pem_x509_certificate(open("certificate", "rb").read()).subject.rfc4514_string()))
PYTHON
{ root/usr/bin/lua5.4 make.lua && environment/bin/python read.py; } | tee seen
cat > expected <<'EXPECTED'
names equal	false	texts equal	true
-7 and 2	-3	1	false	Lua	-4	1
pathLen	0
'CN=Zo\xc3\xab'
EXPECTED
diff expected seen && echo "as described: luaossl 20220711"
