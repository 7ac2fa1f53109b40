#!/usr/bin/env bash
# Clients of Digest authentication fail when Basic is offered first, at an unknown algorithm, and at a realm with quotes.
#
# Guess:  a client takes the challenge that it can answer: one of another scheme or with an algorithm that it does not know is
#         skipped (RFC 9110 section 11.6.1, RFC 7616 section 3.3). A realm is a quoted string, so \" in it is a quote, and is
#         written so again. An empty opaque goes back as it came (3.4).
# Seen (requests 2.34.2, httpx 0.28.1, aiohttp 3.14.5, httplib2 0.32.1, digest-fetch 3.1.1, wget 1.21.3, curl 7.88.1): with
#         Basic in a header before, aiohttp and digest-fetch stay at 401. At an unknown algorithm before MD5, httpx raises
#         KeyError, aiohttp ClientError, and curl gives up. With quotes in the realm, all but aiohttp and curl fail: they
#         write them without the backslash, or cut there. An empty opaque is left out by four.
# Who meets it: servers that offer two schemes or SHA-512-256 beside MD5, and devices with a name in the realm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download wget=1.21.3-1+deb12u1 curl=7.88.1-10+deb12u15 libcurl4=7.88.1-10+deb12u15 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
npm install --silent --no-audit --no-fund --prefix . digest-fetch@3.1.1 >/dev/null
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check requests==2.34.2 httpx==0.28.1 aiohttp==3.14.5 httplib2==0.32.1
cat > digest-fetch.js <<'JAVASCRIPT'
const { default: Client } = require("digest-fetch");

new Client("user", "secret").fetch(process.argv[2]).then(answer => console.log(answer.status), () => console.log("raises"));
JAVASCRIPT
cat > run.py <<'PYTHON'
import asyncio
import hashlib
import http.server
import os
import re
import subprocess
import threading

import aiohttp
import httplib2
import httpx
import requests

CASES = {"usual": ("r", ['Digest realm="r", nonce="n", qop="auth"']),
         "Basic first": ("r", ['Basic realm="b"', 'Digest realm="r", nonce="n", qop="auth"']),
         "unknown algorithm first": ("r", ['Digest realm="r", nonce="n", qop="auth", algorithm=SHA-512-256',
                                           'Digest realm="r", nonce="n", qop="auth", algorithm=MD5']),
         "quotes in the realm": ('the "r"', ['Digest realm="the \\"r\\"", nonce="n", qop="auth"']),
         "empty opaque": ("r", ['Digest realm="r", nonce="n", qop="auth", opaque=""'])}


def accepts(header, realm, path, opaque):
    fields = {name: re.sub(r"\\(.)", r"\1", quoted) if quoted or not token else token for name, quoted, token in
              re.findall(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))', header)}

    def digest(*parts):
        return hashlib.md5(":".join(parts).encode()).hexdigest()
    answer = digest(digest("user", realm, "secret"), "n", *(fields.get(name, "") for name in ("nc", "cnonce", "qop")),
                    digest("GET", path))
    return fields.get("response") == answer and fields.get("realm") == realm and (not opaque or fields.get("opaque") == "")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        realm, challenges = CASES[list(CASES)[int(self.path[1:])]]
        fine = accepts(self.headers.get("Authorization", ""), realm, self.path, "opaque" in challenges[0])
        self.send_response(200 if fine else 401)
        for challenge in () if fine else challenges:
            self.send_header("WWW-Authenticate", challenge)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


def with_httplib2(address):
    client = httplib2.Http()
    client.add_credentials("user", "secret")
    return client.request(address)[0].status


async def with_aiohttp(address):
    async with aiohttp.ClientSession(middlewares=(aiohttp.DigestAuthMiddleware("user", "secret"),)) as client:
        async with client.get(address) as answer:
            return answer.status


def run(*command):
    environment = dict(os.environ, LD_LIBRARY_PATH=os.path.abspath("root/usr/lib/x86_64-linux-gnu"))
    return subprocess.run(command, capture_output=True, text=True, env=environment)


clients = {
    "requests": lambda address: requests.get(address, auth=requests.auth.HTTPDigestAuth("user", "secret")).status_code,
    "httpx": lambda address: httpx.get(address, auth=httpx.DigestAuth("user", "secret")).status_code,
    "aiohttp": lambda address: asyncio.run(with_aiohttp(address)),
    "httplib2": with_httplib2,
    "digest-fetch": lambda address: run("node", "digest-fetch.js", address).stdout.strip(),
    "wget": lambda address: 401 if run("root/usr/bin/wget", "-q", "-O", "-", "--user=user", "--password=secret",
                                       address).returncode else 200,
    "curl": lambda address: run("root/usr/bin/curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--digest", "-u",
                                "user:secret", address).stdout}
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
for number, name in enumerate(CASES):
    seen = []
    for client, get in clients.items():
        try:
            seen.append(f"{client} {get(f'http://127.0.0.1:{server.server_port}/{number}')}")
        except Exception as problem:
            seen.append(f"{client} {type(problem).__name__}")
    print(name + ":", ", ".join(seen))
PYTHON
environment/bin/python run.py 2>/dev/null | tee seen
cat > expected <<'EXPECTED'
usual: requests 200, httpx 200, aiohttp 200, httplib2 200, digest-fetch 200, wget 200, curl 200
Basic first: requests 200, httpx 200, aiohttp 401, httplib2 200, digest-fetch 401, wget 200, curl 200
unknown algorithm first: requests 200, httpx KeyError, aiohttp ClientError, httplib2 200, digest-fetch 200, wget 200, curl 401
quotes in the realm: requests 401, httpx 401, aiohttp 200, httplib2 401, digest-fetch 401, wget 401, curl 200
empty opaque: requests 401, httpx 401, aiohttp 401, httplib2 401, digest-fetch 200, wget 200, curl 200
EXPECTED
diff expected seen && echo "as described: requests 2.34.2, httpx 0.28.1, aiohttp 3.14.5, httplib2 0.32.1, digest-fetch 3.1.1"
