#!/usr/bin/env bash
# VLC's XML parser for Lua returns nothing at all when an empty element such as <c/> is a child of the root.
#
# Guess:  simplexml.parse_string reads <a><c/>text</a> as it reads <a><c></c>text</a>, since both mean the same (XML 1.0 section
#         3.1), or says what is wrong.
# Seen (VLC 3.0.24-0+deb12u1, Lua 5.2): no value and no message, whether the element comes first or last, with attributes or without.
#         The same element is read one level deeper, and as the root itself.
# Who meets it: playlist and service scripts that read a small list of a server: <list><item name="one"/></list> is lost, while the
#         feeds with which one tries a script work.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
v=3.0.24-0+deb12u1
apt-get -qq download vlc-bin=$v libvlc-bin=$v libvlc5=$v libvlccore9=$v vlc-plugin-base=$v liblua5.2-0 libxml2 libicu72 libidn12 \
    libdbus-1-3 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu" VLC_PLUGIN_PATH="$work/root/usr/lib/x86_64-linux-gnu/vlc/plugins"
export HOME="$work/home"
mkdir -p home/.local/share/vlc/lua/intf
cat > home/.local/share/vlc/lua/intf/probe.lua <<'LUA'
local simplexml = require("simplexml")
local out = io.open(os.getenv("HOME") .. "/out", "w")
for _, text in ipairs({ "<a/>", "<a><c></c>text</a>", "<a><c/>text</a>", "<a>text<c/></a>", "<a><b><c/>text</b></a>",
    '<list><item name="one"></item></list>', '<list><item name="one"/></list>' }) do
    local tree = simplexml.parse_string(text)
    out:write(text, "\t", tree and tree.name .. " with " .. #tree.children or tostring(tree), "\n")
end
out:close()
vlc.misc.quit()
LUA
as=
if [ "$(id -u)" = 0 ]; then     # VLC does not run as root
    chmod 755 . && chmod -R a+rwX home
    as="setpriv --reuid=65534 --regid=65534 --clear-groups"
fi
$as timeout 60 root/usr/bin/vlc -I luaintf --lua-intf probe --no-video --no-audio >/dev/null 2>&1
tee seen < home/out
cat > expected <<'EXPECTED'
<a/>	a with 0
<a><c></c>text</a>	a with 2
<a><c/>text</a>	nil
<a>text<c/></a>	nil
<a><b><c/>text</b></a>	a with 1
<list><item name="one"></item></list>	list with 1
<list><item name="one"/></list>	nil
EXPECTED
diff expected seen && echo "as described: VLC 3.0.24"
