#!/usr/bin/env bash
# One file with an access control list makes two FTP libraries fail on a whole listing; one of them dates files in the future.
#
# Guess:  "drwxr-xr-x+", as ls -l writes it for a file with an ACL, and a mode that ends in "T" are read like any other line.
#         "Dec 31 23:59" in a listing of November is last December: ls shows the time of day for the past half year alone.
# Seen (aioftp 0.28.3, ftputil 5.2.0): both raise for the plus sign, so the listing fails and not the line. aioftp raises for "T", too, and
#         reads "Dec 31 23:59" in November 2026 as a date one month ahead. "Feb 29 12:00" becomes a day in 2028 there; ftputil
#         raises for it outside leap years. npm's basic-ftp reads all of them.
# Who meets it: servers that pass the output of ls on.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check aioftp==0.28.3 ftputil==5.2.0
cat > run.py <<'PYTHON'
import datetime
import warnings

warnings.simplefilter("ignore")
import aioftp
from ftputil import stat

LINES = [
    "-rw-r--r--   1 user group     5 Jan  1  2020 plain",
    "drwxr-xr-x+  2 user group  4096 Jan  1  2020 list",
    "-rw-r--r-T   1 user group     5 Jan  1  2020 sticky",
]


def outcome(function, *arguments):
    try:
        function(*arguments)
        return "read"
    except Exception as error:
        return type(error).__name__


client = aioftp.Client()
for line in LINES:
    print(line.split()[0], "aioftp:", outcome(client.parse_list_line, line.encode()),
          "ftputil:", outcome(stat.UnixParser().parse_line, line))
november = datetime.datetime(2026, 11, 29)
for text in ("Dec 31 23:59", "Feb 29 12:00"):
    print(text, "aioftp:", aioftp.Client.parse_ls_date(text, now=november))
PYTHON
environment/bin/python run.py | tee seen
cat > expected <<'EXPECTED'
-rw-r--r-- aioftp: read ftputil: read
drwxr-xr-x+ aioftp: ValueError ftputil: ParserError
-rw-r--r-T aioftp: ValueError ftputil: read
Dec 31 23:59 aioftp: 20261231235900
Feb 29 12:00 aioftp: 20280229120000
EXPECTED
diff expected seen && echo "as described: aioftp 0.28.3, ftputil 5.2.0"
