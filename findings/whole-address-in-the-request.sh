#!/usr/bin/env bash
# Six servers do not know their own page when a client asks for it by its whole address.
#
# Guess:  "GET http://host.test/a.txt HTTP/1.1" is "GET /a.txt HTTP/1.1" with that host: a server must accept the
#         absolute form (RFC 9112 section 3.2.2), and a program behind it sees the path /a.txt.
# Seen (Tornado 6.6.1, Twisted 26.10.0, cheroot 11.1.2, uvicorn 0.54.0 with h11 0.16.0, sirv 3.0.2, mini-httpd 1.30-3):
#         Tornado and sirv answer 404, cheroot and mini-httpd 400. uvicorn with h11 gives the program the whole address
#         for a path, Twisted gives it "/ttp://host.test/a.txt". uvicorn with httptools 0.9.0 and serve-handler 6.1.8
#         are right.
# Who meets it: clients whose proxy setting points at the server itself, as in tests, and scripts with a socket that
#         write the address as they have it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download mini-httpd=1.30-3 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check tornado==6.6.1 twisted==26.10.0 cheroot==11.1.2 \
    uvicorn==0.54.0 h11==0.16.0 httptools==0.9.0
npm install --silent --no-audit --no-fund --prefix . sirv@3.0.2 serve-handler@6.1.8 >/dev/null
mkdir files
echo "the page" > files/a.txt
cat > application.py <<'PYTHON'
def wsgi(environ, start_response):
    start_response("200 OK", [])
    return [b"path " + environ["PATH_INFO"].encode()]


async def asgi(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"path " + scope["path"].encode()})
PYTHON
cat > tornado_files.py <<'PYTHON'
import asyncio
import sys

import tornado.web


async def main():
    files = tornado.web.Application([("/(.*)", tornado.web.StaticFileHandler, {"path": "files"})])
    files.listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()

asyncio.run(main())
PYTHON
cat > server.js <<'JAVASCRIPT'
const [kind, port] = process.argv.slice(2);
const handler = kind === "sirv" ? require("sirv")("files")
    : (request, answer) => require("serve-handler")(request, answer, { public: "files", cleanUrls: false });
require("http").createServer(handler).listen(port, "127.0.0.1");
JAVASCRIPT
cat > ask.py <<'PYTHON'
import os
import signal
import socket
import subprocess
import time

UVICORN = ["uvicorn", "--log-level=error", "--lifespan=off", "--port=PORT", "application:asgi", "--http"]
SERVERS = {
    "Tornado": ["python", "tornado_files.py", "PORT"],
    "Twisted": ["twistd", "-n", "--pidfile=", "web", "--wsgi=application.wsgi",
                "--listen=tcp:PORT:interface=127.0.0.1"],
    "cheroot": ["cheroot", "--bind", "127.0.0.1:PORT", "application:wsgi"],
    "uvicorn with h11": UVICORN + ["h11"],
    "uvicorn with httptools": UVICORN + ["httptools"],
    "sirv": ["node", "server.js", "sirv", "PORT"],
    "serve-handler": ["node", "server.js", "serve-handler", "PORT"],
    "mini-httpd": ["mini_httpd", "-D", "-p", "PORT", "-h", "127.0.0.1", "-d", "files"],
}
environment = dict(os.environ, PYTHONPATH=".")
environment["PATH"] = "environment/bin:root/usr/sbin:" + environment["PATH"]


def ask(port, target):
    for _ in range(300):
        try:
            connection = socket.create_connection(("127.0.0.1", port), 10)
            break
        except ConnectionRefusedError:
            time.sleep(0.1)
    with connection, connection.makefile("rb") as stream:
        connection.sendall(b"GET %s HTTP/1.1\r\nHost: host.test\r\nConnection: close\r\n\r\n" % target)
        head, _, body = stream.read().partition(b"\r\n\r\n")
    status = head.split()[1].decode()
    found = [line.strip() for line in body.decode().splitlines() if line.startswith(("path", "the page"))]
    return status if status != "200" else found[0]


for name, command in SERVERS.items():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen([part.replace("PORT", str(port)) for part in command], env=environment,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    print("%s: %s, %s" % (name, ask(port, b"/a.txt"), ask(port, b"http://host.test/a.txt")), flush=True)
    os.killpg(server.pid, signal.SIGKILL)
    server.wait()
PYTHON
environment/bin/python ask.py | tee seen
cat > expected <<'EXPECTED'
Tornado: the page, 404
Twisted: path /a.txt, path /ttp://host.test/a.txt
cheroot: path /a.txt, 400
uvicorn with h11: path /a.txt, path http://host.test/a.txt
uvicorn with httptools: path /a.txt, path /a.txt
sirv: the page, 404
serve-handler: the page, the page
mini-httpd: the page, 400
EXPECTED
diff expected seen && echo "as described: Tornado 6.6.1, Twisted 26.10.0, cheroot 11.1.2 and three more"
