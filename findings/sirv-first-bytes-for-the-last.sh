#!/usr/bin/env bash
# Asked for the last bytes of a file, sirv sends the first ones. Express refuses when the file is shorter.
#
# Guess:  "bytes=-5" is the last five bytes. Of a file of ten bytes, "bytes=-100" is the whole file: a suffix that is longer
#         than the file means all of it (RFC 9110 section 14.1.2).
# Seen (sirv 3.0.2, http-server 14.1.1, express 5.3.0, @fastify/static 10.1.11): for "bytes=-5", sirv sends six bytes from the
#         front, with status 206 and "bytes 0-5/10". http-server answers 416. Express and Fastify send the last five, but
#         answer 416 to "bytes=-100". All of them send the rest of the file for "bytes=5-".
# Who meets it: readers of ZIP, MP4 or Parquet over HTTP, which begin at the end of the file, and everyone who asks for the
#         last kilobyte of a log that is still short.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --prefix . sirv@3.0.2 http-server@14.1.1 express@5.3.0 fastify@5.12.8 \
    @fastify/static@10.1.11 >/dev/null
mkdir files
printf 0123456789 > files/ten
cat > run.js <<'JAVASCRIPT'
const http = require("http");
const folder = __dirname + "/files";

function ask(server, range) {
    return new Promise(done => http.get({ port: server.address().port, path: "/ten", headers: { range } }, answer => {
        let body = "";
        answer.on("data", piece => body += piece);
        answer.on("end", () => done([answer.statusCode, answer.statusCode === 206 ? body : ""].join(" ").trim()));
    }));
}

async function main() {
    const express = require("express");
    const application = express().use(express.static(folder)).use((problem, request, answer, next) =>
        answer.sendStatus(problem.status));
    const fastify = require("fastify")();
    fastify.register(require("@fastify/static"), { root: folder });
    await fastify.listen({ port: 0, host: "127.0.0.1" });
    const servers = {
        sirv: http.createServer(require("sirv")(folder)).listen(0, "127.0.0.1"),
        "http-server": require("http-server").createServer({ root: folder }).server.listen(0, "127.0.0.1"),
        express: application.listen(0, "127.0.0.1"),
        fastify: fastify.server,
    };
    for (const range of ["bytes=5-", "bytes=-5", "bytes=-100"])
        for (const [name, server] of Object.entries(servers)) {
            if (!server.listening) await new Promise(done => server.once("listening", done));
            console.log(range, name + ":", await ask(server, range));
        }
    process.exit();
}

main();
JAVASCRIPT
node run.js 2>/dev/null | tee seen
cat > expected <<'EXPECTED'
bytes=5- sirv: 206 56789
bytes=5- http-server: 206 56789
bytes=5- express: 206 56789
bytes=5- fastify: 206 56789
bytes=-5 sirv: 206 012345
bytes=-5 http-server: 416
bytes=-5 express: 206 56789
bytes=-5 fastify: 206 56789
bytes=-100 sirv: 206 0123456789
bytes=-100 http-server: 416
bytes=-100 express: 416
bytes=-100 fastify: 416
EXPECTED
diff expected seen && echo "as described: sirv 3.0.2, http-server 14.1.1, express 5.3.0, @fastify/static 10.1.11"
