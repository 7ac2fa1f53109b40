#!/usr/bin/env bash
# A PHP list that goes through LuaSandbox and back is no list any more, and its first element comes last.
#
# Guess:  "return ..." called with [10, 20, 30] gives [10, 20, 30], in some numbering: 0 to 2 as before, or 1 to 3 as in
#         Lua.
# Seen (php-luasandbox 4.1.0-1+b1, PHP 8.2.36): the keys stay 0 to 2, so in Lua #list is 2 and table.concat skips the
#         first. Back in PHP, the order of the keys is 1, 2, 0: foreach begins with the second element, and json_encode
#         writes an object, not an array. A null in the list is gone. Lua sorts 1 to 2 alone. An integer above 2^53
#         comes back as a float with another value.
# Who meets it: hosts that hand lists to scripts and send the answer on as JSON, without touching it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download php-luasandbox=4.1.0-1+b1 php8.2-cli=8.2.36-1~deb12u1 liblua5.1-0=5.1.5-9 \
    libsodium23=1.0.18-1+deb12u1 libargon2-1 libxml2 libicu72=72.1-3+deb12u1 libpcre2-8-0 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu"
cat > run.php <<'PHP'
<?php
$sandbox = new LuaSandbox;
function run($code, $list) {
    global $sandbox;
    $results = $sandbox->loadString($code)->call($list);
    echo $code, ' of ', json_encode($list), ' is ', json_encode($results[0]), "\n";
    return $results[0];
}
$back = run('return ...', [10, 20, 30]);
echo 'foreach: ', implode(' ', $back), "\n";
run('return ...', ['a' => ['x', 'y']]);
run('return ...', [null, 1]);
run('return #...', [10, 20, 30]);
run('return table.concat(..., " ")', [10, 20, 30]);
run('local list = ... table.sort(list) return list', [30, 20, 10]);
run('return ...', 9007199254740993);
PHP
root/usr/bin/php8.2 -n -d extension="$(echo "$work"/root/usr/lib/php/*/luasandbox.so)" run.php | tee seen
cat > expected <<'EXPECTED'
return ... of [10,20,30] is {"1":20,"2":30,"0":10}
foreach: 20 30 10
return ... of {"a":["x","y"]} is {"a":{"1":"y","0":"x"}}
return ... of [null,1] is {"1":1}
return #... of [10,20,30] is 2
return table.concat(..., " ") of [10,20,30] is "20 30"
local list = ... table.sort(list) return list of [30,20,10] is {"1":10,"2":20,"0":30}
return ... of 9007199254740993 is 9007199254740992
EXPECTED
diff expected seen && echo "as described: php-luasandbox 4.1.0"
