#!/usr/bin/env bash
# Minetest's Lua writes the number 1 as "1.0" and {} as "null" into JSON, and leaves the "=" out of base64.
#
# Guess:  minetest.write_json(1) is 1, as there is one type of number. {} is an array or an object. parse_json reads a
#         text with \u0000 whole, since write_json writes it. encode_base64 gives what others give (RFC 4648 section
#         3.2: padding must be there). string_to_pos reads what pos_to_string writes.
# Seen (minetest-server 5.6.1+dfsg+~1.9.0mt8+dfsg-2): each number has ".0". An empty table is null, inside others as
#         well. parse_json ends a text at \u0000. encode_base64("a") is "YQ". A position with 1e20 or 1e-5 is written
#         so, and string_to_pos returns nil for it.
# Who meets it: mods that call web services: a password for Basic authentication without its padding, and ids such as
#         7.0.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download minetest-server=5.6.1+dfsg+~1.9.0mt8+dfsg-2 minetest-data=5.6.1+dfsg+~1.9.0mt8+dfsg-2 \
    libjsoncpp25 libleveldb1d libsnappy1v5 libspatialindex6 libluajit-5.1-2 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu" HOME="$work/home"
games=home/.minetest/games
mkdir -p bin world "$games/empty/mods/probe"
ln -s root/usr/share/games share                  # the server looks for ../share/minetest beside its folder
cp root/usr/lib/minetest/minetestserver bin
echo "title = empty" > "$games/empty/game.conf"
printf 'gameid = empty\nbackend = dummy\n' > world/world.mt
cat > "$games/empty/mods/probe/init.lua" <<'LUA'
local lines = {}
local function say(...) lines[#lines + 1] = table.concat({ ... }, " ") end
say("1:", minetest.write_json(1))
say("{7, 3000000000}:", minetest.write_json({ 7, 3000000000 }))
say("{}:", minetest.write_json({}))
say("{a = {}}:", minetest.write_json({ a = {} }))
local zero = minetest.write_json("\0x")
say("a zero byte and x:", zero, "read as " .. #minetest.parse_json(zero) .. " bytes")
for _, text in ipairs({ "a", "ab", "abc" }) do say(text .. ":", minetest.encode_base64(text)) end
for _, x in ipairs({ 1 / 3, 1e20, 1e-5 }) do
    local text = minetest.pos_to_string({ x = x, y = 0, z = 0 })
    say(text .. ":", type(minetest.string_to_pos(text)))
end
local file = assert(io.open(minetest.get_worldpath() .. "/lines", "w"))
file:write(table.concat(lines, "\n"), "\n")
file:close()
minetest.request_shutdown()
LUA
timeout 60 bin/minetestserver --world "$work/world" --gameid empty --config /dev/null \
    --port 0 --quiet </dev/null >/dev/null 2>&1 || true
tee seen < world/lines
cat > expected <<'EXPECTED'
1: 1.0
{7, 3000000000}: [7.0,3000000000.0]
{}: null
{a = {}}: {"a":null}
a zero byte and x: "\u0000x" read as 0 bytes
a: YQ
ab: YWI
abc: YWJj
(0.33333333333333,0,0): table
(1e+20,0,0): nil
(1e-05,0,0): nil
EXPECTED
diff expected seen && echo "as described: Minetest 5.6.1"
