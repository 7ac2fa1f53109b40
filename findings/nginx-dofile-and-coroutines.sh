#!/usr/bin/env bash
# In nginx's Lua module, the same file works through loadfile and fails through dofile.
#
# Guess:  dofile(path) is assert(loadfile(path))(), so it makes no difference which one a request handler calls.
# Seen (nginx 1.22.1-9+deb12u11, libnginx-mod-http-lua 1:0.10.23-1+deb12u1): a file that uses coroutine.wrap works through loadfile. Through
#         dofile, it ends the request with status 500: "attempt to yield across C-call boundary". The module's coroutines yield to nginx,
#         and a yield cannot pass dofile, a C function. require is such a function as well.
# Who meets it: anyone who loads a script per request whose top level uses a generator.
set -euo pipefail
work=$(mktemp -d)
trap 'kill "$(cat "$work/nginx.pid" 2>/dev/null)" 2>/dev/null || true; rm -rf "$work"' EXIT
chmod 755 "$work"        # the worker has another user
cd "$work"
apt-get -qq download nginx=1.22.1-9+deb12u11 libnginx-mod-http-lua=1:0.10.23-1+deb12u1 libnginx-mod-http-ndk=1:0.3.2-3 \
    lua-resty-core=0.1.25-1 lua-resty-lrucache=0.13-10 libluajit2-5.1-2=2.1-20230119-1 libpcre3 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu:$work/root/lib/x86_64-linux-gnu"
modules="$work/root/usr/lib/nginx/modules"
echo 'local next_number = coroutine.wrap(function() coroutine.yield(1) end) return next_number()' > generator.lua
number=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat > nginx.conf <<CONFIGURATION
load_module $modules/ndk_http_module.so;
load_module $modules/ngx_http_lua_module.so;
daemon on; pid $work/nginx.pid; error_log $work/error.log;
events {}
http {
    access_log off;
    client_body_temp_path $work/1; proxy_temp_path $work/2; fastcgi_temp_path $work/3; uwsgi_temp_path $work/4; scgi_temp_path $work/5;
    lua_package_path "$work/root/usr/share/lua/5.1/?.lua;$work/root/usr/share/lua/5.1/?/init.lua;;";
    server {
        listen 127.0.0.1:$number;
        location /loadfile { content_by_lua_block { ngx.say(assert(loadfile("$work/generator.lua"))()) } }
        location /dofile { content_by_lua_block { ngx.say(dofile("$work/generator.lua")) } }
    }
}
CONFIGURATION
"$work/root/usr/sbin/nginx" -p "$work" -c "$work/nginx.conf" 2>/dev/null
for way in loadfile dofile; do
    printf '%s: %s\n' "$way" "$(curl -s -o answer -w '%{http_code}' "http://127.0.0.1:$number/$way")"
done | tee seen
grep -o 'attempt to yield across C-call boundary' error.log | head -n 1 | tee -a seen
printf 'loadfile: 200\ndofile: 500\nattempt to yield across C-call boundary\n' > expected
diff expected seen && echo "as described: nginx 1.22.1 with lua module 0.10.23"
