#!/usr/bin/env bash
# Six servers send gzip to a client that refuses it with "gzip;q=0", and CherryPy refuses a client that takes anything.
#
# Guess:  "Accept-Encoding: gzip;q=0" gets the plain text (RFC 9110 section 12.4.2: q=0 is "not acceptable"). "GZIP" is
#         gzip, since codings ignore case (8.4.1). "*" is any coding, or none (12.5.3).
# Seen (sirv 3.0.2, node-static 0.7.11, WhiteNoise 6.12.0, aiohttp 3.14.5, Tornado 6.6.1, Starlette 1.10.0, CherryPy
#         18.10.0): the first six look for the letters "gzip" and compress, a file or the answer of a program. To "GZIP"
#         only aiohttp does. CherryPy reads q=0, but answers 406 to "*" and to "GZIP". @fastify/static 10.1.11 is right
#         in all.
# Who meets it: clients without zlib, as plain LuaSocket is, that write q=0 to be sure. They print bytes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check whitenoise==6.12.0 waitress==3.0.2 aiohttp==3.14.5 \
    tornado==6.6.1 starlette==1.10.0 uvicorn==0.54.0 CherryPy==18.10.0
npm install --silent --no-audit --no-fund --prefix . sirv@3.0.2 node-static@0.7.11 fastify@5.12.8 \
    @fastify/static@10.1.11 >/dev/null
mkdir files
head -c 20000 /dev/zero | tr '\0' a > files/a.txt
gzip -k files/a.txt
cat > server.js <<'JAVASCRIPT'
const http = require("http");
const [kind, port] = process.argv.slice(2);
const listen = handler => http.createServer(handler).listen(port, "127.0.0.1");
if (kind === "sirv") listen(require("sirv")("files", { gzip: true }));
if (kind === "node-static") {
    const files = new (require("node-static").Server)("files", { gzip: true });
    listen((request, answer) => request.on("end", () => files.serve(request, answer)).resume());
}
if (kind === "@fastify/static") {
    const server = require("fastify")();
    server.register(require("@fastify/static"), { root: process.cwd() + "/files", preCompressed: true });
    server.listen({ port, host: "127.0.0.1" });
}
JAVASCRIPT
cat > server.py <<'PYTHON'
import asyncio
import sys

kind, port = sys.argv[1], int(sys.argv[2])
TEXT = "a" * 20000
if kind == "WhiteNoise":
    import waitress
    import whitenoise
    waitress.serve(whitenoise.WhiteNoise(None, root="files"), host="127.0.0.1", port=port)
elif kind == "aiohttp":
    from aiohttp import web
    async def answer(request):
        response = web.Response(text=TEXT)
        response.enable_compression()
        return response
    application = web.Application()
    application.router.add_get("/a.txt", answer)
    web.run_app(application, host="127.0.0.1", port=port, print=None)
elif kind == "Tornado":
    import tornado.web
    class Handler(tornado.web.RequestHandler):
        def get(self):
            self.set_header("Content-Type", "text/plain")
            self.write(TEXT)
    async def main():
        tornado.web.Application([("/a.txt", Handler)], compress_response=True).listen(port, "127.0.0.1")
        await asyncio.Event().wait()
    asyncio.run(main())
elif kind == "Starlette":
    import uvicorn
    from starlette.middleware.gzip import GZipMiddleware
    from starlette.responses import PlainTextResponse
    async def application(scope, receive, send):
        await PlainTextResponse(TEXT)(scope, receive, send)
    uvicorn.run(GZipMiddleware(application), host="127.0.0.1", port=port, lifespan="off", log_level="error")
elif kind == "CherryPy":
    import cherrypy
    class Root:
        @cherrypy.expose("a.txt")
        def text(self):
            cherrypy.response.headers["Content-Type"] = "text/plain"
            return TEXT
    cherrypy.config.update({"server.socket_host": "127.0.0.1", "server.socket_port": port, "log.screen": False})
    cherrypy.quickstart(Root(), "/", {"/": {"tools.gzip.on": True}})
PYTHON
cat > ask.py <<'PYTHON'
import http.client
import socket
import subprocess
import sys
import time

for kind in ("sirv", "node-static", "WhiteNoise", "aiohttp", "Tornado", "Starlette", "CherryPy", "@fastify/static"):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    in_node = kind in ("sirv", "node-static", "@fastify/static")
    command = ["node", "server.js"] if in_node else [sys.executable, "server.py"]
    server = subprocess.Popen(command + [kind, str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seen = []
    for value in ("gzip", "gzip;q=0", "x-gzip", "GZIP", "*"):
        for _ in range(200):
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
                connection.request("GET", "/a.txt", headers={"Accept-Encoding": value})
                break
            except ConnectionRefusedError:
                time.sleep(0.1)
        answer = connection.getresponse()
        body = answer.read()
        shown = "gzip" if body[:2] == b"\x1f\x8b" else "plain" if answer.status == 200 else str(answer.status)
        seen.append(value + ": " + shown)
        connection.close()
    print((kind + ":").ljust(16), ", ".join(seen), flush=True)
    server.kill()
    server.wait()
PYTHON
environment/bin/python ask.py | tee seen
cat > expected <<'EXPECTED'
sirv:            gzip: gzip, gzip;q=0: gzip, x-gzip: gzip, GZIP: plain, *: plain
node-static:     gzip: gzip, gzip;q=0: gzip, x-gzip: gzip, GZIP: plain, *: plain
WhiteNoise:      gzip: gzip, gzip;q=0: gzip, x-gzip: gzip, GZIP: plain, *: plain
aiohttp:         gzip: gzip, gzip;q=0: gzip, x-gzip: gzip, GZIP: gzip, *: plain
Tornado:         gzip: gzip, gzip;q=0: gzip, x-gzip: gzip, GZIP: plain, *: plain
Starlette:       gzip: gzip, gzip;q=0: gzip, x-gzip: gzip, GZIP: plain, *: plain
CherryPy:        gzip: gzip, gzip;q=0: plain, x-gzip: gzip, GZIP: 406, *: 406
@fastify/static: gzip: gzip, gzip;q=0: plain, x-gzip: plain, GZIP: gzip, *: gzip
EXPECTED
diff expected seen && echo "as described: sirv 3.0.2, aiohttp 3.14.5, CherryPy 18.10.0 and five more"
