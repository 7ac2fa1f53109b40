#!/usr/bin/env bash
# LuaSocket's ltn12, and with it its http and mail modules, cannot be loaded by a script of nmap.
#
# Guess:  nmap's scripts are Lua 5.3, so require("ltn12") loads the file that stock Lua 5.3 loads.
# Seen (nmap 7.93+dfsg1-1, lua-socket 3.1.0-1+b1): it raises "variable 'unpack' is not declared". nmap watches global names, and
#         reading one that nobody has declared raises. Code that asks "unpack or table.unpack", as much code for several Lua
#         versions does, ends there. socket.core alone loads.
# Who meets it: authors of NSE scripts that want http or smtp from LuaSocket.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download nmap=7.93+dfsg1-1 nmap-common=7.93+dfsg1-1 lua-socket=3.1.0-1+b1 liblinear4 libblas3 liblua5.3-0 libpcap0.8 \
    libssh2-1 libdbus-1-3 libgomp1 libgfortran5 libquadmath0 libpcre3 lua-lpeg 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu:$work/root/usr/lib/x86_64-linux-gnu/blas:$work/root/lib/x86_64-linux-gnu"
export NMAPDIR="$work/root/usr/share/nmap"
cat > any.nse <<'LUA'
description = "Loads modules."
categories = { "safe" }
prerule = function() return true end
action = function()
    local load = require
    package.path = os.getenv("WORK") .. "/root/usr/share/lua/5.3/?.lua;" .. package.path
    package.cpath = os.getenv("WORK") .. "/root/usr/lib/x86_64-linux-gnu/lua/5.3/?.so;" .. package.cpath
    local core = pcall(load, "socket.core")
    local ok, message = pcall(load, "ltn12")
    return "socket.core: " .. tostring(core) .. ", ltn12: " .. tostring(ok) .. " " .. tostring(message):gsub("^.*ltn12.lua:%d+: ", "")
end
LUA
WORK="$work" timeout 60 root/usr/bin/nmap --script ./any.nse 2>/dev/null | grep 'socket.core' | sed 's/^|_*//; s/^ *any: *//' | tee seen
echo "socket.core: true, ltn12: false variable 'unpack' is not declared" > expected
diff expected seen && echo "as described: nmap 7.93"
