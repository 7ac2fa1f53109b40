#!/usr/bin/env bash
# Prosody's JSON schema takes any text for a pattern, refuses {"a":1} where {"a":1} is the constant, and measures text in bytes.
#
# Guess:  util.jsonschema agrees with another validator of JSON Schema, or says which keyword it does not know. "const" compares
#         objects by their members, "maxLength" counts characters (JSON Schema Validation 2020-12 sections 6.1.3 and 6.3.1).
# Seen (prosody 0.12.3-1+deb12u1 on Lua 5.4, beside jsonschema 4.25.1 of Python): "pattern", "dependentRequired", "minProperties" and
#         "minContains" are not looked at, without a word. No object equals a "const", and "uniqueItems" does not see that
#         one comes twice. [] is an object. "maxLength" counts bytes.
# Who meets it: modules that check a request's JSON with a schema that was tried with another tool.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download prosody=0.12.3-1+deb12u1 lua5.4=5.4.4-3+deb12u1 libidn12 libicu72 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check jsonschema==4.25.1
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu"
cat > cases <<'CASES'
{"type":"integer"}	"1"
{"type":"integer"}	1.0
{"pattern":"^a"}	"b"
{"dependentRequired":{"a":["b"]}}	{"a":1}
{"minProperties":1}	{}
{"const":{"a":1}}	{"a":1}
{"uniqueItems":true}	[{"a":1},{"a":1}]
{"type":"object"}	[]
{"maxLength":1}	"é"
{"contains":{"const":2},"minContains":0}	[1]
CASES
cat > check.lua <<'LUA'
package.path, package.cpath = "root/usr/lib/prosody/?.lua", "root/usr/lib/prosody/?.so"
local json, schema = require("util.json"), require("util.jsonschema")
for line in io.lines("cases") do
    local rule, value = line:match("(.*)\t(.*)")
    print(schema.validate(json.decode(rule), json.decode(value)) and "valid" or "invalid")
end
LUA
cat > check.py <<'PYTHON'
import json
from jsonschema import Draft202012Validator

for line in open("cases", encoding="utf-8"):
    rule, value = map(json.loads, line.split("\t"))
    print("valid" if Draft202012Validator(rule).is_valid(value) else "invalid")
PYTHON
root/usr/bin/lua5.4 check.lua > prosody
environment/bin/python check.py > python
paste cases prosody python | tee seen
cat > expected <<'EXPECTED'
{"type":"integer"}	"1"	invalid	invalid
{"type":"integer"}	1.0	valid	valid
{"pattern":"^a"}	"b"	valid	invalid
{"dependentRequired":{"a":["b"]}}	{"a":1}	valid	invalid
{"minProperties":1}	{}	valid	invalid
{"const":{"a":1}}	{"a":1}	invalid	valid
{"uniqueItems":true}	[{"a":1},{"a":1}]	valid	invalid
{"type":"object"}	[]	valid	invalid
{"maxLength":1}	"é"	invalid	valid
{"contains":{"const":2},"minContains":0}	[1]	invalid	valid
EXPECTED
diff expected seen && echo "as described: prosody 0.12.3, jsonschema 4.25.1"
