#!/usr/bin/env bash
# Email::MIME loses the text of a part that has no header, and emailjs-mime-parser all parts for a space.
#
# Guess:  a part may begin with an empty line and has no header then: RFC 2046 section 5.1.1 has such a part in its own example.
#         Spaces after a boundary are ignored, as receivers must do (the same section). A boundary may be written as
#         boundary*0 and boundary*1 (RFC 2231 section 3).
# Seen (Email::MIME 1.953, emailjs-mime-parser 2.0.7): Email::MIME takes the text of the part for its header, so the body is
#         empty. emailjs finds no part when there is a space behind the boundary, or inside one in two pieces. No error in
#         either. MIME::Parser 5.510 and Python's email package read both parts of all mails.
# Who meets it: filters and archives: some programs write the text of a bounce without a header.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download libemail-mime-perl=1.953-1 libemail-simple-perl libemail-mime-contenttype-perl libemail-mime-encodings-perl \
    libemail-messageid-perl libemail-date-format-perl libemail-address-xs-perl libmodule-runtime-perl libmime-types-perl \
    libtext-unidecode-perl libmime-tools-perl=5.510-1 libmailtools-perl libtimedate-perl 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
npm install --silent --no-audit --no-fund --prefix . emailjs-mime-parser@2.0.7 >/dev/null
export PERL5LIB="$work/root/usr/share/perl5:$work/root/usr/lib/x86_64-linux-gnu/perl5/5.36"
printf '%s\r\n' 'From: a@example.test' 'MIME-Version: 1.0' 'Content-Type: multipart/mixed; boundary="a b"' '' \
    '--a b' 'Content-Type: text/plain' '' one '--a b' 'Content-Type: text/plain' '' two '--a b--' > plain
sed 's/^--a b\r$/--a b \r/' plain > padded
sed 's/boundary="a b"/boundary*0="a "; boundary*1="b"/' plain > pieces
sed '0,/^Content-Type: text/{/^Content-Type: text/d}' plain > headerless
cat > run.pl <<'PERL'
use strict;
use warnings;
use Email::MIME;
use MIME::Parser;

my ($kind, $text) = ($ARGV[0], do { local $/; <STDIN> });
if ($kind eq "Email::MIME") {
    print join(" ", map { my $body = $_->body; $body =~ s/\s+//g; $body || "-" } Email::MIME->new($text)->subparts);
} else {
    my $parser = MIME::Parser->new;
    $parser->output_to_core(1);
    $parser->tmp_to_core(1);
    print join(" ", map { my $body = $_->bodyhandle->as_string; $body =~ s/\s+//g; $body } $parser->parse_data($text)->parts);
}
PERL
cat > run.js <<'JAVASCRIPT'
const parse = require("emailjs-mime-parser").default;

const parts = parse(require("fs").readFileSync(0)).childNodes;
process.stdout.write(parts.map(part => Buffer.from(part.content).toString().trim()).join(" "));
JAVASCRIPT
cat > run.py <<'PYTHON'
import email
import sys

mail = email.message_from_bytes(sys.stdin.buffer.read())
print(*(part.get_payload().strip() for part in mail.walk() if not part.is_multipart()), end="")
PYTHON
for mail in plain headerless padded pieces; do
    for reader in Email::MIME emailjs MIME::Parser email; do
        case $reader in
            emailjs) seen=$(node run.js < "$mail") ;;
            email) seen=$(python3 run.py < "$mail") ;;
            *) seen=$(perl run.pl "$reader" < "$mail") ;;
        esac
        echo "$mail $reader: ${seen:-nothing}"
    done
done | tee seen
cat > expected <<'EXPECTED'
plain Email::MIME: one two
plain emailjs: one two
plain MIME::Parser: one two
plain email: one two
headerless Email::MIME: - two
headerless emailjs: one two
headerless MIME::Parser: one two
headerless email: one two
padded Email::MIME: one two
padded emailjs: nothing
padded MIME::Parser: one two
padded email: one two
pieces Email::MIME: one two
pieces emailjs: nothing
pieces MIME::Parser: one two
pieces email: one two
EXPECTED
diff expected seen && echo "as described: Email::MIME 1.953, emailjs-mime-parser 2.0.7"
