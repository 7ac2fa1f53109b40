#!/usr/bin/env bash
# fengari unpacks an unsigned number as a negative one, and has no collectgarbage("count").
#
# Guess:  fengari is Lua 5.3, so string.unpack("<I4", "\255\255\255\255") is 4294967295, os.time works for next decades,
#         and collectgarbage("count") returns some number.
# Seen (fengari 0.1.5): the unsigned format gives -1, because its integers have 32 bits. os.time of a day in 2039 raises an
#         error. collectgarbage, with "count" or without arguments, raises "lua_gc not implemented".
# Who meets it: parsers of binary formats get wrong lengths without an error. Test programs that call collectgarbage() stop.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --prefix . fengari@0.1.5 >/dev/null
cat > run.js <<'JAVASCRIPT'
const { lua, lauxlib, lualib, to_luastring, to_jsstring } = require('fengari');
for (const code of [
    'return (string.unpack("<I4", "\\255\\255\\255\\255"))',
    'return 2147483647 + 1',
    'return pcall(os.time, { year = 2039, month = 1, day = 1 }) and "a time" or "an error"',
    'return select(2, pcall(collectgarbage, "count"))',
]) {
    const L = lauxlib.luaL_newstate();
    lualib.luaL_openlibs(L);
    lauxlib.luaL_dostring(L, to_luastring(code));
    console.log(code, '->', to_jsstring(lauxlib.luaL_tolstring(L, -1)));
}
JAVASCRIPT
node run.js | tee seen
cat > expected <<'EXPECTED'
return (string.unpack("<I4", "\255\255\255\255")) -> -1
return 2147483647 + 1 -> -2147483648
return pcall(os.time, { year = 2039, month = 1, day = 1 }) and "a time" or "an error" -> an error
return select(2, pcall(collectgarbage, "count")) -> lua_gc not implemented
EXPECTED
diff expected seen && echo "as described: fengari 0.1.5"
