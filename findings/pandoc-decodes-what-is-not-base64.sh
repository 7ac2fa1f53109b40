#!/usr/bin/env bash
# pandoc takes an image in a data address for base64 even when it is not, and makes a file of random bytes of it.
#
# Guess:  data:image/svg+xml,%3Csvg... is percent-encoded text (RFC 2397 section 3: base64 only if ";base64" is there), the form
#         that style sheets and web tools like for small pictures. --extract-media and an EPUB hold the picture.
#         pandoc.mediabag.fetch gives Lua filters the media type and the text.
# Seen (pandoc 2.17.1.1-2~deb12u1): --extract-media and EPUB write a file with the name .svg, whose bytes are the text read as
#         base64. There is no warning, and the exit status is 0. With ";base64" the picture is right, but fetch takes that word for a
#         part of the media type. The Roman numeral of 4000 is "?".
# Who meets it: those who turn saved web pages into books: icons and drawings are broken, and no message says why.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download pandoc=2.17.1.1-2~deb12u1 pandoc-data=2.17.1.1-2~deb12u1 liblua5.3-0 libyaml-0-2 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu"
pandoc() { root/usr/bin/pandoc --data-dir="$work/root/usr/share/pandoc/data" "$@"; }
cat > look.lua <<'LUA'
for _, text in ipairs({ "data:text/plain,abcd", "data:text/plain;base64,YWJjZA==" }) do
    local kind, content = pandoc.mediabag.fetch(text)
    io.stderr:write(text, ": ", kind, ", ", #content, " bytes, ", content == "abcd" and "as it was" or "other text", "\n")
end
io.stderr:write("Roman: ", pandoc.utils.to_roman_numeral(3999), " ", pandoc.utils.to_roman_numeral(4000), "\n")
LUA
cat > look.py <<'PYTHON'
import glob, zipfile

book = zipfile.ZipFile("book.epub")
found = [open(name, "rb").read() for name in glob.glob("media/*.svg")]
found += [book.read(name) for name in book.namelist() if name.endswith(".svg")]
print(["a picture" if data.startswith(b"<svg") else "no picture: %d bytes" % len(data) for data in found])
PYTHON
picture='<svg xmlns="http://www.w3.org/2000/svg"><rect width="8" height="8"/></svg>'
{
    for address in "data:image/svg+xml,$(python3 -c 'import sys, urllib.parse; print(urllib.parse.quote(sys.argv[1]))' "$picture")" \
        "data:image/svg+xml;base64,$(printf %s "$picture" | base64 -w 0)"; do
        rm -rf media
        echo "<p><img src=\"$address\" alt=\"a\"></p>" > page.html
        pandoc -f html --extract-media=media -o page.md page.html
        pandoc -f html --metadata title=t -o book.epub page.html
        echo "${address:0:27}... $(python3 look.py)"
    done
    echo text | pandoc -f markdown -t plain --lua-filter look.lua 2>&1 >/dev/null
} | tee seen
cat > expected <<'EXPECTED'
data:image/svg+xml,%3Csvg%2... ['no picture: 35 bytes', 'no picture: 35 bytes']
data:image/svg+xml;base64,P... ['a picture', 'a picture']
data:text/plain,abcd: text/plain, 3 bytes, other text
data:text/plain;base64,YWJjZA==: text/plain;base64, 4 bytes, as it was
Roman: MMMCMXCIX ?
EXPECTED
diff expected seen && echo "as described: pandoc 2.17.1.1"
