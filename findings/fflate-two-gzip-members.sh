#!/usr/bin/env bash
# fflate cuts a gzip file of two members to the length of the last one.
#
# Guess:  gunzipSync of two members gives both texts (RFC 1952 section 2.2), or the first one, or an error.
# Seen (fflate 0.8.2): it gives the first member's text, cut to the length of the last member: it takes the size of its output from the
#         end of the file. With an empty last member the result is empty. The streaming Gunzip gives the first member alone. No
#         error in either.
# Who meets it: log files that were appended to, bgzip files, and servers that compress each piece by itself.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --prefix . fflate@0.8.2 >/dev/null
(printf 'a long first part' | gzip -c; printf 'xyz' | gzip -c) > two.gz
cat > run.js <<'JAVASCRIPT'
const fflate = require('fflate');
const data = require('fs').readFileSync('two.gz');
console.log('gunzipSync:', Buffer.from(fflate.gunzipSync(data)).toString());
let text = '';
const stream = new fflate.Gunzip((piece) => { text += Buffer.from(piece).toString(); });
stream.push(data, true);
console.log('Gunzip:', text);
console.log('zlib of node:', require('zlib').gunzipSync(data).toString());
JAVASCRIPT
node run.js | tee seen
cat > expected <<'EXPECTED'
gunzipSync: a l
Gunzip: a long first part
zlib of node: a long first partxyz
EXPECTED
diff expected seen && echo "as described: fflate 0.8.2"
