#!/usr/bin/env bash
# WSAPI cuts a form's values at a second equals sign, and has no parameter without one.
#
# Guess:  "token=YWI=&debug" has the token "YWI=", because only the first "=" of a pair divides it (URL Standard,
#         section 5.1), and the parameter "debug" with an empty value.
# Seen (lua-wsapi 1.6.1-2, Lua 5.1): the token is "YWI", and debug is nil. "next=/a?b=c" ends before "=c".
# Who meets it: base64 and addresses in parameters. Browsers write "=" as %3D in a form; people and other programs leave
#         it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download lua-wsapi=1.6.1-2 lua-coxpcall=1.17.0-1 lua-rings=1.3.0-4 lua-filesystem=1.8.0-3 \
    lua5.1=5.1.5-9 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LUA_PATH="$work/root/usr/share/lua/5.1/?.lua;$work/root/usr/share/lua/5.1/?/init.lua"
export LUA_CPATH="$work/root/usr/lib/x86_64-linux-gnu/lua/5.1/?.so"
cat > run.lua <<'LUA'
local request = require("wsapi.request")
local form = arg[1]
local function read(method, query, body)
    local input = { read = function() local text = body body = nil return text end }
    return request.new({ REQUEST_METHOD = method, QUERY_STRING = query, PATH_INFO = "/", SCRIPT_NAME = "",
        input = input, CONTENT_TYPE = "application/x-www-form-urlencoded", CONTENT_LENGTH = #(body or "") })
end
for name, got in pairs({ GET = read("GET", form).GET, POST = read("POST", "", form).POST }) do
    print(name, got.token, got.next, got.plain, tostring(got.debug))
end
LUA
form='token=YWI=&next=/a?b=c&plain=x+y&debug'
{
    root/usr/bin/lua5.1 run.lua "$form" | sort
    python3 -c 'import sys; from urllib.parse import *
print("Python", *(value for _, value in parse_qsl(sys.argv[1], True)), sep="\t")' "$form"
} | tee seen
printf 'GET\tYWI\t/a?b\tx y\tnil\nPOST\tYWI\t/a?b\tx y\tnil\nPython\tYWI=\t/a?b=c\tx y\t\n' > expected
diff expected seen && echo "as described: lua-wsapi 1.6.1, Python's parser beside it (last line)"
