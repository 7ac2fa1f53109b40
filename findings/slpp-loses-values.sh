#!/usr/bin/env bash
# Two Python libraries read tables of Lua and drop values, powers of ten and signs; what they write, Lua cannot always read.
#
# Guess:  a table without functions or variables comes back as in Lua, or is refused. ";" separates fields as "," does (Lua
#         manual, section 3.4.9), 1e3 is a number, "-0x1F" is minus 31. The text that an encoder writes can be loaded.
# Seen (SLPP 1.2.3, luadata 1.0.5): SLPP reads {1; 2; n=2} as {"n": 2}, so that two values are gone, 1e3 as 3, and "- 3"
#         as 3. {x=-0x1F} becomes {"x": 0, 1: "x1F"}. It writes a newline and a backslash into a string as they are.
#         luadata refuses these four, but writes the key "end" without brackets, and neither knows "\65".
# Who meets it: tools that read saved variables of games, rockspecs or Lua configuration files from Python.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check SLPP==1.2.3 luadata==1.0.5
apt-get -qq download lua5.4=5.4.4-3+deb12u1 2>/dev/null
dpkg-deb -x lua5.4_*.deb root
cat > run.py <<'PYTHON'
import subprocess

import luadata
from slpp import slpp


def attempt(function, text):
    try:
        return function(text)
    except Exception as problem:
        return type(problem).__name__


for text in ("{1; 2; n=2}", "{1e3}", "{- 3}", "{x=-0x1F}", r'{"\65"}'):
    print(text, "SLPP:", attempt(slpp.decode, text), "luadata:", attempt(luadata.unserialize, text))
for name, write in (("SLPP", slpp.encode), ("luadata", luadata.serialize)):
    for value in ({"text": "two\nlines"}, {"path": "C:\\"}, {"end": 1}):
        loaded = subprocess.run(["root/usr/bin/lua5.4", "-"], input="local t = " + write(value), text=True,
                                capture_output=True)
        print(name, value, "loads" if loaded.returncode == 0 else "does not load")
PYTHON
environment/bin/python run.py 2>/dev/null | grep -v '^Malformed' | tee seen
cat > expected <<'EXPECTED'
{1; 2; n=2} SLPP: {'n': 2} luadata: Exception
{1e3} SLPP: [3] luadata: Exception
{- 3} SLPP: [3] luadata: ValueError
{x=-0x1F} SLPP: {'x': 0, 1: 'x1F'} luadata: Exception
{"\65"} SLPP: ['\\65'] luadata: ['\\65']
SLPP {'text': 'two\nlines'} does not load
SLPP {'path': 'C:\\'} does not load
SLPP {'end': 1} loads
luadata {'text': 'two\nlines'} loads
luadata {'path': 'C:\\'} loads
luadata {'end': 1} does not load
EXPECTED
diff expected seen && echo "as described: SLPP 1.2.3, luadata 1.0.5"
