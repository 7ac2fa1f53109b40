#!/usr/bin/env bash
# http-cache-semantics, and with it the cache of got, ignores a directive that has a capital letter.
#
# Guess:  "Cache-Control: Max-Age=60" and "No-Cache" are max-age=60 and no-cache: names of directives ignore case (RFC 9111
#         section 5.2).
# Seen (http-cache-semantics 4.3.0 in got 14.6.6): an answer with "Max-Age=60" is stale at once and asked for again. One with
#         "No-Cache, max-age=60" is taken from the cache for a minute. So is the answer to a request with "No-Cache".
# Who meets it: everything that caches with it, npm's own client too. Some servers, and people who write headers by hand, use
#         capitals as in other headers.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --prefix . got@14.6.6 http-cache-semantics@4.3.0 >/dev/null
cat > run.mjs <<'JAVASCRIPT'
import got from "got";
import http from "node:http";

const cases = [["max-age=60"], ["Max-Age=60"], ["no-cache, max-age=60"], ["No-Cache, max-age=60"],
    ["max-age=60", "no-cache"], ["max-age=60", "No-Cache"]];
let asked = 0;
const server = http.createServer((request, answer) => {
    asked++;
    answer.setHeader("Cache-Control", decodeURIComponent(request.url.slice(1)));
    answer.end("text");
}).listen(0, "127.0.0.1", async () => {
    for (const [ofAnswer, ofRequest] of cases) {
        asked = 0;
        const cache = new Map();
        for (const headers of [{}, ofRequest ? { "cache-control": ofRequest } : {}])
            await got(`http://127.0.0.1:${server.address().port}/${encodeURIComponent(ofAnswer)}`, { cache, headers });
        console.log(`answer ${ofAnswer}${ofRequest ? ", request " + ofRequest : ""}: the server was asked`, asked, "of 2 times");
    }
    process.exit();
});
JAVASCRIPT
node run.mjs | tee seen
cat > expected <<'EXPECTED'
answer max-age=60: the server was asked 1 of 2 times
answer Max-Age=60: the server was asked 2 of 2 times
answer no-cache, max-age=60: the server was asked 2 of 2 times
answer No-Cache, max-age=60: the server was asked 1 of 2 times
answer max-age=60, request no-cache: the server was asked 2 of 2 times
answer max-age=60, request No-Cache: the server was asked 1 of 2 times
EXPECTED
diff expected seen && echo "as described: http-cache-semantics 4.3.0, got 14.6.6"
