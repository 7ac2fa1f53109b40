#!/usr/bin/env bash
# wget loses the login that curl has saved.
#
# Guess:  curl -c writes the cookie file that wget --load-cookies reads, since both name the format Netscape's.
# Seen (wget 1.21.3, curl 7.88.1): curl writes HttpOnly cookies as lines that begin with #HttpOnly_. wget takes these for
#         comments. It sends the other cookies and says nothing.
# Who meets it: session cookies are HttpOnly nearly everywhere, so just the one that matters is missing.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"; kill "$server" 2>/dev/null || true' EXIT
server=
cd "$work"
apt-get -qq download wget=1.21.3-1+deb12u1 curl=7.88.1-10+deb12u15 libcurl4=7.88.1-10+deb12u15 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu"
cat > server.py <<'PYTHON'
import http.server


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open("asked", "a") as asked:
            asked.write("%s %s\n" % (self.path, sorted(self.headers.get("Cookie", "").split("; "))))
        self.send_response(200)
        if self.path == "/login":
            self.send_header("Set-Cookie", "session=abc; HttpOnly; Path=/; Max-Age=3600")
            self.send_header("Set-Cookie", "theme=dark; Path=/; Max-Age=3600")
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
"$work/root/usr/bin/curl" -s -c cookies "http://127.0.0.1:$number/login"
"$work/root/usr/bin/curl" -s -b cookies "http://127.0.0.1:$number/curl"
"$work/root/usr/bin/wget" -q --load-cookies cookies -O /dev/null "http://127.0.0.1:$number/wget"
cat asked
cat > expected <<'EXPECTED'
/login ['']
/curl ['session=abc', 'theme=dark']
/wget ['theme=dark']
EXPECTED
diff expected asked && echo "as described: wget 1.21.3 with a cookie file of curl 7.88.1"
