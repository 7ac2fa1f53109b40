#!/usr/bin/env bash
# In HAProxy, a time limit looks like success or like a closed connection, never like "timeout".
#
# HAProxy's manual calls the sockets of core.tcp() compatible with LuaSocket's.
# Guess:  receive(5) with three bytes there gives nil, "timeout", "123" when the time is up, as in LuaSocket. So does receive("*l")
#         without a line end.
# Seen (HAProxy 2.6.12-1+deb12u4, Lua 5.3): receive(5) returns the three bytes alone, like a complete answer, while the peer is still
#         connected. receive("*a") does the same. receive("*l") returns nil, "connection closed." and the bytes are gone.
# Who meets it: a protocol client that trusts receive(n) takes a slow peer's first bytes for the whole message.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"; kill "$peer" 2>/dev/null || true' EXIT
peer=
cd "$work"
apt-get -qq download haproxy=2.6.12-1+deb12u4 libopentracing-c-wrapper0 libopentracing1 liblua5.3-0 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu"
cat > peer.py <<'PYTHON'
import socket

listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
connections = []
while True:
    connection, _ = listener.accept()
    connections.append(connection)      # stays open
    connection.sendall(b"123")
PYTHON
mkfifo port
python3 peer.py > port &
peer=$!
read -r number < port
cat > task.lua <<LUA
core.register_task(function()
    for _, pattern in ipairs({ 5, "*a", "*l" }) do
        local socket = core.tcp()
        socket:settimeout(1)
        assert(socket:connect("127.0.0.1", $number))
        local data, message = socket:receive(pattern)
        print("receive(" .. pattern .. ")", data, message)
    end
    os.exit(0)
end)
LUA
cat > haproxy.cfg <<CONFIGURATION
global
    lua-load task.lua
    nbthread 1
defaults
    timeout connect 1s
    timeout client 1s
    timeout server 1s
listen any
    bind unix@$work/any.sock
CONFIGURATION
timeout 30 root/usr/sbin/haproxy -f haproxy.cfg 2>/dev/null | tee seen
printf 'receive(5)\t123\tnil\nreceive(*a)\t123\tnil\nreceive(*l)\tnil\tconnection closed.\n' > expected
diff expected seen && echo "as described: HAProxy 2.6.12"
