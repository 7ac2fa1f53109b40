#!/usr/bin/env bash
# basic-ftp downloads nothing, and says nothing, when a server writes "Type=Dir". aioftp stops at two replies of the RFCs.
#
# Guess:  "type=dir", "Type=Dir" and "Type=File" are the same: RFC 3659 section 7.5.1 writes "File" itself, in ABNF, which ignores
#         case. PASS may be answered with 202 (RFC 959 section 5.4), and a client looks for the numbers of a 227 reply, not
#         for parentheses (RFC 1123 section 4.1.2.6).
# Seen (basic-ftp 6.2.6, aioftp 0.28.3): basic-ftp takes "Type=File" and "Type=Dir" for unknown, so downloadToDir saves no file
#         and ends well. aioftp raises for 202 and for a 227 without parentheses. basic-ftp reads these two, and Python's
#         ftplib as well.
# Who meets it: mirrors and backups of servers that are not among the usual ones.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --prefix . basic-ftp@6.2.6 >/dev/null
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check aioftp==0.28.3
cat > basic-ftp.js <<'JAVASCRIPT'
const { Client } = require("basic-ftp");
const { readdirSync } = require("fs");

async function main() {
    const client = new Client(5000);
    await client.access({ host: "127.0.0.1", port: Number(process.argv[2]), user: "user", password: "password" });
    await client.downloadToDir("saved");
    client.close();
}

main().then(() => "ends well", () => "raises").then(result => console.log(result, "saved:",
    readdirSync(".").includes("saved") ? readdirSync("saved").join(" ") : ""));
JAVASCRIPT
cat > run.py <<'PYTHON'
import asyncio
import ftplib
import shutil
import socket
import subprocess
import threading

import aioftp


def serve(connection, replies):
    def send(text):
        connection.sendall((text + "\r\n").encode())

    send("220 ready")
    inside = False
    for line in connection.makefile():
        verb, _, argument = line.strip().partition(" ")
        if verb == "CWD":
            inside = argument.endswith("sub")
        if verb in ("EPSV", "PASV"):
            data = socket.create_server(("127.0.0.1", 0))
            port = data.getsockname()[1]
        if verb in ("MLSD", "LIST", "RETR"):
            send("150 comes")
            stream, _ = data.accept()
            kind = replies.get("types", ("dir", "file"))
            stream.sendall({"MLSD": f"type={kind[0]}; sub\r\ntype={kind[1]};size=5; a.txt\r\n" if not inside else "",
                            "LIST": "-rw-r--r-- 1 u g 5 Jan  2  2026 a.txt\r\n", "RETR": "hello"}[verb].encode())
            stream.close()
        usual = {"USER": "331 password", "PASS": "230 in", "FEAT": "211-Features:\r\n MLST type*;size*;\r\n211 End",
                 "PWD": '257 "/"', "SYST": "215 UNIX Type: L8", "MLSD": "226 done", "LIST": "226 done",
                 "RETR": "226 done", "QUIT": "221 bye"}
        if verb == "EPSV":
            send("500 no" if "227" in replies else f"229 Extended (|||{port}|)")
        elif verb == "PASV":
            send(replies.get("227", "227 Passive (%s)") % f"127,0,0,1,{port >> 8},{port & 255}")
        else:
            send(replies.get(verb, usual.get(verb, "200 fine")))


def start(replies):
    listener = socket.create_server(("127.0.0.1", 0))

    def run():
        while True:
            connection = listener.accept()[0]
            threading.Thread(target=serve, args=(connection, replies), daemon=True).start()
    threading.Thread(target=run, daemon=True).start()
    return listener.getsockname()[1]


def with_ftplib(port):
    with ftplib.FTP() as client:
        client.connect("127.0.0.1", port, timeout=5)
        client.login("user", "password")
        client.retrbinary("RETR a.txt", lambda piece: None)


async def with_aioftp(port):
    async with aioftp.Client.context("127.0.0.1", port, "user", "password") as client:
        async with client.download_stream("a.txt") as stream:
            await stream.read()


def attempt(run):
    try:
        run()
        return "ends well"
    except Exception:
        return "raises"


for name, replies in {"usual": {}, "Type=Dir": {"types": ("Dir", "File")}, "202": {"PASS": "202 not needed"},
                      "227": {"227": "227 Entering Passive Mode %s"}}.items():
    shutil.rmtree("saved", ignore_errors=True)
    port = start(replies)
    seen = [("ftplib", attempt(lambda: with_ftplib(port))),
            ("aioftp", attempt(lambda: asyncio.run(with_aioftp(port))))]
    saved = subprocess.run(["node", "basic-ftp.js", str(port)], capture_output=True, text=True).stdout.strip()
    seen.append(("basic-ftp", saved))
    print(name + ":", ", ".join(" ".join(pair) for pair in seen))
PYTHON
timeout 100 environment/bin/python run.py 2>/dev/null | tee seen
cat > expected <<'EXPECTED'
usual: ftplib ends well, aioftp ends well, basic-ftp ends well saved: a.txt sub
Type=Dir: ftplib ends well, aioftp ends well, basic-ftp ends well saved:
202: ftplib ends well, aioftp raises, basic-ftp ends well saved: a.txt sub
227: ftplib ends well, aioftp raises, basic-ftp ends well saved: a.txt sub
EXPECTED
diff expected seen && echo "as described: basic-ftp 6.2.6, aioftp 0.28.3"
