#!/usr/bin/env bash
# In Lua 5.5, an error without a value arrives as a string.
#
# Guess:  pcall(error) returns false and nil, as in Lua 5.1 to 5.4. error() is one way to leave quietly, and the handler
#         tells it from a real error by the nil.
# Seen (Lua 5.5, beside 5.1 to 5.4, all as shipped in lupa 2.8): 5.5 returns the string "<no error object>", from pcall,
#         coroutine.resume, assert(nil, nil), and in a __close method. Only the handler of xpcall still gets nil.
#         error(false) stays false.
# Who meets it: "if not message then" no longer holds after error(). A quiet end is reported to people as a failure.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check lupa==2.8
cat > run.py <<'PYTHON'
from lupa import lua51, lua52, lua53, lua54, lua55

CODE = r"""
local function shown(_, value) return type(value) .. " " .. tostring(value) end
local closed
pcall(function()
    local guard <close> = setmetatable({}, { __close = function(_, value) closed = shown(nil, value) end })
    error()
end)
local handler
xpcall(error, function(value) handler = shown(nil, value) end)
return table.concat({ "",
    "pcall: " .. shown(pcall(error)),
    "coroutine: " .. shown(coroutine.resume(coroutine.create(error))),
    "assert: " .. shown(pcall(assert, nil, nil)),
    "__close: " .. closed,
    "handler of xpcall: " .. handler,
    "error(false): " .. shown(pcall(error, false)),
}, "\n    ")
"""
for module in lua51, lua52, lua53, lua54, lua55:
    runtime = module.LuaRuntime()
    print(runtime.eval("_VERSION") + ":", runtime.execute("local _, value = pcall(error) return type(value)"))
for module in lua54, lua55:
    runtime = module.LuaRuntime()
    print(runtime.eval("_VERSION") + ":" + runtime.execute(CODE))
PYTHON
environment/bin/python run.py | tee seen
cat > expected <<'EXPECTED'
Lua 5.1: nil
Lua 5.2: nil
Lua 5.3: nil
Lua 5.4: nil
Lua 5.5: string
Lua 5.4:
    pcall: nil nil
    coroutine: nil nil
    assert: nil nil
    __close: nil nil
    handler of xpcall: nil nil
    error(false): boolean false
Lua 5.5:
    pcall: string <no error object>
    coroutine: string <no error object>
    assert: string <no error object>
    __close: string <no error object>
    handler of xpcall: nil nil
    error(false): boolean false
EXPECTED
diff expected seen && echo "as described: Lua 5.1 to 5.5 in lupa 2.8"
