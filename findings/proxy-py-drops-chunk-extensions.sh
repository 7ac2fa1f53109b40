#!/usr/bin/env bash
# proxy.py closes the connection without an answer when a chunk has an extension.
#
# Guess:  "6;a=b" is a chunk of six bytes with an extension that a recipient must ignore (RFC 9112 section 7.1.1), or the
#         proxy passes the bytes on unread, as it does with trailers.
# Seen (proxy.py 2.4.10): the client gets no byte of the answer, not even an error, and the connection closes. The log of
#         the proxy has no line for the request. Leading zeros of a size and trailers pass. tinyproxy 1.11.1 passes both.
# Who meets it: tests behind proxy.py of a server that signs or marks its chunks by extensions.
set -euo pipefail
work=$(mktemp -d)
running=
trap 'kill $running 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check proxy.py==2.4.10
apt-get -qq download tinyproxy-bin=1.11.1-2.1+deb12u1 2>/dev/null
dpkg-deb -x tinyproxy-bin_*.deb root
free() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
one=$(free)
environment/bin/proxy --hostname 127.0.0.1 --port "$one" --num-workers 1 > proxy.log 2>&1 &
running+=" $!"
two=$(free)
printf 'Port %s\nListen 127.0.0.1\nTimeout 20\nMaxClients 5\n' "$two" > tinyproxy.conf
root/usr/bin/tinyproxy -d -c tinyproxy.conf > tinyproxy.log 2>&1 &
running+=" $!"
cat > run.py <<'PYTHON'
import socket
import subprocess
import sys
import threading
import time

BODIES = {
    "plain": b"6\r\nhello\n\r\n0\r\n\r\n",
    "zeros": b"006\r\nhello\n\r\n000\r\n\r\n",
    "trailer": b"6\r\nhello\n\r\n0\r\nX-Sum: 1\r\n\r\n",
    "extension": b"6;a=b\r\nhello\n\r\n0\r\n\r\n",
}


def serve(listener, body):
    connection, _ = listener.accept()
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(4096)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n"
                       b"Connection: close\r\n\r\n" + body)
    connection.close()


for name, number in (("proxy.py", sys.argv[1]), ("tinyproxy", sys.argv[2])):
    for attempt in range(300):
        try:
            socket.create_connection(("127.0.0.1", int(number))).close()
            break
        except OSError:
            time.sleep(0.1)
    for kind, body in BODIES.items():
        listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=serve, args=(listener, body), daemon=True).start()
        address = "http://127.0.0.1:%d/" % listener.getsockname()[1]
        result = subprocess.run(["curl", "-s", "-m", "20", "-x", "http://127.0.0.1:" + number, address],
                                capture_output=True, text=True)
        print(name, kind, repr(result.stdout), "curl's exit status", result.returncode)
PYTHON
python3 run.py "$one" "$two" | tee seen
cat > expected <<'EXPECTED'
proxy.py plain 'hello\n' curl's exit status 0
proxy.py zeros 'hello\n' curl's exit status 0
proxy.py trailer 'hello\n' curl's exit status 0
proxy.py extension '' curl's exit status 52
tinyproxy plain 'hello\n' curl's exit status 0
tinyproxy zeros 'hello\n' curl's exit status 0
tinyproxy trailer 'hello\n' curl's exit status 0
tinyproxy extension 'hello\n' curl's exit status 0
EXPECTED
diff expected seen && echo "as described: proxy.py 2.4.10"
