#!/usr/bin/env bash
# Luerl, Lua in Erlang, breaks an accented letter in string.lower, has an infinity with an end, and takes every date for now.
#
# Guess:  string.lower leaves the bytes of UTF-8 alone, as Lua does. Integers have 64 bits and wrap, since _VERSION says "Lua 5.3".
#         tonumber("10", 2) is the integer 2. No number is as large as math.huge. os.time and os.date look at the time that they
#         are given.
# Seen (luerl 1.0-2 on Erlang 25.2.3, beside Lua 5.3): lower reads Latin-1, so the byte C3 of "é" becomes E3 and the text is no UTF-8;
#         upper leaves the letter. Integers grow without end. Numbers that come from text are floats, and so is
#         select("#"). math.huge is the largest plain number. Each date, given or not, is the present one, and the format is ignored.
# Who meets it: services in Erlang that let their users write rules in Lua: names in small letters no longer match.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download erlang-base=1:25.2.3+dfsg-1+deb12u4 erlang-luerl=1:1.0-2 lua5.3=5.3.6-2 libsctp1 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export ROOTDIR="$work/root/usr/lib/erlang" EMU=beam PROGNAME=erl HOME="$work"
export BINDIR="$ROOTDIR/erts-13.1.5/bin"
cat > lines <<'LINES'
("\195\169"):upper():byte(1, 2)
("\195\169"):lower():byte(1, 2)
0xffffffffffffffff, 9223372036854775807 + 1, 1 << 64
tonumber("10"), tonumber("10", 2), "t" .. tonumber("10"), select("#", 1)
math.huge, math.huge > 1.7976931348623157e308
os.date("!%Y-%m-%d", 0) == "1970-01-01"
os.time({ year = 2000, month = 1, day = 1, hour = 12 }) < 1e9
_VERSION
LINES
{
    echo 'local function show(...)
        local text = ""
        for i = 1, select("#", ...) do text = text .. tostring((select(i, ...))) .. " " end
        print(text)
    end'
    while read -r line; do echo "show($line)"; done < lines
} > run.lua
"$BINDIR/erlexec" -noshell -pa "$ROOTDIR"/lib/luerl-*/ebin -eval '{ok, Code} = file:read_file("run.lua"), luerl:do(Code, luerl:init()), halt().' > luerl
root/usr/bin/lua5.3 run.lua > lua
paste -d '\n' lines luerl lua | sed 's/[[:space:]]*$//' | tee seen
cat > expected <<'EXPECTED'
("\195\169"):upper():byte(1, 2)
195 169
195 169
("\195\169"):lower():byte(1, 2)
227 169
195 169
0xffffffffffffffff, 9223372036854775807 + 1, 1 << 64
18446744073709551615 9223372036854775808 18446744073709551616
-1 -9223372036854775808 0
tonumber("10"), tonumber("10", 2), "t" .. tonumber("10"), select("#", 1)
10.0 2.0 t10 1.0
10 2 t10 1
math.huge, math.huge > 1.7976931348623157e308
1.7976931348623157e308 false
inf true
os.date("!%Y-%m-%d", 0) == "1970-01-01"
false
true
os.time({ year = 2000, month = 1, day = 1, hour = 12 }) < 1e9
false
true
_VERSION
Lua 5.3
Lua 5.3
EXPECTED
diff expected seen && echo "as described: luerl 1.0"
