#!/usr/bin/env bash
# robots-txt-parser applies a group of rules for two robots to the second one alone.
#
# Guess:  several User-agent lines in a row share the rules below them, and lines that are no rules, such as Sitemap, do not
#         end the group (RFC 9309 section 2.2.1 and 2.2.4). Paths are compared with percent-encoding undone (2.2.2).
# Seen (robots-txt-parser 2.0.3, robots-parser 3.0.1, Protego 0.7.0): robots-txt-parser lets the first of two names fetch what is
#         disallowed for both. /é in the file does not match /%C3%A9 there. Neither it nor robots-parser sees that /%7Ejoe/
#         is /~joe/, and a Sitemap line between two names ends the group for both. Protego is right in all.
# Who meets it: authors of crawlers, and sites that list robots in one group, as most lists of robots to block do.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --prefix . robots-txt-parser@2.0.3 robots-parser@3.0.1 >/dev/null
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check protego==0.7.0
cat > cases.json <<'JSON'
[["User-agent: first\nUser-agent: second\nDisallow: /x\n", "first", "/x"],
 ["User-agent: first\nUser-agent: second\nDisallow: /x\n", "second", "/x"],
 ["User-agent: first\nSitemap: http://host.test/s\nUser-agent: second\nDisallow: /x\n", "first", "/x"],
 ["User-agent: *\nDisallow: /\u00e9\n", "first", "/%C3%A9"],
 ["User-agent: *\nDisallow: /%7Ejoe/\n", "first", "/~joe/"]]
JSON
cat > run.js <<'JAVASCRIPT'
const robotsParser = require("robots-parser");
const robotsTxtParser = require("robots-txt-parser");

async function main() {
    for (const [text, agent, path] of require("./cases.json")) {
        const first = robotsParser("http://host.test/robots.txt", text).isAllowed("http://host.test" + path, agent);
        const other = robotsTxtParser({ userAgent: agent, allowOnNeutral: true });
        other.parseRobots("http://host.test", text);
        const second = await other.canCrawl("http://host.test" + path);
        console.log(agent, path, "robots-txt-parser:", second, "robots-parser:", first);
    }
}

main();
JAVASCRIPT
cat > run.py <<'PYTHON'
import json

import protego

for text, agent, path in json.load(open("cases.json")):
    print("Protego:", str(protego.Protego.parse(text).can_fetch("http://host.test" + path, agent)).lower())
PYTHON
paste -d ' ' <(node run.js) <(environment/bin/python run.py) | tee seen
cat > expected <<'EXPECTED'
first /x robots-txt-parser: true robots-parser: false Protego: false
second /x robots-txt-parser: false robots-parser: false Protego: false
first /x robots-txt-parser: true robots-parser: true Protego: false
first /%C3%A9 robots-txt-parser: true robots-parser: false Protego: false
first /~joe/ robots-txt-parser: true robots-parser: true Protego: false
EXPECTED
diff expected seen && echo "as described: robots-txt-parser 2.0.3, robots-parser 3.0.1"
