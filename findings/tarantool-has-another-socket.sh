#!/usr/bin/env bash
# In Tarantool, require("socket") is not LuaSocket, and the LuaSocket beside it cannot work.
#
# Guess:  Tarantool is LuaJIT with the usual package.path, so an installed LuaSocket loads. The calls that its own module shares with
#         LuaSocket (tcp, bind, receive("*l")) behave alike.
# Seen (Tarantool 2.6.0-1.2+b1, lua-socket 3.1.0-1+b1): its own module wins under the name "socket". require("socket.http") then finds
#         LuaSocket's file and fails in it. Its receive("*l") keeps the CR of a CRLF. receive("*a") returns what came before the time
#         limit like a whole stream. A second close raises, where LuaSocket's returns 1.
# Who meets it: any LuaSocket program moved into Tarantool. HTTP replies parsed by lines have a CR at each end.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"; kill "$peer" 2>/dev/null || true' EXIT
peer=
cd "$work"
apt-get -qq download tarantool=2.6.0-1.2+b1 lua-socket=3.1.0-1+b1 libreadline8 2>/dev/null
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
    connection.sendall(b"line\r\nrest")
PYTHON
mkfifo port
python3 peer.py > port &
peer=$!
read -r number < port
cat > run.lua <<'LUA'
local number = tonumber(arg[1])
local socket = require("socket")
package.path = arg[2] .. "/?.lua;" .. package.path
print("socket.select:", socket.select)
print("socket.http:", (select(2, pcall(require, "socket.http")):gsub("^.*: ", "")))
local client = socket.tcp()
client:settimeout(1)
client:connect("127.0.0.1", number)
print("*l:", ("%q"):format(client:receive("*l")))
print("*a, peer still connected:", client:receive("*a"))
print("close:", (pcall(client.close, client)), "again:", (pcall(client.close, client)))
os.exit(0)
LUA
timeout 30 root/usr/bin/tarantool run.lua "$number" "$work/root/usr/share/lua/5.1" | tee seen
cat > expected <<'EXPECTED'
socket.select:	nil
socket.http:	attempt to index field 'sourcet' (a nil value)
*l:	"line\13"
*a, peer still connected:	rest
close:	true	again:	false
EXPECTED
diff expected seen && echo "as described: Tarantool 2.6.0"
