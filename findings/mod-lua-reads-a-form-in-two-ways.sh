#!/usr/bin/env bash
# Apache's Lua module reads the same form differently from the address and from the body, and stores true as false.
#
# Guess:  r:parseargs() and r:parsebody() give the same two tables for the same text: the second one has every value of
#         a repeated name, in order.
# Seen (apache2-bin 2.4.71-1~deb12u1, Lua 5.3): from the address, "a=1&a=2" has the second value alone, even in the
#         table for repeated names. From the body it has both, the last one first. "x+y" is "x+y" in the address and "x
#         y" in the body. A name without a value is "1" in the address and missing in the body. A value true that
#         r:ivm_set stores comes back as false from r:ivm_get; numbers and strings come back as they were.
# Who meets it: handlers that serve GET and POST with one function, and forms with check boxes of one name.
set -euo pipefail
work=$(mktemp -d)
trap 'kill "$(cat "$work/pid" 2>/dev/null)" 2>/dev/null || true; rm -rf "$work"' EXIT
chmod 755 "$work"        # the workers have another user
cd "$work"
apt-get -qq download apache2-bin=2.4.71-1~deb12u1 libapr1 libaprutil1 liblua5.3-0 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu"
number=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat > handler.lua <<'LUA'
local function shown(values)
    local parts = {}
    for name, value in pairs(values) do
        parts[#parts + 1] = name .. "=" .. (type(value) == "table" and "{" .. table.concat(value, ",") .. "}" or value)
    end
    table.sort(parts)
    return table.concat(parts, " ")
end
function form(r)
    local single, all
    if r.method == "POST" then single, all = r:parsebody() else single, all = r:parseargs() end
    r:puts(r.method, ": ", shown(single), " | ", shown(all), "\n")
    return apache2.OK
end
function store(r)
    for _, value in ipairs({ 1.5, "text", true }) do
        r:ivm_set("key", value)
        r:puts(tostring(value), " stored, ", tostring(r:ivm_get("key")), " read\n")
    end
    return apache2.OK
end
LUA
chmod a+r handler.lua
modules="$work/root/usr/lib/apache2/modules"
cat > apache.conf <<CONFIGURATION
ServerRoot $work
ServerName localhost
PidFile $work/pid
Listen 127.0.0.1:$number
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule lua_module $modules/mod_lua.so
ErrorLog $work/errors
User www-data
Group www-data
LuaMapHandler /form $work/handler.lua form
LuaMapHandler /store $work/handler.lua store
CONFIGURATION
root/usr/sbin/apache2 -f "$work/apache.conf"
form='a=1&a=2&b=x+y&c&d=p=q'
{
    curl -s --retry 10 --retry-connrefused --retry-delay 1 "http://127.0.0.1:$number/form?$form"
    curl -s "http://127.0.0.1:$number/form" -d "$form"
    curl -s "http://127.0.0.1:$number/store"
} | tee seen
cat > expected <<'EXPECTED'
GET: a=2 b=x+y c=1 d=p=q | a={2} b={x+y} c={1} d={p=q}
POST: a=2 b=x y d=p=q | a={2,1} b={x y} d={p=q}
1.5 stored, 1.5 read
text stored, text read
true stored, false read
EXPECTED
diff expected seen && echo "as described: mod_lua of apache2-bin 2.4.71"
