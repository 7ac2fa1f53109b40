#!/usr/bin/env bash
# formData() of undici 6, which is the fetch of Node.js 20, refuses forms that .NET writes.
#
# Guess:  a name without quotes is a name (the value of a parameter is a token or a quoted string, RFC 2045 section 5.1),
#         parameters may be in any order, and one that is not known is ignored.
# Seen (undici 6.24.1): name=a, filename before name, filename* (for names beyond ASCII), size=3 and a missing space after ";"
#         each end in "TypeError: Failed to parse body as FormData." undici 7.30.2 reads all of them. busboy 1.6.0 as well.
# Who meets it: servers that call request.formData(). .NET's MultipartFormDataContent writes name=a and filename*.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --prefix . undici-6@npm:undici@6.24.1 undici-7@npm:undici@7.30.2 \
    busboy@1.6.0 >/dev/null
cat > run.js <<'JAVASCRIPT'
const busboy = require("busboy");

async function withUndici(version, headers, body) {
    const { Response } = require("undici-" + version);
    try {
        const form = await new Response(body, { headers }).formData();
        return [...form].map(([name, value]) => [name, value.name].join(" ").trim()).join(", ");
    } catch (problem) {
        return problem.name;
    }
}

function withBusboy(headers, body) {
    return new Promise(done => {
        const reader = busboy({ headers });
        reader.on("field", name => done(name));
        reader.on("file", (name, stream, { filename }) => { stream.resume(); done(name + " " + filename); });
        reader.end(body);
    });
}

async function main() {
    for (const parameters of ['; name="a"', "; name=a", '; name="a"; filename="f.txt"', '; filename="f.txt"; name="a"',
        "; name=\"a\"; filename=\"f.txt\"; filename*=utf-8''f.txt", '; name="a"; filename="f.txt"; size=3', ';name="a"']) {
        const headers = { "content-type": "multipart/form-data; boundary=B" };
        const body = `--B\r\nContent-Disposition: form-data${parameters}\r\n\r\ntext\r\n--B--\r\n`;
        console.log(parameters);
        console.log("   ", "undici 6:", await withUndici(6, headers, body), "| undici 7:", await withUndici(7, headers, body),
            "| busboy:", await withBusboy(headers, body));
    }
}

main();
JAVASCRIPT
node run.js | tee seen
cat > expected <<'EXPECTED'
; name="a"
    undici 6: a | undici 7: a | busboy: a
; name=a
    undici 6: TypeError | undici 7: a | busboy: a
; name="a"; filename="f.txt"
    undici 6: a f.txt | undici 7: a f.txt | busboy: a f.txt
; filename="f.txt"; name="a"
    undici 6: TypeError | undici 7: a f.txt | busboy: a f.txt
; name="a"; filename="f.txt"; filename*=utf-8''f.txt
    undici 6: TypeError | undici 7: a f.txt | busboy: a f.txt
; name="a"; filename="f.txt"; size=3
    undici 6: TypeError | undici 7: a f.txt | busboy: a f.txt
;name="a"
    undici 6: TypeError | undici 7: a | busboy: a
EXPECTED
diff expected seen && echo "as described: undici 6.24.1"
