#!/usr/bin/env bash
# Neither munpack nor ripmime gives every attachment the name that the mail says.
#
# Guess:  a name in the form of RFC 2231 (filename*0*, filename*1), in quotes with an escaped quote (RFC 2183, RFC 5322), or
#         as an encoded word, which many mailers send, is read by a tool whose one purpose is to unpack mail.
# Seen (mpack 1.6-18+b1, ripmime 1.4.0.10.debian.1-3+b1): munpack names the first "part1" and the third
#         "=Xutf-8XQXtwo=20words.txtX=", and writes X for a quote and a semicolon. ripmime reads the first and the third. The
#         name in quotes becomes "textfile1", with an empty "textfile0" beside it.
# Who meets it: scripts that take attachments from a mailbox by name.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download mpack=1.6-18+b1 ripmime=1.4.0.10.debian.1-3+b1 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
cat > mail.eml <<'MAIL'
From: a@example.test
Subject: three files
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="=_b"

--=_b
Content-Type: text/plain
Content-Disposition: attachment;
	filename*0*=UTF-8''na%C3%AFve;
	filename*1=".txt"

first
--=_b
Content-Type: text/plain
Content-Disposition: attachment; filename="a\"b;c.txt"

second
--=_b
Content-Type: text/plain
Content-Disposition: attachment; filename="=?utf-8?Q?two=20words.txt?="

third
--=_b
Content-Type: text/plain
Content-Disposition: attachment; filename=plain.txt

fourth
--=_b--
MAIL
mkdir munpack ripmime
(cd munpack && ../root/usr/bin/munpack -q -t ../mail.eml > /dev/null)
(cd ripmime && ../root/usr/bin/ripmime -i ../mail.eml -d .)
for tool in munpack ripmime; do
    for file in "$tool"/*; do echo "$file: $(tr -d '\n' < "$file")"; done | LC_ALL=C sort
done | tee seen
cat > expected <<'EXPECTED'
munpack/=Xutf-8XQXtwo=20words.txtX=: third
munpack/aXbXc.txt: second
munpack/part1: first
munpack/plain.txt: fourth
ripmime/naïve.txt: first
ripmime/plain.txt: fourth
ripmime/textfile0: 
ripmime/textfile1: second
ripmime/two words.txt: third
EXPECTED
diff expected seen && echo "as described: mpack 1.6, ripmime 1.4.0.10"
