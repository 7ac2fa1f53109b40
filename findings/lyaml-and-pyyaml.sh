#!/usr/bin/env bash
# lyaml and PyYAML cannot exchange some strings.
#
# Guess:  a string that one writes is the same string in the other: both quote what would be read as something else.
# Seen (lyaml 6.2.8-2 on Lua 5.3, PyYAML 6.0.3): lyaml writes the strings "=" and "<<" without quotes, and safe_load
#         raises ConstructorError for them. It writes "2001-12-14" without quotes as well, which becomes a
#         datetime.date. The other way, PyYAML writes the key "<<" in quotes, and lyaml takes it for a merge all the
#         same and raises. Bytes arrive as the text of their base64.
# Who meets it: settings that a Lua program saves and a Python program reads. One "=" among the values, and the whole
#         file fails.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download lua-yaml=6.2.8-2 libyaml-0-2=0.2.5-1 lua5.3=5.3.6-2 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check PyYAML==6.0.3
export LUA_PATH="$work/root/usr/share/lua/5.3/?.lua;$work/root/usr/share/lua/5.3/?/init.lua"
export LUA_CPATH="$work/root/usr/lib/x86_64-linux-gnu/lua/5.3/?.so"
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu"
cat > write.lua <<'LUA'
local lyaml = require("lyaml")
for _, text in ipairs({ "yes", "=", "<<", "2001-12-14" }) do
    local file = assert(io.open("from-lua.yaml", "w"))
    file:write(lyaml.dump({ text }))
    file:close()
    io.write(("%q in PyYAML: "):format(text))
    io.flush()
    os.execute("environment/bin/python read.py")
end
LUA
cat > read.py <<'PYTHON'
import yaml

try:
    print(repr(yaml.safe_load(open("from-lua.yaml"))))
except yaml.YAMLError as error:
    print("raises", type(error).__name__)
PYTHON
cat > read.lua <<'LUA'
local lyaml = require("lyaml")
local ok, result = pcall(lyaml.load, io.read("a"))
if ok then
    print(arg[1] .. " in lyaml:", (("%q"):format(result.value or result["<<"]):gsub("\\\n", "\\n")))
else
    print(arg[1] .. " in lyaml:", "raises " .. result:gsub("^.-%d: ", ""))
end
LUA
from_python() { environment/bin/python -c "import yaml; print(yaml.safe_dump($1))"; }
{
    root/usr/bin/lua5.3 write.lua
    from_python '{"value": "="}' | root/usr/bin/lua5.3 read.lua 'the value "="'
    from_python '{"<<": "="}' | root/usr/bin/lua5.3 read.lua 'the key "<<"'
    from_python '{"value": b"\xff\x00"}' | root/usr/bin/lua5.3 read.lua 'two bytes'
} | tee seen
cat > expected <<'EXPECTED'
"yes" in PyYAML: 'yes'
"=" in PyYAML: raises ConstructorError
"<<" in PyYAML: raises ConstructorError
"2001-12-14" in PyYAML: datetime.date(2001, 12, 14)
the value "=" in lyaml:	"="
the key "<<" in lyaml:	raises invalid '<<' merge event: =
two bytes in lyaml:	"/wA=\n"
EXPECTED
diff expected seen && echo "as described: lyaml 6.2.8, PyYAML 6.0.3"
