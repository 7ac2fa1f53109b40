#!/usr/bin/env bash
# TypeScriptToLua gives all functions of a loop one variable, and writes the half of four as "2.0".
#
# Guess:  a function made in "for (let i = 0; ...)" keeps its own i, as in JavaScript and as in a for loop of Lua itself. With
#         Lua 5.3 for a target, `page ${4 / 2}` is "page 2": the compiler knows types and targets.
# Seen (typescript-to-lua 1.37.1, Lua 5.3): three functions made in the loop all return 3, those of "for ... of" 0, 1 and 2. 4 /
#         2 is "2.0" in a template, in a sum of strings and in join(), so the key made of it is another one. 1 << 31 is
#         positive. A NaN as a key of a Map raises. No warning in any.
# Who meets it: mods and scripts that set up handlers in a loop: each button does what the last one should.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --prefix . typescript-to-lua@1.37.1 typescript@6.0.2 >/dev/null
apt-get -qq download lua5.3=5.3.6-2 2>/dev/null
dpkg-deb -x lua5.3_*.deb root
cat > run.ts <<'TYPESCRIPT'
declare function print(this: void, ...values: unknown[]): void;

function attempt(name: string, run: () => unknown) {
    let result;
    try { result = run(); } catch (problem) { result = "raises"; }
    print(name, result);
}

const counted: (() => number)[] = [];
for (let i = 0; i < 3; i++) counted.push(() => i);
const listed: (() => number)[] = [];
for (const i of [0, 1, 2]) listed.push(() => i);
attempt("for:", () => counted.map(get => get()).join(" "));
attempt("for of:", () => listed.map(get => get()).join(" "));
attempt("template:", () => `page ${4 / 2}`);
attempt("sum:", () => "page" + 4 / 2);
attempt("join:", () => [4 / 2, 9 / 3].join(" "));
attempt("shift:", () => 1 << 31);
attempt("Map:", () => new Map([[NaN, "value"]]).get(NaN));
TYPESCRIPT
cat > tsconfig.json <<'JSON'
{ "compilerOptions": { "target": "ESNext", "lib": ["ESNext"], "strict": true, "types": [], "outDir": "lua" },
  "tstl": { "luaTarget": "5.3", "luaLibImport": "inline" }, "files": ["run.ts"] }
JSON
node_modules/.bin/tstl -p tsconfig.json
node_modules/.bin/tsc -p tsconfig.json --outDir javascript
(echo 'const print = console.log;'; cat javascript/run.js) > both.js
paste -d '|' <(node both.js) <(root/usr/bin/lua5.3 lua/run.lua | tr '\t' ' ') | sed 's/|[^:]*:/ in JavaScript, in Lua/' | tee seen
cat > expected <<'EXPECTED'
for: 0 1 2 in JavaScript, in Lua 3 3 3
for of: 0 1 2 in JavaScript, in Lua 0 1 2
template: page 2 in JavaScript, in Lua page 2.0
sum: page2 in JavaScript, in Lua page2.0
join: 2 3 in JavaScript, in Lua 2.0 3.0
shift: -2147483648 in JavaScript, in Lua 2147483648
Map: value in JavaScript, in Lua raises
EXPECTED
diff expected seen && echo "as described: typescript-to-lua 1.37.1"
