#!/usr/bin/env bash
# Lua 5.5 does not compile Penlight's tablex, luacheck, WSAPI, Cosmo, mmdb, LDoc and markdown: they assign the variable of a loop.
#
# Guess:  libraries that run on four versions of Lua, and the tool that finds such mistakes, leave the variable of a for loop alone. One
#         that does not fails when its line is reached.
# Seen (Lua 5.5 and 5.4 of lupa 2.8; the versions of Debian 12): seven of seven do it, in the first variable, often to lower a name
#         or to copy a key. In 5.5 it is a constant, so the file does not even load: require("pl.tablex") fails, and with it what
#         stands on it. luacheck cannot start on 5.5 to say so.
# Who meets it: those who move a program to 5.5: the program's own code compiles, its libraries do not.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download lua-penlight=1.13.1-3 lua-check=1.1.0-1 lua-wsapi=1.6.1-2 lua-cosmo=13.01.30-3 lua-mmdb=0.1-1.1 lua-ldoc=1.4.6-2 \
    lua-markdown=0.32-6 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check lupa==2.8
cat > run.py <<'PYTHON'
from lupa import lua54, lua55

FILES = ["5.4/pl/tablex", "5.4/pl/seq", "5.4/pl/lapp", "5.4/pl/app", "5.1/luacheck/standards", "5.2/wsapi/request", "5.2/cosmo/fill",
         "5.3/mmdb/init", "5.4/ldoc/html", "5.1/markdown"]
states = [kind.LuaRuntime(encoding=None) for kind in (lua54, lua55)]
for file in FILES:
    code = open("root/usr/share/lua/" + file + ".lua", "rb").read()
    words = []
    for state in states:
        load = state.eval(b'function(code) local f, message = load(code, "=line") return f and "loads" or message end')
        words.append(load(code).decode())
    print(file[4:], *words, sep="\t")
PYTHON
environment/bin/python run.py | tee seen
cat > expected <<'EXPECTED'
pl/tablex	loads	line:106: attempt to assign to const variable 'k'
pl/seq	loads	line:129: attempt to assign to const variable 'v'
pl/lapp	loads	line:221: attempt to assign to const variable 'line'
pl/app	loads	line:197: attempt to assign to const variable 'k'
luacheck/standards	loads	line:134: attempt to assign to const variable 'field_name'
wsapi/request	loads	line:44: attempt to assign to const variable 'type'
cosmo/fill	loads	line:88: attempt to assign to const variable 'e'
mmdb/init	loads	line:420: attempt to assign to const variable 'u16'
ldoc/html	loads	line:49: attempt to assign to const variable 'tag'
markdown	loads	line:831: attempt to assign to const variable 'k'
EXPECTED
diff expected seen && echo "as described: Lua 5.5 of lupa 2.8"
