#!/usr/bin/env bash
# Penlight's XML parser cuts names at a dot, and stops at a ">" in an attribute.
#
# Guess:  <org.example.item/> is an element of that name, <a b="x>y"/> has the attribute "x>y" (XML 1.0 forbids only "<"
#         there), a CDATA section is its text, and &#65; is "A".
# Seen (Penlight 1.13.1-3, Lua 5.3, the basic parser): the element's name is "org". The attribute raises "unclosed a".
#         The markup of the CDATA section becomes text, and so does &#65;, which is written back as &amp;#65;. A comment
#         that holds ">" swallows the text before it.
# Who meets it: the files of Java's and Android's tools name elements after packages. Writing such a document back
#         destroys it silently.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download lua-penlight=1.13.1-3 lua-filesystem=1.8.0-3 lua5.3=5.3.6-2 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LUA_PATH="$work/root/usr/share/lua/5.3/?.lua" LUA_CPATH="$work/root/usr/lib/x86_64-linux-gnu/lua/5.3/?.so"
cat > run.lua <<'LUA'
local xml = require("pl.xml")
for _, text in ipairs({ "<a b='1'>x &amp; y</a>", "<org.example.item/>", "<a b='x>y'/>", "<a><![CDATA[x]]></a>",
    "<a>&#65;</a>", "<a>text<!-- 2 > 1 --></a>" }) do
    local ok, document = pcall(xml.parse, text, false, true)
    print(text, ok and tostring(document) or "raises " .. document:gsub("^.-:%d+: ", ""))
end
LUA
root/usr/bin/lua5.3 run.lua | tee seen
cat > expected <<'EXPECTED'
<a b='1'>x &amp; y</a>	<a b='1'>x &amp; y</a>
<org.example.item/>	<org/>
<a b='x>y'/>	raises unclosed a
<a><![CDATA[x]]></a>	<a>&lt;![CDATA[x]]&gt;</a>
<a>&#65;</a>	<a>&amp;#65;</a>
<a>text<!-- 2 > 1 --></a>	<a/>
EXPECTED
diff expected seen && echo "as described: Penlight 1.13.1"
