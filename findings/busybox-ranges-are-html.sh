#!/usr/bin/env bash
# BusyBox's web server says that a part of any file is HTML, and gives the whole file to those who ask for one byte.
#
# Guess:  a part of a PNG is image/png, as the whole file is. "bytes=0-0" is the first byte. HEAD has no body.
# Seen (BusyBox 1.35.0): with Range, Content-Type is text/html for every file. "bytes=0-0" gets all ten bytes, as "bytes
#         0-9/10"; "bytes=1-1" gets one. "bytes=-3" is not known, and the whole file comes with 200. HEAD is answered with
#         the body behind the header.
# Who meets it: players and readers that fetch files from routers and other devices in parts, and clients that ask for one
#         byte to learn the size.
set -euo pipefail
work=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download busybox-static=1:1.35.0-4+deb12u1+b1 2>/dev/null
dpkg-deb -x busybox-static_*.deb root
mkdir files
printf 0123456789 > files/a.png
number=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
root/bin/busybox httpd -f -p "127.0.0.1:$number" -h files &
server=$!
cat > ask.py <<'PYTHON'
import socket
import sys
import time


def ask(method, extra):
    for _ in range(50):
        try:
            connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=10)
            break
        except ConnectionRefusedError:
            time.sleep(0.1)
    connection.sendall(f"{method} /a.png HTTP/1.1\r\nHost: host.test\r\n{extra}Connection: close\r\n\r\n".encode())
    answer = b"".join(iter(lambda: connection.recv(4096), b"")).decode()
    head, body = answer.split("\r\n\r\n", 1)
    lines = head.split("\r\n")
    kept = [line for line in lines[1:] if line.lower().startswith(("content-type", "content-range"))]
    print(method, extra.strip() or "-", "->", lines[0][9:12], " ".join(kept), "body:", body or "none")


for method, extra in (("GET", ""), ("GET", "Range: bytes=2-4\r\n"), ("GET", "Range: bytes=1-1\r\n"),
                      ("GET", "Range: bytes=0-0\r\n"), ("GET", "Range: bytes=-3\r\n"), ("HEAD", "")):
    ask(method, extra)
PYTHON
python3 ask.py "$number" | tee seen
cat > expected <<'EXPECTED'
GET - -> 200 Content-type: image/png body: 0123456789
GET Range: bytes=2-4 -> 206 Content-type: text/html Content-Range: bytes 2-4/10 body: 234
GET Range: bytes=1-1 -> 206 Content-type: text/html Content-Range: bytes 1-1/10 body: 1
GET Range: bytes=0-0 -> 206 Content-type: text/html Content-Range: bytes 0-9/10 body: 0123456789
GET Range: bytes=-3 -> 200 Content-type: image/png body: 0123456789
HEAD - -> 200 Content-type: image/png body: 0123456789
EXPECTED
diff expected seen && echo "as described: BusyBox 1.35.0"
