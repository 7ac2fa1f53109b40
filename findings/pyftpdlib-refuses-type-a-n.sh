#!/usr/bin/env bash
# pyftpdlib refuses the transfer type that every FTP server must have.
#
# Guess:  "TYPE A N" is the long form of "TYPE A" and the least that RFC 959 section 5.1 asks of a server ("ASCII Non-print").
# Seen (pyftpdlib 2.2.0): 504 Unsupported type "A N". And "EPSV ALL" is answered with 220, the code of a greeting. OPTS MLST
#         outlives REIN: the next user gets the facts that the last one chose.
# Who meets it: old FTP clients (of mainframes and devices) write the form out and give up.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"; kill "$server" 2>/dev/null || true' EXIT
server=
cd "$work"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check pyftpdlib==2.2.0
mkdir shared
cat > server.py <<'PYTHON'
import logging

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer

logging.disable(logging.CRITICAL)
authorizer = DummyAuthorizer()
authorizer.add_user("user", "password", "shared")
FTPHandler.authorizer = authorizer
server = FTPServer(("127.0.0.1", 0), FTPHandler)
print(server.address[1], flush=True)
server.serve_forever()
PYTHON
mkfifo port
environment/bin/python server.py > port 2>/dev/null &
server=$!
read -r number < port
exec 3<>"/dev/tcp/127.0.0.1/$number"
answer() {
    local line
    read -r line <&3
    while [[ $line =~ ^[0-9]{3}- || ! $line =~ ^[0-9]{3} ]]; do
        [[ $line == *MLST\ type* ]] && printf '%s\n' "${line%%$'\r'}"
        read -r line <&3
    done
    printf '%s\n' "${line%%$'\r'}"
}
answer >/dev/null
for command in "USER user" "PASS password" "TYPE A" "TYPE A N" "OPTS MLST size;" "REIN" "USER user" "PASS password" "FEAT" "EPSV ALL"; do
    printf '%s\r\n' "$command" >&3
    printf '%s: %s\n' "$command" "$(answer | tr '\n' ' ')"
done | grep -E '^(TYPE|FEAT|EPSV)' | tee seen
cat > expected <<'EXPECTED'
TYPE A: 200 Type set to: ASCII. 
TYPE A N: 504 Unsupported type "A N". 
FEAT: MLST type;perm;size*;modify;unique;unix.mode;unix.uid;unix.gid; 211 End FEAT. 
EPSV ALL: 220 Other commands other than EPSV are now disabled. 
EXPECTED
diff expected seen && echo "as described: pyftpdlib 2.2.0"
