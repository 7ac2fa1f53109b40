#!/usr/bin/env bash
# Neovim turns the path /c:1/a into a URI and back into c:1\a, and takes "localhost" in a URI for a folder.
#
# Guess:  vim.uri_to_fname(vim.uri_from_fname(path)) is the path. file://localhost/a is /a (RFC 8089 section 2 and
#         appendix B), FILE:///a as well (RFC 3986 section 3.1: schemes ignore case), and #L10 is no part of the file's
#         name. vim.json.encode writes an integer so that vim.json.decode reads the same one.
# Seen (neovim 0.7.2-7 with LuaJIT): an absolute path whose first name is one letter and a colon comes back without its
#         slash, and with "\" for the others: it is read as a drive, on Linux too. file://localhost/a is /localhost/a.
#         FILE:///a stays as it is, and so does the part behind "#", as a part of the name. Integers of 15 digits and
#         more are written with 14, so that 9007199254740992 becomes 8 more, while vim.fn.json_encode writes all digits.
# Who meets it: plugins and language servers that exchange file URIs and ids of 15 digits. They open another file, or
#         none.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download neovim=0.7.2-7 neovim-runtime=0.7.2-7 libmsgpackc2 libtermkey1 libtree-sitter0 libunibilium4 \
    libvterm0 libluajit-5.1-2 lua-luv libuv1 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu" VIMRUNTIME="$work/root/usr/share/nvim/runtime"
cat > probe.lua <<'LUA'
local lines = {}
local function say(...) lines[#lines + 1] = table.concat({ ... }, " ") end
for _, path in ipairs({ "/a b#c?d%e", "/é", "/c/a", "/c:1/a", "/c:/a", "/cc:1/a" }) do
    local uri = vim.uri_from_fname(path)
    say(path, uri, vim.uri_to_fname(uri))
end
for _, uri in ipairs({ "file:///a", "file:/a", "file://localhost/a", "FILE:///a", "file:///a%23b", "file:///a#L10" }) do
    say(uri, vim.uri_to_fname(uri))
end
for _, text in ipairs({ "99999999999999", "900719925474099", "9007199254740992" }) do
    local number = vim.json.decode(text)
    local written = vim.json.encode(number)
    say(text, written, tostring(vim.json.decode(written) == number), vim.fn.json_encode(number))
end
local file = assert(io.open("lines", "w"))
file:write(table.concat(lines, "\n"), "\n")
file:close()
LUA
timeout 30 root/usr/bin/nvim --clean --headless -i NONE +'luafile probe.lua' +'qa!' </dev/null >/dev/null 2>&1
tee seen < lines
cat > expected <<'EXPECTED'
/a b#c?d%e file:///a%20b%23c%3fd%25e /a b#c?d%e
/é file:///%c3%a9 /é
/c/a file:///c/a /c/a
/c:1/a file:///c:1/a c:1\a
/c:/a file:///c:/a c:\a
/cc:1/a file:///cc:1/a /cc:1/a
file:///a /a
file:/a /a
file://localhost/a /localhost/a
FILE:///a FILE:///a
file:///a%23b /a#b
file:///a#L10 /a#L10
99999999999999 99999999999999 true 99999999999999
900719925474099 9.007199254741e+14 false 900719925474099
9007199254740992 9.007199254741e+15 false 9007199254740992
EXPECTED
diff expected seen && echo "as described: neovim 0.7.2"
