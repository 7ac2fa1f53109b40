#!/usr/bin/env bash
# uvicorn and Flask's server send chunks to clients of HTTP/1.0, so axel saves the sizes of the chunks in the file.
#
# Guess:  a client that says HTTP/1.0 gets no "Transfer-Encoding: chunked" (RFC 9112 section 6.1: a server must not send
#         it then). The end of the connection is the end of the answer.
# Seen (uvicorn 0.54.0 with httptools 0.9.0, Werkzeug 3.1.9, axel 2.17.11-3, w3m 0.5.3+git20230121-2): both servers send
#         chunks for an answer without a length. axel saves them as a part of the file, and exits with 0. w3m shows
#         them. curl -0 undoes them. uvicorn with h11 0.16.0, its choice when httptools is missing, sends none, so
#         "uvicorn[standard]" is what makes the difference.
# Who meets it: old and small clients, and programs that speak HTTP/1.0 just to have no chunks.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download axel=2.17.11-3 w3m=0.5.3+git20230121-2 libgc1 libgpm2 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check uvicorn==0.54.0 httptools==0.9.0 h11==0.16.0 \
    Werkzeug==3.1.9
cat > server.py <<'PYTHON'
import sys

kind, port = sys.argv[1], int(sys.argv[2])
if kind == "Werkzeug":
    from werkzeug.serving import run_simple
    def application(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield b"one "
        yield b"two\n"
    run_simple("127.0.0.1", port, application, threaded=True)
else:
    import uvicorn
    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": b"one ", "more_body": True})
        await send({"type": "http.response.body", "body": b"two\n"})
    uvicorn.run(application, host="127.0.0.1", port=port, http=kind, lifespan="off", log_level="error")
PYTHON
cat > ask.py <<'PYTHON'
import os
import socket
import subprocess
import sys
import time

def output(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30).stdout

for kind in ("httptools", "h11", "Werkzeug"):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, "server.py", kind, str(port)], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except ConnectionRefusedError:
            time.sleep(0.1)
    address = "http://127.0.0.1:%d/a.txt" % port
    status = subprocess.run(["root/usr/bin/axel", "-q", "-o", "saved", address], timeout=30).returncode
    with open("saved", "rb") as file:
        print(kind, "axel:", status, file.read())
    os.remove("saved")
    print(kind, "w3m:", output("root/usr/bin/w3m", "-dump_source", address))
    print(kind, "curl -0:", output("curl", "-s", "-0", address), flush=True)
    server.kill()
    server.wait()
PYTHON
environment/bin/python ask.py | tee seen
cat > expected <<'EXPECTED'
httptools axel: 0 b'4\r\none \r\n4\r\ntwo\n\r\n0\r\n\r\n'
httptools w3m: b'4\r\none \r\n4\r\ntwo\n\r\n0\r\n\r\n'
httptools curl -0: b'one two\n'
h11 axel: 0 b'one two\n'
h11 w3m: b'one two\n'
h11 curl -0: b'one two\n'
Werkzeug axel: 0 b'4\r\none \r\n4\r\ntwo\n\r\n0\r\n\r\n'
Werkzeug w3m: b'4\r\none \r\n4\r\ntwo\n\r\n0\r\n\r\n'
Werkzeug curl -0: b'one two\n'
EXPECTED
diff expected seen && echo "as described: uvicorn 0.54.0 with httptools, Werkzeug 3.1.9, axel 2.17.11"
