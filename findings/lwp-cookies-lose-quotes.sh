#!/usr/bin/env bash
# LWP takes the quotes out of a cookie, ignores Max-Age, and reads one half of a gzip file.
#
# Guess:  the value of a cookie goes back as it came, with its quotes (RFC 6265 section 5.2), and Max-Age wins over Expires
#         (5.3). An answer in two gzip members is the text of both (RFC 1952 section 2.2).
# Seen (HTTP::Cookies 6.10, HTTP::Message 6.44): {"id":1} goes back as {id:1}, which is no JSON, and "a b" as a b. A quote in
#         the middle of a value takes the attributes behind it into the value: x"y; Path=/ is "xy; Path=/". After Max-Age=0
#         the cookie is still sent. With Max-Age=3600 and an Expires in the past the new one is dropped. decoded_content
#         has the first member alone.
# Who meets it: Perl programs that log in to sites whose cookies are JSON, and readers of logs that were appended to.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download libhttp-cookies-perl=6.10-1 libhttp-message-perl=6.44-1 libhttp-date-perl=6.05-2 liburi-perl=5.17-1 \
    libtimedate-perl libio-html-perl liblwp-mediatypes-perl libencode-locale-perl libclone-perl 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export PERL5LIB="$work/root/usr/share/perl5:$work/root/usr/lib/x86_64-linux-gnu/perl5/5.36"
cat > run.pl <<'PERL'
use strict;
use warnings;
use HTTP::Cookies;
use HTTP::Request;
use HTTP::Response;

sub after {
    my $jar = HTTP::Cookies->new;
    for my $line (@_) {
        my $answer = HTTP::Response->new(200, "OK", ["Set-Cookie" => $line]);
        $answer->request(HTTP::Request->new(GET => "http://host.test/"));
        $jar->extract_cookies($answer);
    }
    my $request = HTTP::Request->new(GET => "http://host.test/");
    $jar->add_cookie_header($request);
    return $request->header("Cookie") // "nothing";
}

for my $value ('{"id":1}', '"a b"', 'x"y') {
    print "$value goes back as ", after("s=$value; Path=/"), "\n";
}
my $past = "Expires=Thu, 01 Jan 1970 00:00:00 GMT";
print "deleted by Expires: ", after("s=1; Path=/", "s=; Path=/; $past"), "\n";
print "deleted by Max-Age: ", after("s=1; Path=/", "s=; Path=/; Max-Age=0"), "\n";
print "Max-Age and Expires: ", after("s=1; Path=/; Max-Age=3600; $past"), "\n";
local $/;
open my $file, "<:raw", "two.gz" or die;
print "gzip: ", HTTP::Response->new(200, "OK", ["Content-Encoding" => "gzip"], <$file>)->decoded_content, "\n";
PERL
(printf 'one ' | gzip -c; printf 'two' | gzip -c) > two.gz
perl run.pl | tee seen
cat > expected <<'EXPECTED'
{"id":1} goes back as s={id:1}
"a b" goes back as s=a b
x"y goes back as s=xy; Path=/
deleted by Expires: nothing
deleted by Max-Age: s=
Max-Age and Expires: nothing
gzip: one 
EXPECTED
diff expected seen && echo "as described: HTTP::Cookies 6.10, HTTP::Message 6.44"
