#!/usr/bin/env bash
# Flask answers 416 when a client asks for two parts of a file, or for the last bytes of a short one.
#
# Guess:  "bytes=0-1,5-6" is answered with both parts or with the whole file; 416 is for ranges outside the file (RFC 9110
#         section 15.5.17). A unit that is not known is ignored (14.2), and "bytes=-100" of ten bytes is all of them (14.1.2).
# Seen (Flask 3.1.3 with Werkzeug 3.1.9, WebOb 1.8.11, Falcon 4.4.0, Bottle 0.13.4, CherryPy 18.10.0): Flask answers 416 to
#         each. To two parts, Falcon answers 400, and Bottle and WebOb send the first alone as if nobody had asked for
#         more; only CherryPy sends both. WebOb refuses the 100 bytes, Bottle the unit, and CherryPy sends bytes for lines.
# Who meets it: viewers of PDF and maps that fetch several parts at once, curl -r 0-1,5-6, and readers of a file's end.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check flask==3.1.3 werkzeug==3.1.9 webob==1.8.11 falcon==4.4.0 \
    bottle==0.13.4 cherrypy==18.10.0
mkdir files
printf 0123456789 > files/ten.txt
cat > run.py <<'PYTHON'
import os

import bottle
import cherrypy
import falcon
import flask
import webob.static
import werkzeug.test

folder = os.path.abspath("files")
of_flask = flask.Flask(__name__, static_folder=folder, static_url_path="")
of_falcon = falcon.App()
of_falcon.add_static_route("/", folder)
bottle.route("/<name>")(lambda name: bottle.static_file(name, root=folder))
cherrypy.config.update({"log.screen": False})
of_cherrypy = cherrypy.Application(None, "", {"/": {"tools.staticdir.on": True, "tools.staticdir.dir": folder}})
servers = {"Flask": of_flask, "WebOb": webob.static.DirectoryApp(folder), "Falcon": of_falcon, "Bottle": bottle.default_app(),
           "CherryPy": of_cherrypy}
for asked in ("bytes=5-6", "bytes=0-1,5-6", "bytes=-100", "lines=2-3"):
    print(asked)
    for name, server in servers.items():
        answer = werkzeug.test.Client(server).get("/ten.txt", headers={"Range": asked})
        seen = answer.headers.get("Content-Range") or answer.mimetype
        print("   ", name + ":", answer.status_code, seen if answer.status_code == 206 else "")
PYTHON
environment/bin/python run.py 2>/dev/null | sed 's/ $//' | tee seen
cat > expected <<'EXPECTED'
bytes=5-6
    Flask: 206 bytes 5-6/10
    WebOb: 206 bytes 5-6/10
    Falcon: 206 bytes 5-6/10
    Bottle: 206 bytes 5-6/10
    CherryPy: 206 bytes 5-6/10
bytes=0-1,5-6
    Flask: 416
    WebOb: 206 bytes 0-1/10
    Falcon: 400
    Bottle: 206 bytes 0-1/10
    CherryPy: 206 multipart/byteranges
bytes=-100
    Flask: 416
    WebOb: 416
    Falcon: 206 bytes 0-9/10
    Bottle: 206 bytes 0-9/10
    CherryPy: 206 bytes 0-9/10
lines=2-3
    Flask: 416
    WebOb: 200
    Falcon: 200
    Bottle: 416
    CherryPy: 206 bytes 2-3/10
EXPECTED
diff expected seen && echo "as described: Werkzeug 3.1.9, WebOb 1.8.11, Falcon 4.4.0, Bottle 0.13.4, CherryPy 18.10.0"
