#!/usr/bin/env bash
# luamin takes parentheses away that change the result, and renames _ENV.
#
# Guess:  the minified program prints what the program prints. luamin keeps the parentheses of (-2)^2 and a-(b-c).
# Seen (luamin 1.0.4, run on Lua 5.3): (f()) becomes f(), which passes on every result instead of one. With the bit
#         operators, which it reads and writes, the parentheses go as well: 5 - (1 << 1) is 3 and becomes 8, (1 | 2) & 4
#         is 0 and becomes 1. "local _ENV" is renamed like any local variable, so the assignments below it go to the
#         globals outside. No error from luamin in any.
# Who meets it: table.insert(t, (text:gsub(...))), the usual way to drop gsub's count, raises after minifying.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --prefix . luamin@1.0.4 >/dev/null
apt-get -qq download lua5.3=5.3.6-2 2>/dev/null
dpkg-deb -x lua5.3_*.deb root
cat > minify.js <<'JAVASCRIPT'
process.stdout.write(require('luamin').minify(process.argv[2]));
JAVASCRIPT
while read -r program; do
    small=$(node minify.js "$program")
    echo "$program"
    echo "    $small"
    for text in "$program" "$small"; do
        printf '    -> %s\n' "$(root/usr/bin/lua5.3 -e "$text" 2>&1 | head -n 1 | sed 's/^.*: //')"
    done
done <<'PROGRAMS' | tee seen
print((-2)^2, 5-(3-1))
local t = {} table.insert(t, (("a-b"):gsub("-", "+"))) print(t[1])
local function f() return 1, 2 end print(#{ (f()) })
print(5 - (1 << 1), (1 | 2) & 4)
do local _ENV = {} secret = 1 end print(secret)
PROGRAMS
cat > expected <<'EXPECTED'
print((-2)^2, 5-(3-1))
    print((-2)^2,5-(3-1))
    -> 4.0	3
    -> 4.0	3
local t = {} table.insert(t, (("a-b"):gsub("-", "+"))) print(t[1])
    local a={}table.insert(a,("a-b"):gsub("-","+"))print(a[1])
    -> a+b
    -> bad argument #2 to 'insert' (number expected, got string)
local function f() return 1, 2 end print(#{ (f()) })
    local function a()return 1,2 end;print(#{a()})
    -> 1
    -> 2
print(5 - (1 << 1), (1 | 2) & 4)
    print(5-1<<1,1|2&4)
    -> 3	0
    -> 8	1
do local _ENV = {} secret = 1 end print(secret)
    do local a={}secret=1 end;print(secret)
    -> nil
    -> 1
EXPECTED
diff expected seen && echo "as described: luamin 1.0.4"
