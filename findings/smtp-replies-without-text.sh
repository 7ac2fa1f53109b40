#!/usr/bin/env bash
# swaks takes "251 User not local; will forward" for a refusal, and two mailers do not understand the reply "250".
#
# Guess:  251 to RCPT is a success (RFC 5321 section 4.3.2: S: 250, 251), so the mail is sent. A reply may be its three
#         digits alone: the text of "Reply-line" is optional (section 4.2), and clients look at the code, not at the
#         text.
# Seen (swaks 20201014.0-2, s-nail 14.9.24-2, nodemailer 10.6.1, aiosmtplib 5.1.3, Net::SMTP 3.14): after 251 swaks says
#         QUIT and exits with 24. When the server answers EHLO with "250" alone, swaks and s-nail give up with an error.
#         The others send the mail in both cases.
# Who meets it: tests of mail servers that are done with swaks, and senders to small servers and devices.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download swaks=20201014.0-2 s-nail=14.9.24-2 libidn12 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu" HOME="$work"
npm install --silent --no-audit --no-fund --prefix . nodemailer@10.6.1 >/dev/null
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check aiosmtplib==5.1.3
cat > mail.js <<'JAVASCRIPT'
const transport = require("nodemailer").createTransport({ host: "127.0.0.1", port: process.argv[2] });
transport.sendMail({ from: "a@from.test", to: "b@to.test", subject: "any", text: "any" }).finally(() => process.exit());
JAVASCRIPT
cat > mail.py <<'PYTHON'
import asyncio
import sys

import aiosmtplib

asyncio.run(aiosmtplib.send("To: b@to.test\n\nany", sender="a@from.test", recipients=["b@to.test"],
                            hostname="127.0.0.1", port=int(sys.argv[1]), start_tls=False))
PYTHON
cat > ask.py <<'PYTHON'
import socket
import subprocess
import sys
import threading

replies = {}
stored = []


def serve(connection):
    with connection, connection.makefile("rwb") as stream:
        def say(text):
            stream.write(text + b"\r\n")
            stream.flush()
        say(b"220 server.test ESMTP")
        while line := stream.readline():
            command = line[:4].upper()
            if command == b"DATA":
                say(b"354 go on")
                while stream.readline() not in (b".\r\n", b""):
                    pass
                stored.append(1)
            say(replies.get(command, b"250 server.test" if command == b"EHLO" else b"250 ok"))
            if command == b"QUIT":
                return


def handle(connection):
    try:
        serve(connection)
    except OSError:
        pass


def accept(listener):
    while True:
        threading.Thread(target=handle, args=(listener.accept()[0],), daemon=True).start()


listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=accept, args=(listener,), daemon=True).start()
port = str(listener.getsockname()[1])
PERL = """my $s = Net::SMTP->new("127.0.0.1", Port => $ARGV[0]) or exit 1;
$s->mail("a\\@from.test") && $s->to("b\\@to.test") && $s->data("any\\n"); $s->quit;"""
CLIENTS = {
    "swaks": ["perl", "root/usr/bin/swaks", "-s", "127.0.0.1", "-p", port, "-f", "a@from.test", "-t", "b@to.test"],
    "s-nail": ["root/usr/bin/s-nail", "-:/", "-Sv15-compat", "-Smta=smtp://127.0.0.1:" + port, "-Ssmtp-auth=none",
               "-Sfrom=a@from.test", "-Ssave=dead", "-s", "any", "b@to.test"],
    "nodemailer": ["node", "mail.js", port],
    "aiosmtplib": [sys.executable, "mail.py", port],
    "Net::SMTP": ["perl", "-MNet::SMTP", "-e", PERL, port],
}
CASES = {
    "ordinary": {},
    "251": {b"RCPT": b"251 User not local; will forward to <b@other.test>"},
    "250 alone": {b"EHLO": b"250", b"HELO": b"250", b"MAIL": b"250", b"RCPT": b"250"},
}
for client, command in CLIENTS.items():
    shown = []
    for case, replies in CASES.items():
        stored.clear()
        try:
            subprocess.run(command, input=b"any\n", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=15)
        except subprocess.TimeoutExpired:
            pass
        shown.append(case + ": " + ("sent" if stored else "not sent"))
    print(client + ": " + ", ".join(shown), flush=True)
PYTHON
environment/bin/python ask.py | tee seen
cat > expected <<'EXPECTED'
swaks: ordinary: sent, 251: not sent, 250 alone: not sent
s-nail: ordinary: sent, 251: sent, 250 alone: not sent
nodemailer: ordinary: sent, 251: sent, 250 alone: sent
aiosmtplib: ordinary: sent, 251: sent, 250 alone: sent
Net::SMTP: ordinary: sent, 251: sent, 250 alone: sent
EXPECTED
diff expected seen && echo "as described: swaks 20201014.0, s-nail 14.9.24"
