#!/usr/bin/env bash
# rspamd's Lua writes one ten-millionth into JSON as 0.000000.
#
# Guess:  ucl.to_format(value, "json-compact") keeps a number (0.30000000000000004 included, with 17 digits), and
#         escapes a control character as \u0001. ucl.parser reads any JSON object, so an empty key and 1e-7 come back as
#         they were.
# Seen (rspamd 3.4-1, rspamadm lua): floats have six decimals, so 1e-7 is 0.000000 and a third is 0.333333. Yet 1e-300
#         stays 1e-300. Control characters become \uFFFD: the escape sequence of a terminal colour is lost, U+007F as
#         well. {"":1} and -9223372036854775808 are refused.
# Who meets it: rspamd's scripts that pass JSON to other services: small probabilities and rates become zero.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download rspamd=3.4-1 libhyperscan5=5.4.0-2 libicu72=72.1-3+deb12u1 libsodium23=1.0.18-1+deb12u1 \
    libunwind8=1.6.2-3 libluajit2-5.1-2=2.1-20230119-1 libglib2.0-0=2.74.6-2+deb12u9 libsqlite3-0 \
    libpcre2-8-0 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu:$work/root/usr/lib/rspamd"
cat > run.lua <<'LUA'
local ucl = require("ucl")
for _, text in ipairs({ '{"a":[1.5,"b"]}', "[1e-7]", "[0.30000000000000004]", "[1e-300]", '["\\u001b[0m"]',
    '["\\u007f"]', '["\\u0000"]', '{"":1}', "[-9223372036854775808]" }) do
    local parser = ucl.parser()
    local ok, message = parser:parse_string(text)
    print(text, ok and ucl.to_format(parser:get_object(), "json-compact") or "refused: " .. message:match("'(.-)'"))
end
print("1/3", (ucl.to_format({ 1 / 3 }, "json-compact")))
LUA
root/usr/bin/rspamadm lua run.lua | tee seen
cat > expected <<'EXPECTED'
{"a":[1.5,"b"]}	{"a":[1.500000,"b"]}
[1e-7]	[0.000000]
[0.30000000000000004]	[0.300000]
[1e-300]	[1e-300]
["\u001b[0m"]	["\uFFFD[0m"]
["\u007f"]	["\uFFFD"]
["\u0000"]	["\u0000"]
{"":1}	refused: empty keys are not allowed
[-9223372036854775808]	refused: numeric value out of range
1/3	[0.333333]
EXPECTED
diff expected seen && echo "as described: rspamd 3.4"
