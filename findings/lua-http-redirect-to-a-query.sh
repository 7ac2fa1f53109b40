#!/usr/bin/env bash
# lua-http forgets the path when a redirect names a query alone.
#
# Guess:  "Location: ?page=2" in the answer to /a/b leads to /a/b?page=2 (RFC 3986 section 5.2.2: an empty path keeps the
#         path of the base).
# Seen (lua-http 0.4-1): it asks for /?page=2.
# Who meets it: paging and login forms answer with such a Location. The request ends at the front page, with status 200.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"; kill "$server" 2>/dev/null || true' EXIT
server=
cd "$work"
apt-get -qq download lua-http=0.4-1 lua-cqueues=20200726-1+b1 lua-luaossl=20220711-1 lua-lpeg=1.0.2-2 \
    lua-lpeg-patterns=0.4-1.1 lua-binaryheap=0.4-2 lua-fifo=0.2-3.1 lua-basexx=0.3-2.1 lua-compat53=0.7-2 \
    lua-bit32=5.3.0-4 lua5.1=5.1.5-9 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LUA_PATH="$work/root/usr/share/lua/5.1/?.lua;$work/root/usr/share/lua/5.1/?/init.lua"
export LUA_CPATH="$work/root/usr/lib/x86_64-linux-gnu/lua/5.1/?.so"
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu"
cat > server.py <<'PYTHON'
import http.server


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open("asked", "a") as asked:
            asked.write(self.path + "\n")
        self.send_response(302 if self.path == "/a/b" else 200)
        if self.path == "/a/b":
            self.send_header("Location", "?page=2")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
PYTHON
mkfifo port
python3 server.py > port &
server=$!
read -r number < port
"$work/root/usr/bin/lua5.1" - "$number" <<'LUA'
local number = ...
assert(require("http.request").new_from_uri("http://127.0.0.1:" .. number .. "/a/b"):go(10))
LUA
curl -sL -o /dev/null "http://127.0.0.1:$number/a/b"
cat asked
printf '/a/b\n/?page=2\n/a/b\n/a/b?page=2\n' > expected
diff expected asked && echo "as described: lua-http 0.4-1 (the first two lines), curl beside it (the last two)"
