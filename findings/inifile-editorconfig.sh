#!/usr/bin/env bash
# inifile cannot read an .editorconfig, and turns names made of digits into other numbers.
#
# Guess:  a key above the first section goes to an unnamed section or to the result itself. A line may end in CR LF. A
#         value that looks like a number but would be written otherwise, such as a postal code, stays text.
# Seen (lua-inifile 1.0-3, Lua 5.3): the key above the sections raises "attempt to index a nil value", so nothing of the
#         file is read. The same error ends a file with CR LF, since its section lines are not recognized. 00123 becomes
#         123, and the commit 12e4567 becomes inf. With blanks around the equals sign, the value keeps its blank. An
#         empty value, and a key with a hyphen, vanish.
# Who meets it: .editorconfig files begin with "root = true". Files written on Windows have CR LF.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download lua-inifile=1.0-3 lua-filesystem=1.8.0-3 lua5.3=5.3.6-2 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LUA_PATH="$work/root/usr/share/lua/5.3/?.lua" LUA_CPATH="$work/root/usr/lib/x86_64-linux-gnu/lua/5.3/?.so"
cat > run.lua <<'LUA'
local inifile = require("inifile")
local function read(text)
    local file = assert(io.open("example.ini", "w"))
    file:write(text)
    file:close()
    local ok, result = pcall(inifile.parse, "example.ini")
    if not ok then return "raises " .. result:gsub("^.-:%d+: ", "") end
    local parts = {}
    for section, keys in pairs(result) do
        for key, value in pairs(keys) do
            parts[#parts + 1] = ("%s.%s = %s %q"):format(section, key, type(value), tostring(value))
        end
    end
    return table.concat(parts)
end
print("above the sections:", read("root = true\n[*]\nindent_size=4\n"))
print("CR LF:", read("[a]\r\nkey=1\r\n"))
print("postal code:", read("[a]\nzip=00123\n"))
print("commit:", read("[a]\ncommit=12e4567\n"))
print("blanks:", read("[a]\nname = Ann\n"))
print("empty:", read("[a]\nempty=\n"))
print("hyphen:", read("[a]\nuser-name=Ann\n"))
LUA
root/usr/bin/lua5.3 run.lua | tee seen
cat > expected <<'EXPECTED'
above the sections:	raises attempt to index a nil value (field '?')
CR LF:	raises attempt to index a nil value (field '?')
postal code:	a.zip = number "123"
commit:	a.commit = number "inf"
blanks:	a.name = string " Ann"
empty:	
hyphen:	
EXPECTED
diff expected seen && echo "as described: lua-inifile 1.0-3"
