#!/usr/bin/env bash
# luaparser writes a double minus as a comment, and drops <close>.
#
# Guess:  ast.to_lua_source(ast.parse(source)) is a program that does the same. It keeps parentheses with care.
# Seen (luaparser 4.2.0, Lua 5.4 in lupa 2.8): "- -x" becomes "--x", a comment, so "y = - -x" takes the next line for
#         its value. <close> and <const> are left out: the file that should be closed stays open. 0xffffffffffffffff
#         (-1) becomes the decimal 18446744073709551615, a float. A long string that holds "]]" is cut there, and the
#         result is no Lua.
# Who meets it: obfuscators, linters with fixes and translators built on it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check luaparser==4.2.0 lupa==2.8
cat > run.py <<'PYTHON'
from lupa import lua54
from luaparser import ast


def run(source):
    try:
        return repr(lua54.LuaRuntime().execute(source))
    except lua54.LuaError:
        return "no Lua"


for source in [
    "local x = 5\nlocal y = -(-x)\nreturn y",
    "local x = 5\nlocal y = - -x\ntostring(7)\nreturn y",
    "local s = 'open'\ndo local f <close> = setmetatable({}, { __close = function() s = 'shut' end }) end\nreturn s",
    "return 0xffffffffffffffff",
    "return [==[a]]b]==]",
]:
    print(repr(source), run(source), "->", run(ast.to_lua_source(ast.parse(source))))
PYTHON
environment/bin/python run.py | tee seen
cat > expected <<'EXPECTED'
'local x = 5\nlocal y = -(-x)\nreturn y' 5 -> 5
'local x = 5\nlocal y = - -x\ntostring(7)\nreturn y' 5 -> '7'
"local s = 'open'\ndo local f <close> = setmetatable({}, { __close = function() s = 'shut' end }) end\nreturn s" 'shut' -> 'open'
'return 0xffffffffffffffff' -1 -> 1.8446744073709552e+19
'return [==[a]]b]==]' 'a]]b' -> no Lua
EXPECTED
diff expected seen && echo "as described: luaparser 4.2.0"
