#!/usr/bin/env bash
# Seven servers send a part of the new file to a client that has the beginning of the old one, although it forbids that.
#
# Guess:  a request with Range and If-Range gets a part only if the file is still the one with that ETag or date, and all of it
#         otherwise (RFC 9110 section 13.1.5). A server without If-Range does not offer ranges.
# Seen (h2o 2.2.5, BusyBox 1.35.0, sirv 3.0.2, serve-handler 6.1.8, http-server 14.1.1, Bottle 0.13.4, Falcon 4.4.0): all
#         answer 206, for an ETag and for a date that the file does not have. Each sends Last-Modified or an ETag, too.
#         Express 5.3.0 and Werkzeug 3.1.9 send the whole file.
# Who meets it: downloads that resume after an update: the file is half old and half new, and no error says so.
set -euo pipefail
work=$(mktemp -d)
running=
trap 'kill $running 2>/dev/null || true; rm -rf "$work"' EXIT
chmod 755 "$work"
cd "$work"
apt-get -qq download h2o=2.2.5+dfsg2-7 libh2o0.13=2.2.5+dfsg2-7 libwslay1 libuv1 busybox-static=1:1.35.0-4+deb12u1+b1 \
    2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
npm install --silent --no-audit --no-fund --prefix . sirv@3.0.2 serve-handler@6.1.8 http-server@14.1.1 express@5.3.0 >/dev/null
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check bottle==0.13.4 falcon==4.4.0 werkzeug==3.1.9
mkdir files
printf 0123456789 > files/ten
read -r h2o busybox < <(python3 -c '
import socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(s.getsockname()[1] for s in sockets))')
cat > h2o.conf <<CONF
listen: {host: 127.0.0.1, port: $h2o}
hosts: {default: {paths: {/: {file.dir: $work/files}}}}
user: $(id -un)
CONF
LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu" root/usr/bin/h2o -c h2o.conf >/dev/null 2>&1 &
running="$running $!"
root/bin/busybox httpd -f -p "127.0.0.1:$busybox" -h files &
running="$running $!"
cat > servers.js <<'JAVASCRIPT'
const express = require("express");
const http = require("http");
const sirv = require("sirv")("files", { etag: true });
const serve = require("serve-handler");

const servers = [sirv, (request, answer) => serve(request, answer, { public: "files" }), express().use(express.static("files"))]
    .map(handler => http.createServer(handler)).concat(require("http-server").createServer({ root: "files" }).server);
Promise.all(servers.map(server => new Promise(done => server.listen(0, "127.0.0.1", () => done(server.address().port)))))
    .then(ports => require("fs").writeFileSync("ports", ports.join(" ") + "\n"));
JAVASCRIPT
node servers.js 2>/dev/null &
running="$running $!"
until [ -s ports ]; do sleep 0.1; done
cat > ask.py <<'PYTHON'
import http.client
import sys
import threading
import time
import wsgiref.simple_server

import bottle
import falcon
import werkzeug.utils
import werkzeug.wrappers


class Quiet(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *arguments):
        pass


def start(application):
    server = wsgiref.simple_server.make_server("127.0.0.1", 0, application, handler_class=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def ask(port, condition):
    for _ in range(50):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", "/ten", headers={"Range": "bytes=7-", "If-Range": condition})
            answer = connection.getresponse()
            return f"{answer.status} {answer.read().decode()}"
        except ConnectionRefusedError:
            time.sleep(0.1)


falcon_application = falcon.App()
falcon_application.add_static_route("/", sys.argv[1])
bottle.route("/<name>")(lambda name: bottle.static_file(name, root=sys.argv[1]))
werkzeug_application = werkzeug.wrappers.Request.application(
    lambda request: werkzeug.utils.send_from_directory(sys.argv[1], request.path[1:], request.environ))
h2o, busybox, sirv, serve, express, server = map(int, sys.argv[2:])
for name, port in (("h2o", h2o), ("BusyBox", busybox), ("sirv", sirv), ("serve-handler", serve), ("http-server", server),
                   ("Bottle", start(bottle.default_app())), ("Falcon", start(falcon_application)),
                   ("Express", express), ("Werkzeug", start(werkzeug_application))):
    print(f"{name}: {ask(port, chr(34) + 'old' + chr(34))}, {ask(port, 'Thu, 02 Jan 2020 03:04:05 GMT')}")
PYTHON
environment/bin/python ask.py "$work/files" "$h2o" "$busybox" $(cat ports) 2>/dev/null | tee seen
cat > expected <<'EXPECTED'
h2o: 206 789, 206 789
BusyBox: 206 789, 206 789
sirv: 206 789, 206 789
serve-handler: 206 789, 206 789
http-server: 206 789, 206 789
Bottle: 206 789, 206 789
Falcon: 206 789, 206 789
Express: 200 0123456789, 200 0123456789
Werkzeug: 200 0123456789, 200 0123456789
EXPECTED
diff expected seen && echo "as described: h2o 2.2.5, BusyBox 1.35.0, sirv 3.0.2 and the others"
