#!/usr/bin/env bash
# Five programs read one .netrc: a password with "#" is lost, or cut, or curl sends the word "machine" for it.
#
# Guess:  a password is the word behind "password", or the text in quotes, as curl's and Python's manuals say. "#"
#         begins a comment at the start of a line, if at all. The text of a macdef ends at the empty line, and is no
#         entry.
# Seen (curl 7.88.1-10+deb12u15, Python 3.11's netrc, npm's netrc 0.1.4, node-netrc 0.1.0 and netrc-parser 3.1.6): for
#         the password #b, curl sends the next word of the file, "machine". npm's netrc and node-netrc have neither a#b
#         nor #b, netrc-parser cuts at the "#". These three take the quotation mark and the first word of "a b" for the
#         password, and the text of a macdef for an entry. a\b is ab for Python. Python reads the others as they are
#         written.
# Who meets it: people whose new password has a "#": some of their tools stop to log in.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download curl=7.88.1-10+deb12u15 libcurl4=7.88.1-10+deb12u15 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu" HOME="$work"
npm install --silent --no-audit --no-fund --prefix . netrc@0.1.4 node-netrc@0.1.0 netrc-parser@3.1.6 >/dev/null
cat > .netrc <<'NETRC'
# names of the entries say what their passwords have
machine word.test login user password word
machine space.test login user password "a b"
machine hash.test login user password a#b
machine first.test login user password #b
machine next.test login other password word

machine backslash.test login user password a\b
macdef init
machine macro.test login none password none

machine last.test login user password word
NETRC
chmod 600 .netrc
cat > npm.js <<'JAVASCRIPT'
const [kind, name] = process.argv.slice(2);
let entry;
if (kind === "netrc") entry = require("netrc")(".netrc")[name];
if (kind === "node-netrc") entry = require("node-netrc")(name);
if (kind === "netrc-parser") {
    const file = new (require("netrc-parser").Netrc)(".netrc");
    file.loadSync();
    entry = file.machines[name];
}
console.log(entry ? entry.login + ":" + entry.password : "nothing");
JAVASCRIPT
cat > ask.py <<'PYTHON'
import base64
import http.server
import netrc
import subprocess
import threading

sent = []


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        value = self.headers.get("Authorization")
        sent.append(base64.b64decode(value.split()[1]).decode() if value else "nothing")
        self.send_response(200 if value else 401)
        if not value:
            self.send_header("WWW-Authenticate", 'Basic realm="any"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
proxy = "http://127.0.0.1:%d" % server.server_address[1]


def output(*command):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60)
    return result.stdout.decode().strip()


for kind in ("curl", "Python", "netrc", "node-netrc", "netrc-parser"):
    shown = []
    for entry in ("word", "space", "hash", "first", "next", "backslash", "macro", "last"):
        name = entry + ".test"
        sent[:] = ["nothing"]
        if kind == "curl":
            output("root/usr/bin/curl", "-s", "-n", "--noproxy", "", "-x", proxy, "http://%s/" % name)
        elif kind == "Python":
            found = netrc.netrc(".netrc").authenticators(name)
            sent.append("%s:%s" % (found[0], found[2]) if found else "nothing")
        else:
            sent.append(output("node", "npm.js", kind, name))
        shown.append("%s %s" % (entry, sent[-1].replace("user:", "")))
    print(kind + ": " + ", ".join(shown), flush=True)
PYTHON
env -u no_proxy -u NO_PROXY python3 ask.py | tee seen
cat > expected <<'EXPECTED'
curl: word word, space a b, hash a#b, first machine, next other:word, backslash a\b, macro nothing, last word
Python: word word, space a b, hash a#b, first #b, next other:word, backslash ab, macro nothing, last word
netrc: word word, space "a, hash nothing, first nothing, next other:word, backslash a\b, macro none:none, last word
node-netrc: word word, space "a, hash nothing, first nothing, next other:word, backslash a\b, macro none:none, last word
netrc-parser: word word, space "a, hash a, first , next other:word, backslash a\b, macro none:none, last word
EXPECTED
diff expected seen && echo "as described: curl 7.88.1, npm's netrc 0.1.4 and three more"
