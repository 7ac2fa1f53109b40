#!/usr/bin/env bash
# wrk sends two Host headers when the name is in small letters, and measures how fast nginx refuses.
#
# Guess:  wrk -H "host: example.test" sets the Host header, as -H "Host: example.test" does, because names of headers
#         ignore case. In a Lua script, a header that the server sends twice can be read in full.
# Seen (wrk 4.1.0-3+b2, nginx 1.22.1-9+deb12u11): wrk adds its own Host beside it, and nginx answers 400 to every
#         request. The report has its requests per second all the same, and one line "Non-2xx or 3xx responses". Of two
#         Set-Cookie lines, a script sees the last alone.
# Who meets it: people who benchmark a virtual host, and copy the header from a browser's HTTP/2 view, where names are
#         in small letters.
set -euo pipefail
work=$(mktemp -d)
trap 'kill "$(cat "$work/nginx.pid" 2>/dev/null)" 2>/dev/null || true; rm -rf "$work"' EXIT
chmod 755 "$work"        # the worker has another user
cd "$work"
apt-get -qq download nginx=1.22.1-9+deb12u11 wrk=4.1.0-3+b2 \
    libluajit-5.1-2=2.1.0~beta3+git20220320+dfsg-4.1+deb12u1 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu"
number=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat > nginx.conf <<CONFIGURATION
daemon on; pid $work/nginx.pid; error_log $work/error.log info;
events {}
http {
    access_log off;
    client_body_temp_path $work/1; proxy_temp_path $work/2; fastcgi_temp_path $work/3;
    uwsgi_temp_path $work/4; scgi_temp_path $work/5;
    server {
        listen 127.0.0.1:$number;
        add_header Set-Cookie a=1;
        add_header Set-Cookie b=2;
        return 200 ok;
    }
}
CONFIGURATION
"$work/root/usr/sbin/nginx" -p "$work" -c "$work/nginx.conf" 2>/dev/null
cat > script.lua <<'LUA'
local seen = {}
function delay() return 50 end
function response(status, headers)
    local line = status .. " " .. tostring(headers["Set-Cookie"])
    if not seen[line] then print("answer:", line) end
    seen[line] = true
end
LUA
for name in Host host; do
    echo "$name"
    root/usr/bin/wrk -t1 -c1 -d1s -H "$name: example.test" -s script.lua "http://127.0.0.1:$number/" > report
    grep -o -e 'answer:.*' -e 'Non-2xx or 3xx responses' -e '^Requests/sec' report
done | tee seen
echo "curl: $(curl -s -o /dev/null -w '%{http_code}' -H 'host: example.test' "http://127.0.0.1:$number/")" | tee -a seen
grep -o 'client sent duplicate host header' error.log | head -n 1 | tee -a seen
cat > expected <<'EXPECTED'
Host
answer:	200 b=2
Requests/sec
host
answer:	400 nil
Non-2xx or 3xx responses
Requests/sec
curl: 200
client sent duplicate host header
EXPECTED
diff expected seen && echo "as described: wrk 4.1.0, nginx 1.22.1"
