#!/usr/bin/env bash
# lupa throws the value of a Lua error away unless it is a string.
#
# Guess:  error({ code = 3 }) in Lua reaches Python as a LuaError that carries the table, or at least its tostring.
# Seen (lupa 2.8, Lua 5.1, 5.4 and LuaJIT): the LuaError has one argument, the empty string. The table is gone, __tostring
#         is not called. The number in error(42) does arrive, as text.
# Who meets it: structured errors are usual in Lua libraries. In Python nothing is left to log.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check lupa==2.8
cat > run.py <<'PYTHON'
from lupa import lua51, lua54, luajit21

for module in (lua51, lua54, luajit21):
    runtime = module.LuaRuntime()
    for code in ("error({ code = 3 })", "error(setmetatable({}, { __tostring = function() return 'text' end }))", "error(42, 0)"):
        try:
            runtime.execute(code)
        except module.LuaError as error:
            print(module.__name__, code.split("(")[1][:3], [str(part).split("\n")[0] for part in error.args])
PYTHON
environment/bin/python run.py | tee seen
cat > expected <<'EXPECTED'
lupa.lua51 { c ['']
lupa.lua51 set ['']
lupa.lua51 42, ['42']
lupa.lua54 { c ['']
lupa.lua54 set ['']
lupa.lua54 42, ['42']
lupa.luajit21 { c ['']
lupa.luajit21 set ['']
lupa.luajit21 42, ['42']
EXPECTED
diff expected seen && echo "as described: lupa 2.8"
