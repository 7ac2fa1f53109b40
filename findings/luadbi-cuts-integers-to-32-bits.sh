#!/usr/bin/env bash
# LuaDBI reads an SQLite integer in 32 bits, and text and blobs up to the first zero byte.
#
# Guess:  an INTEGER column of SQLite has 64 bits, so a time in milliseconds or a size of 3 GB arrives whole, at least as a
#         float. A blob is a Lua string of all its bytes, in both directions.
# Seen (lua-dbi-sqlite3 0.7.2-4, Lua 5.1, 5.3 and 5.4): 1764496800000 is -734758656, 3000000000 is -1294967296, and 2^32 is
#         0. No error. "ab", a zero byte and more is "ab", and of "p", zero, "q" as a parameter one byte is stored. An
#         integer of Lua 5.3 is stored as a float. LuaSQL 2.6.0 reads all of the values whole.
# Who meets it: programs that keep times in milliseconds, sizes of files or hashes in a database. In other databases, and
#         up to 2038 in seconds, the same code is right.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download lua-dbi-sqlite3=0.7.2-4 lua-dbi-common=0.7.2-4 lua-sql-sqlite3=2.6.0-2 libsqlite3-0 lua5.1=5.1.5-9 \
    lua5.3=5.3.6-2 lua5.4=5.4.4-3+deb12u1 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu"
cat > run.lua <<'LUA'
local values = "1764496800000, 3000000000, 4294967296, 2147483647, length(x'6162006364'), x'6162006364'"
local connection = assert(require("DBI").Connect("SQLite3", ":memory:"))

local function show(name, row)
  for index, value in ipairs(row) do
    row[index] = type(value) == "number" and string.format("%.0f", value) or string.format("%q", value):gsub("\\000", "\\0")
  end
  print(name, table.concat(row, " "))
end

local function fetch(text, ...)
  local statement = assert(connection:prepare(text))
  assert(statement:execute(...))
  return statement:fetch(false)
end

show("LuaDBI reads", fetch("select " .. values))
show("LuaDBI writes", fetch("select typeof(?), length(?), length(cast(? as blob))", 3, "p\0q", "p\0q"))
show("LuaSQL reads", require("luasql.sqlite3").sqlite3():connect(":memory:"):execute("select " .. values):fetch({}, "n"))
LUA
for version in 5.1 5.3 5.4; do
    echo "Lua $version"
    LUA_PATH="$work/root/usr/share/lua/$version/?.lua" LUA_CPATH="$work/root/usr/lib/x86_64-linux-gnu/lua/$version/?.so" \
        "root/usr/bin/lua$version" run.lua
done | tee seen
cat > expected <<'EXPECTED'
Lua 5.1
LuaDBI reads	-734758656 -1294967296 0 2147483647 5 "ab"
LuaDBI writes	"real" 1 3
LuaSQL reads	1764496800000 3000000000 4294967296 2147483647 5 "ab\0cd"
EXPECTED
for version in 5.3 5.4; do sed "s/^Lua 5.1/Lua $version/" expected; done > others
cat others >> expected
diff expected seen && echo "as described: LuaDBI 0.7.2"
