#!/usr/bin/env bash
# CacheControl uses an answer with no-cache without asking again, and counts an old answer as fresh.
#
# Guess:  an answer with no-cache is kept, and the server is asked before each use (RFC 9111 section 5.2.2.4). An answer with
#         max-age=60 that was 100 seconds old when it came (Age: 100) is stale (4.2). Max-Age=60 and max-age="60" are
#         max-age=60 (5.2).
# Seen (CacheControl 0.14.4, requests-cache 1.3.3): CacheControl takes the second answer from the cache for "no-cache,
#         max-age=60", and for Age: 100, where requests-cache does so as well. It does not know Max-Age=60 and max-age="60",
#         and asks each time. requests-cache reads these.
# Who meets it: clients with CacheControl(requests.Session()): data that must be current is a minute or a year old.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check cachecontrol==0.14.4 requests-cache==1.3.3 requests==2.34.2
cat > run.py <<'PYTHON'
import http.server
import threading

import cachecontrol
import requests
import requests_cache

CASES = [["max-age=60"], ["no-cache"], ["no-cache, max-age=60"], ["max-age=60", "10"], ["max-age=60", "100"], ["Max-Age=60"],
         ['max-age="60"']]
asked = 0


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        global asked
        asked += 1
        self.send_response(200)
        for name, value in zip(("Cache-Control", "Age"), CASES[int(self.path[1:])]):
            self.send_header(name, value)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"text")

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
sessions = {"CacheControl": cachecontrol.CacheControl(requests.Session()),
            "requests-cache": requests_cache.CachedSession(backend="memory", cache_control=True)}
for number, case in enumerate(CASES):
    counts = []
    for name, session in sessions.items():
        asked = 0
        for _ in range(2):
            session.get(f"http://127.0.0.1:{server.server_port}/{number}")
        counts.append(f"{name} asked {asked} of 2 times")
    print(" with Age ".join(case) + ":", ", ".join(counts))
PYTHON
environment/bin/python run.py | tee seen
cat > expected <<'EXPECTED'
max-age=60: CacheControl asked 1 of 2 times, requests-cache asked 1 of 2 times
no-cache: CacheControl asked 2 of 2 times, requests-cache asked 2 of 2 times
no-cache, max-age=60: CacheControl asked 1 of 2 times, requests-cache asked 2 of 2 times
max-age=60 with Age 10: CacheControl asked 1 of 2 times, requests-cache asked 1 of 2 times
max-age=60 with Age 100: CacheControl asked 1 of 2 times, requests-cache asked 1 of 2 times
Max-Age=60: CacheControl asked 2 of 2 times, requests-cache asked 1 of 2 times
max-age="60": CacheControl asked 2 of 2 times, requests-cache asked 1 of 2 times
EXPECTED
diff expected seen && echo "as described: CacheControl 0.14.4, requests-cache 1.3.3"
