#!/usr/bin/env bash
# URI.js breaks data and mailto addresses when it normalizes, and url-parse loses the query for a link to a heading.
#
# Guess:  normalize() keeps the meaning of an address (RFC 3986 section 6), whatever its scheme. "#top" on the page /list?page=2
#         is that page (section 5.2.2), as new URL("#top", page) says.
# Seen (urijs 1.19.11, url-parse 1.5.10): data:text/plain,... becomes data:text%2Fplain,..., which is no type. The space in the
#         subject of a mailto becomes "+", which mail programs show. "?q=%E9" becomes "?q=%25E9", and the second "?" of an
#         ldap address %3F. It resolves "a//b" to a/b. url-parse resolves "#top" and "" to /list without its query.
# Who meets it: programs that clean or compare links, and crawlers of pages with a table of contents.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --prefix . urijs@1.19.11 url-parse@1.5.10 >/dev/null
cat > run.js <<'JAVASCRIPT'
const URI = require("urijs");
const Url = require("url-parse");

for (const address of ["data:text/plain;base64,SGk=", "mailto:a@example.test?subject=two%20words", "http://host.test/?q=%E9",
    "ldap://host.test/dc=a?cn?one", "http://host.test/a//b"])
    console.log(address, "->", new URI(address).normalize().toString());
const page = "http://host.test/list?page=2";
for (const link of ["#top", "", "?page=3", "c//d"])
    console.log(JSON.stringify(link), "URL:", new URL(link, page).href, "url-parse:", new Url(link, page).toString(),
        "URI.js:", new URI(link).absoluteTo(page).toString());
JAVASCRIPT
node run.js | tee seen
cat > expected <<'EXPECTED'
data:text/plain;base64,SGk= -> data:text%2Fplain;base64,SGk=
mailto:a@example.test?subject=two%20words -> mailto:a@example.test?subject=two+words
http://host.test/?q=%E9 -> http://host.test/?q=%25E9
ldap://host.test/dc=a?cn?one -> ldap://host.test/dc=a?cn%3Fone
http://host.test/a//b -> http://host.test/a/b
"#top" URL: http://host.test/list?page=2#top url-parse: http://host.test/list#top URI.js: http://host.test/list?page=2#top
"" URL: http://host.test/list?page=2 url-parse: http://host.test/list URI.js: http://host.test/list?page=2
"?page=3" URL: http://host.test/list?page=3 url-parse: http://host.test/list?page=3 URI.js: http://host.test/list?page=3
"c//d" URL: http://host.test/c//d url-parse: http://host.test/c//d URI.js: http://host.test/c/d
EXPECTED
diff expected seen && echo "as described: urijs 1.19.11, url-parse 1.5.10"
