#!/usr/bin/env bash
# HAProxy's HTTP client for Lua gives the body of the answer with the status of the early hint, and half a body as a whole one.
#
# Guess:  core.httpclient():get skips an answer of class 1xx (RFC 9110 section 15.2), reports a body that ends too soon (RFC 9112
#         section 8: it is incomplete), and sends neither the part behind "#" (RFC 9110 section 4.2.5) nor a POST without
#         Content-Length (section 8.6). "http://host?x=1" asks for "/?x=1" (section 4.2.3). Or it raises an error.
# Seen (HAProxy 2.6.12-1+deb12u4, Lua 5.3): status and fields are those of the 103, the body is that of the 200. Three bytes of
#         ten are a success. "#c" goes to the server as a part of the path. A POST of an empty text has no length. With "?"
#         right after the host, the status is 503 and nothing is sent. The user and password of the address are dropped.
# Who meets it: scripts that ask a service with early hints whether a login is good, and compare the status with 200.
set -euo pipefail
work=$(mktemp -d)
peer=
trap 'kill $peer 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download haproxy=2.6.12-1+deb12u4 libopentracing-c-wrapper0 libopentracing1 liblua5.3-0 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu"
cat > peer.py <<'PYTHON'
import socket

hint = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
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
    length = 10 if b"/short" in head else 3
    body = b"abc"
    if b"/echo" in head or b"?" in head:
        lines = head.decode().lower().split("\r\n")
        body = "; ".join(line for line in lines if line and line.split(":")[0] not in ("host", "accept", "user-agent")).encode()
        length = len(body)
    connection.sendall((hint if b"/hint" in head else b"") + b"HTTP/1.1 200 OK\r\nType: real\r\nContent-Length: %d\r\n\r\n" % length + body)
    connection.close()
PYTHON
python3 peer.py &
peer=$!
until [ -s port ]; do sleep 0.1; done
cat > task.lua <<LUA
core.register_task(function()
    local function ask(method, user, rest, body)
        local address = "http://" .. user .. "127.0.0.1:$(cat port)" .. rest
        local client = core.httpclient()
        local answer = client[method](client, { url = address, body = body })
        local fields = answer.headers or {}
        print(method .. " " .. user .. "host" .. rest, answer.status, (fields.type or fields.link or { [0] = "no field" })[0], answer.body)
    end
    ask("get", "", "/plain")
    ask("get", "", "/hint")
    ask("get", "", "/short")
    ask("get", "", "/echo?a=b#c")
    ask("get", "", "?x=1")
    ask("get", "me:secret@", "/echo")
    ask("post", "", "/echo", "")
    os.exit(0)
end)
LUA
cat > haproxy.cfg <<CONFIGURATION
global
    lua-load task.lua
    nbthread 1
defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
listen any
    bind unix@$work/any.sock
CONFIGURATION
timeout 60 root/usr/sbin/haproxy -f haproxy.cfg 2>/dev/null | tee seen
cat > expected <<'EXPECTED'
get host/plain	200	real	abc
get host/hint	103	</a.css>; rel=preload	abc
get host/short	200	real	abc
get host/echo?a=b#c	200	real	get /echo?a=b#c http/1.1
get host?x=1	503	no field	
get me:secret@host/echo	200	real	get /echo http/1.1
post host/echo	200	real	post /echo http/1.1
EXPECTED
diff expected seen && echo "as described: HAProxy 2.6.12"
