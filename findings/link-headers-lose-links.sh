#!/usr/bin/env bash
# Three readers of the Link header lose links: for a space before the comma, a relation that comes twice, a quoted quote.
#
# Guess:  all links of a header that RFC 8288 allows are there: "<a>; rel=x , <b>; rel=y" has two (section 3 with lists of RFC
#         9110 section 5.6.1), and many links may have one relation, as with rel=preload. Names of parameters ignore case.
# Seen (http-link-header 1.1.4, parse-link-header 2.0.0, li 1.3.0): with a space before the comma, http-link-header makes the
#         second link a parameter of the first, so there is no last page. parse-link-header keeps the last link of a relation
#         alone, drops links with "REL=", and cuts a title at ";". li loses rel after a title with \", and "REL=" as well.
# Who meets it: clients that page by rel=next, and tools that read preload hints.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --prefix . http-link-header@1.1.4 parse-link-header@2.0.0 li@1.3.0 >/dev/null
cat > run.js <<'JAVASCRIPT'
const httpLinkHeader = require("http-link-header");
const li = require("li");
const parseLinkHeader = require("parse-link-header");

const readers = {
    "http-link-header": text => httpLinkHeader.parse(text).refs.map(link => [link.uri, link.rel, link.title]),
    "parse-link-header": text => Object.values(parseLinkHeader(text)).map(link => [link.url, link.rel, link.title]),
    "li": text => li.parse(text, { extended: true }).map(link => [link.link, link.rel && link.rel.join(" "), link.title]),
};

for (const text of ['</2>; rel="next" , </9>; rel="last"', "</a.css>; rel=preload, </b.js>; rel=preload",
    '</2>; REL="next"', '</2>; title="a; b"; rel="next"', '</2>; title="\\"a\\""; rel="next"']) {
    console.log(text);
    for (const [name, read] of Object.entries(readers))
        console.log("   ", name + ":",
            read(text).map(link => link.map(part => part || "-").join(" | ")).join(" and ") || "nothing");
}
JAVASCRIPT
node run.js | tee seen
cat > expected <<'EXPECTED'
</2>; rel="next" , </9>; rel="last"
    http-link-header: /2 | next | -
    parse-link-header: /2 | next | - and /9 | last | -
    li: /2 | next | - and /9 | last | -
</a.css>; rel=preload, </b.js>; rel=preload
    http-link-header: /a.css | preload | - and /b.js | preload | -
    parse-link-header: /b.js | preload | -
    li: /a.css | preload | - and /b.js | preload | -
</2>; REL="next"
    http-link-header: /2 | next | -
    parse-link-header: nothing
    li: /2 | - | -
</2>; title="a; b"; rel="next"
    http-link-header: /2 | next | a; b
    parse-link-header: /2 | next | a
    li: /2 | next | a; b
</2>; title="\"a\""; rel="next"
    http-link-header: /2 | next | "a"
    parse-link-header: /2 | next | \
    li: /2 | - | \
EXPECTED
diff expected seen && echo "as described: http-link-header 1.1.4, parse-link-header 2.0.0, li 1.3.0"
