#!/usr/bin/env bash
# One MessagePack library of Lua reads the largest number as -1 and a timestamp as nil, the other has no integers above 2^53.
#
# Guess:  what has no place in a Lua integer becomes a float or raises. A number that fits is kept. An extension type that is
#         not known raises, or its bytes arrive.
# Seen (lua-messagepack 0.5.2-1, lua-mpack 1.0.7-2, Lua 5.3): in lua-messagepack the unsigned 2^64-1 is -1 and 2^63 is the least
#         integer; a timestamp, and each other extension, is nil, without an error. In lua-mpack all numbers are floats: 2^53+1
#         loses its 1 in both directions, and the float 1.0 is written as an integer. A timestamp is its four bytes there.
# Who meets it: readers of what other languages write: hashes and ids of 64 bits, and times.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download lua-messagepack=0.5.2-1 lua-mpack=1.0.7-2 libmpack0 lua5.3=5.3.6-2 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LUA_PATH="$work/root/usr/share/lua/5.3/?.lua" LUA_CPATH="$work/root/usr/lib/x86_64-linux-gnu/lua/5.3/?.so"
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check msgpack==1.2.4
environment/bin/python - <<'PYTHON'
import msgpack

for name, value in (("unsigned", 2**64 - 1), ("half", 2**63), ("odd", 2**53 + 1), ("timestamp", msgpack.Timestamp(1796000000))):
    with open(name, "wb") as file:
        file.write(msgpack.packb(value))
PYTHON
cat > run.lua <<'LUA'
local libraries = { { "lua-messagepack", require "MessagePack" }, { "lua-mpack", require "mpack" } }

local function show(value)
  if math.type(value) then return string.format("%s %s", math.type(value), math.type(value) == "float" and
      string.format("%.0f", value) or value) end
  return type(value) == "string" and #value .. " bytes" or tostring(value)
end

for _, name in ipairs { "unsigned", "half", "odd", "timestamp" } do
  local text = io.open(name, "rb"):read "a"
  for _, library in ipairs(libraries) do print(name, library[1], show(library[2].unpack(text))) end
end
for _, value in ipairs { 9007199254740993, 1.0 } do
  for _, library in ipairs(libraries) do
    print(value, library[1], "writes", (library[2].pack(value):gsub(".", function(c) return string.format("%02x", c:byte()) end)))
  end
end
LUA
root/usr/bin/lua5.3 run.lua | tr '\t' ' ' | tee seen
cat > expected <<'EXPECTED'
unsigned lua-messagepack integer -1
unsigned lua-mpack float 18446744073709551616
half lua-messagepack integer -9223372036854775808
half lua-mpack float 9223372036854775808
odd lua-messagepack integer 9007199254740993
odd lua-mpack float 9007199254740992
timestamp lua-messagepack nil
timestamp lua-mpack 4 bytes
9007199254740993 lua-messagepack writes cf0020000000000001
9007199254740993 lua-mpack writes cf0020000000000000
1.0 lua-messagepack writes cb3ff0000000000000
1.0 lua-mpack writes 01
EXPECTED
diff expected seen && echo "as described: lua-messagepack 0.5.2, lua-mpack 1.0.7"
