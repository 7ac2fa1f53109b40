#!/usr/bin/env bash
# In wasmoon, Lua cannot read a property of a JavaScript object when it is null.
#
# Guess:  obj.missing and obj.empty are both nil in Lua when the property is absent or null.
# Seen (wasmoon 1.16.0, Lua 5.4 in WebAssembly): an absent one is nil. Reading one that holds null raises "TypeError: Cannot
#         read properties of null (reading 'then')": the bridge asks every value whether it is a promise. A null in an array
#         raises just so, in the middle of a loop over it.
# Who meets it: anything parsed from JSON has nulls.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --prefix . wasmoon@1.16.0 >/dev/null
cat > run.js <<'JAVASCRIPT'
const { LuaFactory } = require('wasmoon');
(async () => {
    const engine = await new LuaFactory().createEngine();
    engine.global.set('answer', JSON.parse('{"name": "x", "parent": null, "list": [10, null, 30]}'));
    for (const code of [
        'return tostring(answer.absent)',
        'return answer.parent == nil',
        'return answer.list[2] == nil',
    ]) {
        try {
            console.log(code, '->', await engine.doString(code));
        } catch (error) {
            console.log(code, '-> raises', error.message.split('\n')[0]);
        }
    }
    engine.global.close();
})();
JAVASCRIPT
node run.js | tee seen
cat > expected <<'EXPECTED'
return tostring(answer.absent) -> nil
return answer.parent == nil -> raises TypeError: Cannot read properties of null (reading 'then')
return answer.list[2] == nil -> raises TypeError: Cannot read properties of null (reading 'then')
EXPECTED
diff expected seen && echo "as described: wasmoon 1.16.0"
