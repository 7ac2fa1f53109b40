#!/usr/bin/env bash
# wget2 reports success and saves nothing after an early hint, and for a status such as 226 or 299.
#
# Guess:  an answer of class 1xx comes before the real one and is skipped (RFC 9110 section 15.2: a client must be able to
#         read one, even if it did not ask for it). An unknown status counts as 200 of its class (section 15), so a body
#         with 226 or 299 is saved, or the exit status says that it was not.
# Seen (wget2 1.99.1-2.2, aria2 1.36.0-1, elinks 0.13.2-1+b4): with 103 before the 200, wget2 takes 103 for the answer,
#         saves no file and exits with 0. 226 and 299: no file either, exit 0. aria2 skips the 103, but fails for 226 and
#         299, with exit 22. elinks is the other way round: it shows 226 and 299, and 103 is "Bad HTTP response".
#         curl saves all of them.
# Who meets it: scripts that download from servers with early hints, which browsers like, and trust the exit status.
set -euo pipefail
work=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download wget2=1.99.1-2.2 libwget0=1.99.1-2.2 aria2=1.36.0-1 libaria2-0=1.36.0-1 elinks=0.13.2-1+b4 \
    elinks-data=0.13.2-1 libc-ares2 libssh2-1 libgpgme11 libassuan0 libbrotli1 libnghttp2-14 libpcre2-8-0 libfsplib0 \
    liblua5.1-0 libperl5.36 libtre5 libev4 libgpm2 libidn12 libicu72 libxml2 libpsl5 libsqlite3-0 libexpat1 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib:$work/root/usr/lib/x86_64-linux-gnu:$work/root/lib/x86_64-linux-gnu"
cat > server.py <<'PYTHON'
import socket

listener = socket.create_server(("127.0.0.1", 0))
with open("port", "w") as file:
    file.write(str(listener.getsockname()[1]))
while True:
    connection, _ = listener.accept()
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(4096)
        if not piece:
            break
        head += piece
    status = head.split(b" ")[1][1:] if head else b"200"
    if status == b"103":
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n")
        status = b"200"
    connection.sendall(b"HTTP/1.1 " + status + b" Fine\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n"
                       b"Connection: close\r\n\r\nhello\n")
    connection.close()
PYTHON
python3 server.py &
server=$!
until [ -s port ]; do sleep 0.1; done
address="http://127.0.0.1:$(cat port)"
for status in 200 103 226 299; do
    for client in wget2 aria2c elinks curl; do
        rm -rf saved && mkdir saved && cd saved
        ended=0
        case $client in
            wget2) timeout 20 ../root/usr/bin/wget2 -q --no-config "$address/$status" || ended=$? ;;
            aria2c) timeout 20 ../root/usr/bin/aria2c -q --no-conf "$address/$status" || ended=$? ;;
            elinks) timeout 20 ../root/usr/bin/elinks -no-home -source 1 "$address/$status" > "$status" 2>/dev/null ||
                ended=$? ;;
            curl) curl -s -o "$status" "$address/$status" || ended=$? ;;
        esac
        cd ..
        if grep -qs hello "saved/$status"; then result=saved; else result="nothing saved"; fi
        echo "$status $client: exit $ended, $result"
    done
done | tee seen
cat > expected <<'EXPECTED'
200 wget2: exit 0, saved
200 aria2c: exit 0, saved
200 elinks: exit 0, saved
200 curl: exit 0, saved
103 wget2: exit 0, nothing saved
103 aria2c: exit 0, saved
103 elinks: exit 1, nothing saved
103 curl: exit 0, saved
226 wget2: exit 0, nothing saved
226 aria2c: exit 22, nothing saved
226 elinks: exit 0, saved
226 curl: exit 0, saved
299 wget2: exit 0, nothing saved
299 aria2c: exit 22, nothing saved
299 elinks: exit 0, saved
299 curl: exit 0, saved
EXPECTED
diff expected seen && echo "as described: wget2 1.99.1, aria2 1.36.0, elinks 0.13.2"
