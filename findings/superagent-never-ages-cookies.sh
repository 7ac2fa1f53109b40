#!/usr/bin/env bash
# superagent ignores Max-Age, so a cookie that is deleted by it is sent for ever, and a fresh one may be lost.
#
# Guess:  Max-Age=0 deletes a cookie, and Max-Age wins over Expires (RFC 6265 section 5.3). Two cookies of one name that both
#         fit are both sent (5.4).
# Seen (superagent 10.4.2, cookiejar 2.1.4): after Max-Age=0 the agent still sends the cookie. With Max-Age=3600 and an Expires
#         in the past, which servers write for old clients, it drops the new one. Of two with one name, for / and
#         /shop, one is sent.
# Who meets it: tests with request.agent() of supertest: a logout with Max-Age looks like one that does not work.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --prefix . superagent@10.4.2 cookiejar@2.1.4 >/dev/null
cat > run.js <<'JAVASCRIPT'
const http = require("http");
const superagent = require("superagent");

const past = "Expires=Thu, 01 Jan 1970 00:00:00 GMT";
const cases = {
    "Expires in the past": [["a=1; Path=/"], ["a=; Path=/; " + past]],
    "Max-Age=0": [["a=1; Path=/"], ["a=; Path=/; Max-Age=0"]],
    "Max-Age=3600 and Expires": [["a=1; Path=/; Max-Age=3600; " + past], []],
    "one name twice": [["a=1; Path=/", "a=2; Path=/shop"], []],
};

const server = http.createServer((request, answer) => {
    const lines = JSON.parse(request.headers["x-set"] || "[]");
    if (lines.length) answer.setHeader("Set-Cookie", lines);
    answer.end(request.headers.cookie || "nothing");
}).listen(0, "127.0.0.1", async () => {
    const address = "http://127.0.0.1:" + server.address().port;
    for (const [name, [first, second]] of Object.entries(cases)) {
        const agent = superagent.agent();
        for (const lines of [first, second]) await agent.get(address + "/shop/login").set("X-Set", JSON.stringify(lines));
        const seen = await agent.get(address + "/shop/cart").buffer(true).parse((answer, done) => {
            let body = "";
            answer.on("data", piece => body += piece);
            answer.on("end", () => done(null, body));
        });
        console.log(name + ":", seen.body);
    }
    process.exit();
});
JAVASCRIPT
node run.js | tee seen
cat > expected <<'EXPECTED'
Expires in the past: nothing
Max-Age=0: a=
Max-Age=3600 and Expires: nothing
one name twice: a=2
EXPECTED
diff expected seen && echo "as described: superagent 10.4.2, cookiejar 2.1.4"
