#!/usr/bin/env bash
# formidable takes a field with a Content-Type for a file and a file without one for a field, and cuts base64.
#
# Guess:  a part of a form is a file if it has a filename (RFC 7578 section 4.2), and its type is text/plain if it has none
#         (4.4). base64 is decoded, in fields as in files, or not at all.
# Seen (formidable 3.5.4): a field with "Content-Type: application/json", or text/plain, is a file without a name, and missing
#         among the fields. A file without a Content-Type is a field, and its name is lost. A base64 file is decoded. A base64
#         field is not, and its end is gone: "hello world" arrives as the code of "hello wor".
#         busboy 1.6.0 tells files from fields by the filename, and decodes neither.
# Who meets it: curl -F "a=b;type=application/json", and clients in Java and C#, give each field a type.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --prefix . formidable@3.5.4 busboy@1.6.0 >/dev/null
cat > run.js <<'JAVASCRIPT'
const busboy = require("busboy");
const { formidable } = require("formidable");
const { readFileSync } = require("fs");
const { Readable } = require("stream");

const parts = {
    "field": ["", "x"],
    "field with a type": ["\r\nContent-Type: application/json", '{"x":1}'],
    "file": ['; filename="f.txt"\r\nContent-Type: text/plain', "x"],
    "file without a type": ['; filename="f.txt"', "x"],
    "base64 file": ['; filename="f.txt"\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64', "aGk="],
    "base64 field": ["\r\nContent-Transfer-Encoding: base64", "aGVsbG8gd29ybGQ="],
};

async function withFormidable(headers, body) {
    const request = Object.assign(Readable.from([body]), { headers });
    const [fields, files] = await formidable({}).parse(request);
    return fields.a ? ["field", fields.a[0]]
        : ["file", files.a[0].originalFilename, readFileSync(files.a[0].filepath, "utf8")];
}

function withBusboy(headers, body) {
    return new Promise(done => {
        const reader = busboy({ headers });
        reader.on("field", (name, value) => done(["field", value]));
        reader.on("file", async (name, stream, { filename }) => done(["file", filename, (await stream.toArray()).join("")]));
        reader.end(body);
    });
}

async function main() {
    for (const [name, [head, content]] of Object.entries(parts)) {
        const body = Buffer.from(`--B\r\nContent-Disposition: form-data; name="a"${head}\r\n\r\n${content}\r\n--B--\r\n`);
        const headers = { "content-type": "multipart/form-data; boundary=B", "content-length": String(body.length) };
        console.log(`${name}: formidable:`, JSON.stringify(await withFormidable(headers, body)), "busboy:",
            JSON.stringify(await withBusboy(headers, body)));
    }
}

main();
JAVASCRIPT
node run.js | tee seen
cat > expected <<'EXPECTED'
field: formidable: ["field","x"] busboy: ["field","x"]
field with a type: formidable: ["file",null,"{\"x\":1}"] busboy: ["field","{\"x\":1}"]
file: formidable: ["file","f.txt","x"] busboy: ["file","f.txt","x"]
file without a type: formidable: ["field","x"] busboy: ["file","f.txt","x"]
base64 file: formidable: ["file","f.txt","hi"] busboy: ["file","f.txt","aGk="]
base64 field: formidable: ["field","aGVsbG8gd29y"] busboy: ["field","aGVsbG8gd29ybGQ="]
EXPECTED
diff expected seen && echo "as described: formidable 3.5.4"
